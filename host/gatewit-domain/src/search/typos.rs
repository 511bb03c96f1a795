//! Counts the typos between two words: letters missing, added, wrong, or swapped with the next.

use std::str;

use super::fold::LETTERS_MAX;

/// A word to compare others with.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    word: String,
    letters: u64,
    has_digit: bool,
}

impl Pattern {
    /// Takes a folded word: ASCII, and not too long.
    pub(super) fn of(word: String) -> Self {
        Self {
            letters: letters(word.as_bytes()),
            has_digit: word.bytes().any(|letter| letter.is_ascii_digit()),
            word,
        }
    }

    /// Counts the typos between the pattern and this word; None if there are more than allowed.
    ///
    /// For most words, their lengths or letters decide this without counting.
    pub(super) fn typos_in(&self, word: &[u8]) -> Option<u32> {
        let length = self.word.len();
        let typos_max = self.typos_max(word);
        if length.abs_diff(word.len()) > typos_max || word.len() > LETTERS_MAX {
            return None;
        }
        // A typo adds and removes at most one letter.
        let differing = (self.letters ^ letters(word)).count_ones() as usize;
        if typos_max == 0 || differing > 2 * typos_max {
            return None;
        }
        let typos = strsim::osa_distance(&self.word, str::from_utf8(word).ok()?);
        (typos <= typos_max).then_some(u32::try_from(typos).ok()?)
    }

    /// One typo in a word of four letters, two in one of eight. None in numbers: a different digit makes a different
    /// number.
    fn typos_max(&self, word: &[u8]) -> usize {
        match self.word.len().max(word.len()) {
            _ if self.has_digit => 0,
            0..4 => 0,
            4..8 => 1,
            8.. => 2,
        }
    }
}

/// The set of a word's letters; some share a place with a digit.
fn letters(word: &[u8]) -> u64 {
    word.iter().fold(0, |set, letter| set | 1 << (letter & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, typos: Option<u32>) {
        let typos_in =
            |one: &str, other: &str| Pattern::of(one.to_owned()).typos_in(other.as_bytes());
        assert_eq!(typos_in(one, other), typos, "{one} {other}");
        assert_eq!(typos_in(other, one), typos, "{other} {one}");
    }

    #[test]
    fn a_letter_left_out_put_in_mistaken_or_swapped_is_one_typo() {
        check("schneider", "schneider", Some(0));
        check("schneider", "shneider", Some(1));
        check("schneider", "schnaider", Some(1));
        check("schneider", "shcneider", Some(1));
        check("schneider", "shcnaider", Some(2));
        check("schneider", "cshenider", Some(2));
        check("schneider", "snaider", None);
    }

    #[test]
    fn short_words_and_numbers_forgive_less() {
        check("doe", "dow", None);
        check("jon", "john", Some(1));
        check("jones", "james", None);
        check("row17", "row18", None);
        check(&"a".repeat(50), &"a".repeat(49), None);
    }
}
