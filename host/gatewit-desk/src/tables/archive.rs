//! The rows of an export: JSON for every table, and nothing that derives from other rows.

use bytes::Bytes;
use gatewit_domain::ports::{Appended, Key, Write};
use gatewit_domain::record::Record;
use serde_json::value::{RawValue, to_raw_value};

use super::codec::{Binary, Codec};
use super::{CHECK_INS, ENTRIES, PLUGINS, RECORDS, REPEATS, SCANNER_SCANS};

/// The tables that follow from [`RECORDS`].
pub const DERIVED: &[&str] = &[
    ENTRIES.name(),
    REPEATS.name(),
    CHECK_INS.name(),
    SCANNER_SCANS.name(),
];

/// A row cannot be exported or imported: its value is not of its table's type.
#[derive(Debug, thiserror::Error)]
#[error("a value of the table {table} cannot be read")]
pub struct RowError {
    /// The table.
    pub table: String,
    /// Why it cannot be read.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Returns a row's value as JSON. None if it is not exported: it follows from other rows, or says which components lie
/// beside the database.
pub fn exported(key: &Key, value: &Bytes) -> Result<Option<Box<RawValue>>, RowError> {
    let unreadable = |source| RowError {
        table: key.table().into_owned(),
        source,
    };
    let table = key.table();
    if DERIVED.contains(&&*table) || table == PLUGINS.name() {
        return Ok(None);
    }
    if table == RECORDS.name() {
        let record: Record = Binary::decode(value).map_err(|err| unreadable(err.into()))?;
        return to_raw_value(&record)
            .map(Some)
            .map_err(|err| unreadable(err.into()));
    }
    let json = serde_json::from_slice::<&RawValue>(value);
    json.map(|json| Some(json.to_owned()))
        .map_err(|err| unreadable(err.into()))
}

/// Returns the write that stores an exported row. Rows are imported in the order of their keys: a record is appended, and
/// must get the number that its key has.
pub fn imported(key: Key, json: &RawValue) -> Result<Write, RowError> {
    if key.table() != RECORDS.name() {
        let json = json.get().as_bytes();
        return Ok(Write::Put(key, Bytes::copy_from_slice(json)));
    }
    let unreadable = |source| RowError {
        table: key.table().into_owned(),
        source,
    };
    let record: Record = serde_json::from_str(json.get()).map_err(|err| unreadable(err.into()))?;
    let (prefix, _) =
        Appended::parse(&key).ok_or_else(|| unreadable("its key has no number".into()))?;
    Ok(Write::Append(prefix, Binary::encode(&record)))
}
