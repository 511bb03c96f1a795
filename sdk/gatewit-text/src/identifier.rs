//! Comparison of references, orders and type ids: one fold for identity, uniqueness, look-up and search.
//!
//! Not for codes, which are secrets of ticketing systems and are compared exactly.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

const NORMALIZER: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfkc();

/// Returns an identifier as it is compared: `" evt–a1"` is `EVT-A1`.
///
/// Ignores case, outer space, invisible characters, kinds of dashes and compatible forms in Unicode (NFKC), such as
/// full-width letters. Folding is idempotent. Plain capitals are not copied.
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
    // Some letters need lower case first: ẞ becomes SS only via ß.
    let capitals = dashed.to_lowercase().to_uppercase();
    let capitals = NORMALIZER.normalize(&capitals);
    capitals.trim_matches(is_outer).to_owned().into()
}

/// Whether two identifiers are the same.
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

/// Whether a character has no width: joiners, direction marks, byte order marks.
pub fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// Whether a character at either end of a text does not belong to it: space, a control character, one without width, or
/// a soft hyphen, which shows only at the end of a line.
pub fn is_outer(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || is_invisible(letter) || letter == '\u{ad}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, folded: &str) {
        assert_eq!(fold(text), folded, "{text:?}");
    }

    #[test]
    fn case_outer_space_and_the_kind_of_a_dash_make_no_difference() {
        for text in [
            "ABCD-1",
            " abcd-1\t",
            "Abcd\u{2013}1",
            "abcd\u{2011}1\u{a0}",
            "\u{feff}abcd\u{2212}1",
            "ab\u{200b}cd\u{ad}1\r",
            "\u{ad}abcd\u{301c}1\u{ad}",
            "\u{180e}ab\u{180e}cd\u{10ead}1",
            "ＡＢＣＤ－１",
        ] {
            check(text, "ABCD-1");
        }
    }

    #[test]
    fn every_dash_of_unicode_is_a_dash() {
        // The category Pd of Unicode 16.
        let category = "-\u{58a}\u{5be}\u{1400}\u{1806}\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2e17}\u{2e1a}\
                        \u{2e3a}\u{2e3b}\u{2e40}\u{2e5d}\u{301c}\u{3030}\u{30a0}\u{fe31}\u{fe32}\u{fe58}\u{fe63}\u{ff0d}\
                        \u{10d6e}\u{10ead}";
        for dash in category.chars() {
            check(&format!("a{dash}1"), "A-1");
        }
    }

    #[test]
    fn letters_of_all_scripts_are_compared_without_case() {
        for (one, other) in [
            ("straße-1", "STRASSE-1"),
            ("STRAẞE", "strasse"),
            ("müller", "MU\u{308}LLER"),
            ("ΟΔΟΣ", "οδος"),
            ("ǆ", "ǅ"),
            ("ИВАН", "иван"),
        ] {
            assert!(is_same(one, other), "{one} {other}");
        }
        for (one, other) in [("A1", "A-1"), ("A 1", "A1"), ("Ä", "A"), ("O", "0")] {
            assert!(!is_same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn folding_twice_changes_nothing() {
        // No later character has a case or another form.
        for letter in '\0'..'\u{30000}' {
            for text in [String::from(letter), format!("a{letter}\u{308}-1")] {
                let once = fold(&text);
                assert_eq!(fold(&once), once, "{text:?}");
            }
        }
    }

    #[test]
    fn plain_capitals_are_not_copied() {
        assert!(matches!(fold("ABCD-1"), Cow::Borrowed("ABCD-1")));
    }
}
