//! What the bench takes from the program, so that it knows ports and store alone.

use gatewit_domain::ports::{Signer, StoreLayout};

/// The program that is measured.
pub struct Product<'p> {
    /// Makes and verifies the tokens that are compared.
    pub signer: &'p dyn Signer,
    /// How the server opens its store.
    pub layout: StoreLayout,
    /// Returns the record of a scan as if the ticket had been scanned again.
    pub scanned_again: &'p dyn Fn(&[u8]) -> anyhow::Result<Vec<u8>>,
}
