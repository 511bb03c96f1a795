//! Counts the typos between two words: letters missing, added, wrong, or swapped with the next.

use super::fold::LETTERS_MAX;

/// The most typos in any word.
const TYPOS_MAX: usize = 2;
/// How many words are excluded at a time.
const AT_A_TIME: usize = 16;

/// A word to compare others with.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    length: usize,
    letters: u32,
    has_digit: bool,
    /// For each letter, the set of places where the word has it.
    places: Box<[u64; 128]>,
}

impl Pattern {
    /// Takes a folded word: ASCII, and not too long.
    pub(super) fn of(word: &str) -> Self {
        let mut places = Box::new([0; 128]);
        for (place, letter) in word.bytes().enumerate().take(LETTERS_MAX) {
            places[usize::from(letter & 127)] |= 1 << place;
        }
        Self {
            length: word.len(),
            letters: letters(word.as_bytes()),
            has_digit: word.bytes().any(|letter| letter.is_ascii_digit()),
            places,
        }
    }

    /// Returns which words may have few enough typos, given the letters of each. Others are excluded many at a time.
    pub(super) fn near<'l>(&'l self, words: &'l [u32]) -> impl Iterator<Item = usize> + 'l {
        let words = if self.typos_max(self.length + TYPOS_MAX) == 0 {
            &[]
        } else {
            words
        };
        let chunks = words.chunks(AT_A_TIME).enumerate();
        let chunks = chunks.filter(|(_, chunk)| {
            // No early end: like this, it compiles to vector instructions.
            let is_near = chunk.iter().map(|letters| self.may_be_near(*letters));
            is_near.fold(false, |any, is_near| any | is_near)
        });
        chunks.flat_map(move |(at, chunk)| {
            let letters = chunk.iter().enumerate();
            let near = letters.filter(|(_, letters)| self.may_be_near(**letters));
            near.map(move |(within, _)| at * AT_A_TIME + within)
        })
    }

    /// Whether a word with these letters may have few enough typos: each removes at most one letter and adds at most one.
    fn may_be_near(&self, letters: u32) -> bool {
        let (removed, added) = (self.letters & !letters, letters & !self.letters);
        without_typos(removed) | without_typos(added) == 0
    }

    /// Counts the typos between the pattern and this word; None if there are more than allowed.
    pub(super) fn typos_in(&self, word: &[u8]) -> Option<u32> {
        let typos_max = self.typos_max(word.len());
        let is_near = self.length.abs_diff(word.len()) <= typos_max;
        if typos_max == 0 || !is_near || self.length.max(word.len()) > LETTERS_MAX {
            return None;
        }
        let typos = self.distance(word);
        (typos <= typos_max).then_some(u32::try_from(typos).ok()?)
    }

    /// One typo in a word of four letters, two in one of eight. None in numbers: a different digit makes a different
    /// number.
    fn typos_max(&self, length: usize) -> usize {
        match self.length.max(length) {
            _ if self.has_digit => 0,
            0..4 => 0,
            4..8 => 1,
            8.. => TYPOS_MAX,
        }
    }

    /// Counts the typos, all rows of a column of the table at once: Hyyrö, "A bit-vector algorithm for computing
    /// Levenshtein and Damerau edit distances" (2003).
    fn distance(&self, word: &[u8]) -> usize {
        let last = 1 << self.length.saturating_sub(1);
        let (mut more, mut less) = (u64::MAX, 0);
        let (mut diagonal, mut former_matches) = (0u64, 0);
        let mut distance = self.length;
        for letter in word {
            let matches = self.places[usize::from(letter & 127)];
            let swapped = ((!diagonal & matches) << 1) & former_matches;
            diagonal = ((matches & more).wrapping_add(more) ^ more) | matches | less | swapped;
            let across_more = less | !(diagonal | more);
            let across_less = diagonal & more;
            distance += usize::from(across_more & last != 0);
            distance -= usize::from(across_less & last != 0);
            let across_more = across_more << 1 | 1;
            more = across_less << 1 | !(diagonal | across_more);
            less = across_more & diagonal;
            former_matches = matches;
        }
        distance
    }
}

/// The set of a word's letters; some share a place with a digit.
pub(super) fn letters(word: &[u8]) -> u32 {
    word.iter().fold(0, |set, letter| set | 1 << (letter & 31))
}

/// Takes as many elements out of a set as there may be typos.
fn without_typos(mut set: u32) -> u32 {
    for _ in 0..TYPOS_MAX {
        set &= set.wrapping_sub(1);
    }
    set
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, typos: Option<u32>) {
        let typos_in = |one: &str, other: &str| Pattern::of(one).typos_in(other.as_bytes());
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

    proptest! {
        #[test]
        fn typos_are_counted_as_a_table_counts_them(one in "[ab]{0,9}|[a-d]{1,48}", other in "[ab]{0,9}|[a-d]{1,48}") {
            let distance = strsim::osa_distance(&one, &other);
            let pattern = Pattern::of(&one);
            if !one.is_empty() {
                prop_assert_eq!(pattern.distance(other.as_bytes()), distance);
            }
            if pattern.typos_in(other.as_bytes()).is_some() {
                let words = [letters(other.as_bytes()); AT_A_TIME + 1];
                prop_assert!(pattern.near(&words).eq(0..words.len()));
            }
        }
    }
}
