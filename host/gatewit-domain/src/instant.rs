//! For `#[serde(with)]`: a time stamp in a record, text in JSON, a number of nanoseconds in binary.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Writes it.
pub fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    match to.is_human_readable() {
        true => at.serialize(to),
        false => at.as_nanosecond().serialize(to),
    }
}

/// Reads it.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    match from.is_human_readable() {
        true => Timestamp::deserialize(from),
        false => {
            let nanoseconds = i128::deserialize(from)?;
            Timestamp::from_nanosecond(nanoseconds).map_err(de::Error::custom)
        }
    }
}
