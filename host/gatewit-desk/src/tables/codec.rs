//! How values are written: as JSON, which `gatewit export` shows as it is, or in binary, for rows that each scan writes.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The first byte of a binary value. Raise it with every change of a type that is stored in binary.
const BINARY_VERSION: u8 = 1;

/// A way to write values.
pub trait Codec {
    /// Writes a value.
    fn encode(value: &impl Serialize) -> Bytes;

    /// Reads a value. The error holds nothing of the value, which may be personal or secret.
    fn decode<V: DeserializeOwned>(bytes: &[u8]) -> Result<V, Unreadable>;
}

/// JSON.
pub struct Json;

/// Postcard: fields one after another, without their names.
pub struct Binary;

/// A value is not of its table's type.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

impl Codec for Json {
    fn encode(value: &impl Serialize) -> Bytes {
        let bytes = serde_json::to_vec(value).expect("a table's values are plain data");
        bytes.into()
    }

    fn decode<V: DeserializeOwned>(bytes: &[u8]) -> Result<V, Unreadable> {
        serde_json::from_slice(bytes).map_err(|err| {
            Unreadable(format!(
                "{:?} error at column {}",
                err.classify(),
                err.column()
            ))
        })
    }
}

impl Codec for Binary {
    fn encode(value: &impl Serialize) -> Bytes {
        let bytes = postcard::to_extend(value, vec![BINARY_VERSION]);
        bytes.expect("a table's values are plain data").into()
    }

    fn decode<V: DeserializeOwned>(bytes: &[u8]) -> Result<V, Unreadable> {
        match bytes.split_first() {
            Some((&BINARY_VERSION, value)) => match postcard::take_from_bytes(value) {
                Ok((value, [])) => Ok(value),
                Ok(_) => Err(Unreadable("it is too long".to_owned())),
                Err(err) => Err(Unreadable(err.to_string())),
            },
            Some((version, _)) => Err(Unreadable(format!("it has version {version}"))),
            None => Err(Unreadable("it is empty".to_owned())),
        }
    }
}
