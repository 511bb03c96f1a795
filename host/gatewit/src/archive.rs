//! An export: the whole content of a store as JSON lines, readable by people and by [`import`].
//!
//! The first line names format and version. Each further line is a row, `{"key": …, "value": …}`, ordered by key. The
//! last line holds the number of rows and the SHA-256 of everything before it, so that a truncated or changed file is
//! detected. Signing keys are included as stored, sealed under the master key, which is not included.

mod export;
mod import;
mod progress;
mod reader;
mod version_1;

pub use export::{ExportArguments, export};
pub use import::{ImportArguments, import};

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

const FORMAT: &str = "gatewit export";
/// The version that this Gatewit writes, and the newest that it reads.
const VERSION: u32 = 2;

/// How many rows are read or written at once.
const PAGE: usize = 1_000;

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    format: Cow<'a, str>,
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    /// The value as JSON.
    value: Box<RawValue>,
}

#[derive(Serialize, Deserialize)]
struct Footer {
    rows: u64,
    sha256: String,
}
