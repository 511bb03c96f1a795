//! A scanned text, or a code that somebody typed, before it is interpreted.
//!
//! Readers, printers and clipboards add characters around a code that do not belong to it. Only this module removes
//! them, for all inputs and stored texts.

use serde::Serialize;

use crate::identifier::is_outer;

/// A longer text is a signed ticket or no code at all: it is never looked up and never part of a key.
pub const CODE_BYTES_MAX: usize = 4 << 10;
/// A longer text is not even a signed ticket. One that lists 366 days with long names takes about 650 KiB.
pub const SIGNED_BYTES_MAX: usize = 768 << 10;

/// A code as it is looked up and compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ScannedText(Box<str>);

/// The text has more than [`CODE_BYTES_MAX`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code has at most {CODE_BYTES_MAX} bytes")]
pub struct TooLong;

impl ScannedText {
    pub fn parse(text: &str) -> Result<Self, TooLong> {
        let code = clean(text);
        match code.len() {
            ..=CODE_BYTES_MAX => Ok(Self(code.into())),
            _ => Err(TooLong),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Removes the surroundings of a code: space, control characters (GS, NUL, STX), zero-width characters (byte order
/// marks, joiners), soft hyphens, and the AIM identifier by which a reader names the symbology (`]Q1`). Cleaning is idempotent.
pub fn clean(text: &str) -> &str {
    let mut code = text.trim_matches(is_outer);
    while let Some(rest) = without_aim_identifier(code) {
        code = rest.trim_start_matches(is_outer);
    }
    code
}

/// Removes `]`, a letter for the symbology and a digit for its options (ISO/IEC 15424).
fn without_aim_identifier(code: &str) -> Option<&str> {
    match code.as_bytes() {
        [b']', symbology, option, ..]
            if symbology.is_ascii_alphabetic() && is_aim_option(*option) =>
        {
            Some(&code[3..])
        }
        _ => None,
    }
}

/// Aztec codes also use letters for options beyond 9.
fn is_aim_option(option: u8) -> bool {
    option.is_ascii_digit() || (b'A'..=b'F').contains(&option)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, code: &str) {
        assert_eq!(clean(text), code, "{text:?}");
        assert_eq!(clean(code), code, "{code:?}");
    }

    #[test]
    fn what_readers_put_around_a_code_is_taken_off() {
        for text in [
            "NFC-1",
            " NFC-1\r\n",
            "\u{2}NFC-1\u{3}",
            "\u{1d}NFC-1\u{1d}",
            "NFC-1\0\0",
            "\u{feff}NFC-1\u{200b}",
            "\u{a0}NFC-1\u{3000}",
            "\u{ad}NFC-1\u{180e}",
            "]Q1NFC-1",
            "]C1\u{1d}NFC-1",
            " \u{2}]d2NFC-1\n",
            "]zANFC-1",
            "]Q1]Q1 NFC-1",
        ] {
            check(text, "NFC-1");
        }
    }

    #[test]
    fn what_stands_within_a_code_or_only_looks_like_an_identifier_stays() {
        for code in [
            "A\u{1d}B",
            "a b",
            "A\u{200b}B",
            "]",
            "]Q",
            "]Qx1",
            "]é1",
            "]11",
            "Q1]Q1",
        ] {
            check(code, code);
        }
        check("]Q1", "");
        check(" \u{feff}\0", "");
    }

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
