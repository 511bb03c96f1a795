//! How the host compares references, orders and ids of types, for backends that look for duplicates themselves.
//!
//! The same as `gatewit-domain/src/identifier.rs`, which no guest may use; `tests/system/guests_and_host.rs` compares
//! the two letter by letter.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

const NORMALIZER: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfkc();

/// Writes an identifier as it is compared: `" evt–a1"` is `EVT-A1`.
///
/// Case, outer space, invisible characters and the kind of a dash make no difference, nor do forms that Unicode holds
/// compatible (NFKC), such as letters of full width. Folding twice changes nothing. Plain capitals are not copied.
pub fn fold(text: &str) -> Cow<'_, str> {
    let text = text.trim_matches(is_outer);
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            true => text.to_ascii_uppercase().into(),
            false => text.into(),
        };
    }
    let normal = NORMALIZER.normalize(text);
    let visible = normal.chars().filter(|letter| !is_invisible(*letter));
    let dashed: String = visible
        .map(|letter| if is_dash(letter) { '-' } else { letter })
        .collect();
    // Some capitals have no capitals of their own: ẞ becomes SS by way of ß alone.
    let capitals = dashed.to_lowercase().to_uppercase();
    let capitals = NORMALIZER.normalize(&capitals);
    capitals.trim_matches(is_outer).to_owned().into()
}

/// Whether two identifiers are one.
pub fn is_same(one: &str, other: &str) -> bool {
    fold(one) == fold(other)
}

/// Whether a character is a dash: the category Pd of Unicode, minus signs, and the soft hyphen, which is a line-end hyphen
/// in text copied from a PDF.
pub fn is_dash(letter: char) -> bool {
    matches!(
        letter,
        '-' | '\u{ad}' | '\u{58a}' | '\u{5be}' | '\u{1400}' | '\u{1806}' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2043}'
                | '\u{207b}'
                | '\u{2212}'
                | '\u{2e17}'
                | '\u{2e1a}'
                | '\u{2e3a}'
                | '\u{2e3b}'
                | '\u{2e40}'
                | '\u{2e5d}'
                | '\u{301c}'
                | '\u{3030}'
                | '\u{30a0}'
                | '\u{fe31}'
                | '\u{fe32}'
                | '\u{fe58}'
                | '\u{fe63}'
                | '\u{ff0d}'
                | '\u{10d6e}'
                | '\u{10ead}'
    )
}

/// Whether a character takes no room: joiners, marks of direction, byte order marks.
pub fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// Whether a character at either end of a text does not belong to it: space, a control character, one without width, or
/// a soft hyphen, which shows only at the end of a line.
pub(crate) fn is_outer(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || is_invisible(letter) || letter == '\u{ad}'
}
