//! A scanned text, or a code that somebody typed, before it is interpreted.
//!
//! Readers, printers and clipboards add characters around a code that do not belong to it. Only this module removes
//! them, for all inputs and stored texts.

pub use gatewit_text::scanned::clean;
use serde::Serialize;

/// A longer text is a signed ticket or no code at all: it is never looked up and never part of a key.
pub const CODE_BYTES_MAX: usize = 4 << 10;
/// A longer text is not even a signed ticket. One that lists 366 days with long names takes about 650 KiB.
pub(crate) const SIGNED_BYTES_MAX: usize = 768 << 10;

/// A code as it is looked up and compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ScannedText(Box<str>);

/// The text has more than [`CODE_BYTES_MAX`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code has at most {CODE_BYTES_MAX} bytes")]
pub(crate) struct TooLong;

impl ScannedText {
    /// Removes what readers and clipboards add around a code. Fails if more than [`CODE_BYTES_MAX`] bytes remain.
    pub(crate) fn parse(text: &str) -> Result<Self, TooLong> {
        let code = clean(text);
        match code.len() {
            ..=CODE_BYTES_MAX => Ok(Self(code.into())),
            _ => Err(TooLong),
        }
    }

    /// The code without the characters around it; may be empty.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_four_kibibytes_at_most_once_it_is_clean() {
        let longest = "x".repeat(CODE_BYTES_MAX);
        let scanned = ScannedText::parse(&format!("]Q1{longest}\r\n"));
        assert_eq!(scanned.unwrap().as_str(), longest);
        assert_eq!(ScannedText::parse(&format!("{longest}x")), Err(TooLong));
        assert_eq!(
            ScannedText::parse(&"ä".repeat(CODE_BYTES_MAX)),
            Err(TooLong)
        );
    }
}
