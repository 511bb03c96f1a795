//! The kinds of tables that a store tells apart.

use gatewit_domain::ports::{Key, StoreLayout};

/// How a store treats a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Written by commits.
    Plain,
    /// A row of a sequence: it is appended, and deleted from the end only.
    Appended,
    /// Follows from appended rows.
    Derived,
}

/// The kind of a key's table.
pub(crate) fn kind(layout: &StoreLayout, key: &Key) -> Kind {
    let table = table(key.as_bytes());
    let derived = layout.derivation.tables();
    if table.is_empty() {
        Kind::Plain
    } else if table == layout.appended.as_bytes() {
        Kind::Appended
    } else if derived.iter().any(|derived| derived.as_bytes() == table) {
        Kind::Derived
    } else {
        Kind::Plain
    }
}

/// The table of a key: its first part.
fn table(key: &[u8]) -> &[u8] {
    let end = key.iter().position(|byte| *byte == b'/');
    &key[..end.unwrap_or(key.len())]
}
