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
    let table = table(key);
    let is_this = |name: &&str| name.as_bytes() == table;
    if table.is_empty() {
        Kind::Plain
    } else if is_this(&layout.appended) {
        Kind::Appended
    } else if layout.derivation.tables().iter().any(is_this) {
        Kind::Derived
    } else {
        Kind::Plain
    }
}

/// The table of a key, as bytes.
pub(crate) fn table(key: &Key) -> &[u8] {
    let key = key.as_bytes();
    let end = key.iter().position(|byte| *byte == b'/');
    &key[..end.unwrap_or(key.len())]
}
