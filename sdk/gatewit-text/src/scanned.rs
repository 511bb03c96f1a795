//! A code that was scanned or typed, before it is interpreted.
//!
//! Readers, printers and clipboards add characters around a code that do not belong to it. Only this module removes
//! them, for all inputs and stored texts.

use crate::identifier::is_outer;

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
}
