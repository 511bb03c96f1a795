//! The rows of an export: JSON for every table, and nothing that derives from other rows.

use bytes::Bytes;
use gatewit_domain::ports::{Key, Write};
use gatewit_domain::record::Record;
use serde_json::value::{RawValue, to_raw_value};

use super::codec::{Binary, Codec};
use super::{CHECK_INS, ENTRIES, RECORDS, REPEATS, SCANNER_SCANS};

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

/// Returns a row's value as JSON; None if it follows from other rows, and is not exported.
pub fn exported(key: &Key, value: &Bytes) -> Result<Option<Box<RawValue>>, RowError> {
    let unreadable = |source| RowError {
        table: key.table().into_owned(),
        source,
    };
    let table = key.table();
    if DERIVED.contains(&&*table) {
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

/// Returns the write that stores an exported row. Rows are imported in the order of their keys: a record is appended.
pub fn imported(key: Key, json: &RawValue) -> Result<Write, RowError> {
    if key.table() != RECORDS.name() {
        let json = json.get().as_bytes();
        return Ok(Write::Put(key, Bytes::copy_from_slice(json)));
    }
    let record: Record = serde_json::from_str(json.get()).map_err(|err| RowError {
        table: key.table().into_owned(),
        source: err.into(),
    })?;
    let number = key.as_bytes().iter().rposition(|byte| *byte == b'/');
    let prefix = key.as_bytes()[..number.map_or(0, |slash| slash + 1)].to_vec();
    Ok(Write::Append(Key::new(prefix), Binary::encode(&record)))
}
