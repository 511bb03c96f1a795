//! An export: all that a store holds as JSON lines, readable by people, and by [`import`].
//!
//! The first line names format and version, each further one a row, `{"key": …, "value": …}`, in the order of keys. The
//! last tells how many rows there are and the SHA-256 of all that stands before it, so that a file cut short or changed
//! shows. Signing keys are in it as they lie on disk, sealed under the master key, which is not in it.

mod export;
mod import;
mod progress;
mod reader;

pub use export::{ExportArguments, export};
pub use import::{ImportArguments, import};

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

const FORMAT: &str = "gatewit export";
/// What this Gatewit writes, and the newest that it reads.
const VERSION: u32 = 1;

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
    /// As it lies in the store, to the byte.
    #[serde(borrow)]
    value: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
struct Footer {
    rows: u64,
    sha256: String,
}
