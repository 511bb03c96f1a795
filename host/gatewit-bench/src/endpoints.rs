//! All that a bench needs besides the server it measures.

use std::path::Path;

use axum::Router;
use gatewit_domain::ports::Signer;

use crate::{bare, hello, upstream};

/// Returns the endpoints that requests are compared with, and a ticketing system. Opens a store in `home`.
///
/// Blocks while the signer makes a key, so that it may not be called on an async worker.
pub fn endpoints(home: &Path, signer: &dyn Signer) -> anyhow::Result<Router> {
    let bare = bare::router(home, signer)?;
    Ok(hello::router().merge(bare).merge(upstream::router()))
}
