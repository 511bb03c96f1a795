//! How the host cleans codes, for backends that look for duplicates themselves.
//!
//! The same as `gatewit-domain/src/scanned.rs`, which no guest may use; `tests/system/guests_and_host.rs` compares the
//! two.

use crate::identifier::is_outer;

/// Removes the surroundings of a code: space, control characters (GS, NUL, STX), zero-width characters (byte order
/// marks, joiners), soft hyphens, and the AIM identifier by which a reader names the symbology (`]Q1`). Cleaning is
/// idempotent.
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
