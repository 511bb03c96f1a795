//! The distinct words, or whole fields, of a segment's tickets, sorted, and which tickets have each of them.

use std::ops::Range;

use memchr::memmem::Finder;

use super::typos::letters;
use super::{INSIDE_MIN, TYPO, Wanted, occurrences};

/// A ticket's place in its segment.
pub(super) type Place = u16;
/// Stands on either side of every term, and occurs in none.
const BORDER: u8 = b'\n';
/// The rank of a ticket that does not match.
pub(super) const NO_MATCH: u32 = u32::MAX;

/// Terms with the tickets that have them.
pub(super) struct Terms {
    text: Box<[u8]>,
    /// Where each term begins in the text, and at last the text's end.
    starts: Box<[u32]>,
    /// Where the tickets of each term begin, and at last their number.
    ticket_starts: Box<[u32]>,
    tickets: Box<[Place]>,
    /// The letters of all terms.
    all_letters: u32,
    /// The letters of each term, if typos in them are tolerated.
    letters: Box<[u32]>,
}

impl Terms {
    /// Collects terms; a pair may occur more than once.
    pub fn collect(pairs: Vec<(&[u8], Place)>) -> Self {
        let keyed = pairs
            .into_iter()
            .map(|(term, at)| (beginning(term), term, at));
        let mut pairs: Vec<_> = keyed.collect();
        pairs.sort_unstable();
        pairs.dedup();
        let (mut text, mut starts, mut ticket_starts) = (vec![BORDER], Vec::new(), Vec::new());
        for (at, same) in groups(&pairs) {
            starts.push(position(text.len()));
            ticket_starts.push(position(at));
            text.extend_from_slice(same);
            text.push(BORDER);
        }
        starts.push(position(text.len()));
        ticket_starts.push(position(pairs.len()));
        Self {
            all_letters: letters(&text),
            text: text.into(),
            starts: starts.into(),
            ticket_starts: ticket_starts.into(),
            tickets: pairs.into_iter().map(|(.., ticket)| ticket).collect(),
            letters: Box::default(),
        }
    }

    /// Prepares the terms to be searched with typos.
    pub fn forgiving(self) -> Self {
        let letters = self.iter().map(|(term, _)| letters(term));
        Self {
            letters: letters.collect(),
            ..self
        }
    }

    /// Each term with its tickets.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[Place])> {
        (0..self.count()).map(|term| (self.text_of(term), self.tickets_of(term)))
    }

    /// Returns the tickets that have exactly this term.
    pub fn tickets_with(&self, wanted: &[u8]) -> &[Place] {
        let term = self.first_at_or_after(wanted);
        match term < self.count() && self.text_of(term) == wanted {
            true => self.tickets_of(term),
            false => &[],
        }
    }

    /// Lowers the ranks of the tickets that have a term with these letters to that of the best occurrence.
    pub fn rank(&self, wanted: &Finder, ranks: &mut [u32]) {
        if letters(wanted.needle()) & !self.all_letters != 0 {
            return;
        }
        let terms = match wanted.needle().len() < INSIDE_MIN {
            true => self.beginning_with(wanted.needle()),
            false => 0..self.count(),
        };
        let text_starts = self.starts[terms.start] as usize - 1;
        let text_ends = self.starts[terms.end] as usize;
        let mut term = terms.start;
        for (at, rank) in occurrences(wanted, &self.text[text_starts..text_ends]) {
            let at = position(text_starts + at);
            term += self.starts[term..].partition_point(|start| *start <= at) - 1;
            lower(ranks, self.tickets_of(term), rank);
        }
    }

    /// Lowers the ranks of the tickets that have a term which is the word with typos, or its consonants.
    pub fn rank_typos(&self, wanted: &Wanted, ranks: &mut [u32]) {
        if let Some(skeleton) = &wanted.consonant_skeleton {
            lower(ranks, self.tickets_with(skeleton.as_bytes()), TYPO);
        }
        for spelling in &wanted.spellings {
            for term in spelling.nearly.near(&self.letters) {
                if let Some(typos) = spelling.nearly.typos_in(self.text_of(term)) {
                    lower(ranks, self.tickets_of(term), TYPO * typos);
                }
            }
        }
    }

    fn count(&self) -> usize {
        self.starts.len() - 1
    }

    fn text_of(&self, term: usize) -> &[u8] {
        &self.text[self.starts[term] as usize..self.starts[term + 1] as usize - 1]
    }

    fn tickets_of(&self, term: usize) -> &[Place] {
        &self.tickets[self.ticket_starts[term] as usize..self.ticket_starts[term + 1] as usize]
    }

    fn beginning_with(&self, prefix: &[u8]) -> Range<usize> {
        let first = self.first_at_or_after(prefix);
        let begins = |term: &u32| self.text[*term as usize..].starts_with(prefix);
        let count = self.starts[first..self.count()].partition_point(begins);
        first..first + count
    }

    fn first_at_or_after(&self, wanted: &[u8]) -> usize {
        let (mut from, mut to) = (0, self.count());
        while from < to {
            let middle = from.midpoint(to);
            match self.text_of(middle) < wanted {
                true => from = middle + 1,
                false => to = middle,
            }
        }
        from
    }
}

/// Lowers the ranks of some tickets.
pub(super) fn lower(ranks: &mut [u32], tickets: &[Place], rank: u32) {
    for ticket in tickets {
        let former = &mut ranks[usize::from(*ticket)];
        *former = rank.min(*former);
    }
}

/// Returns the different terms of sorted pairs, each with the position of its first.
fn groups<'t>(pairs: &[(u64, &'t [u8], Place)]) -> impl Iterator<Item = (usize, &'t [u8])> {
    let mut at = 0;
    pairs
        .chunk_by(|(_, one, _), (_, other, _)| one == other)
        .map(move |same| {
            let first = at;
            at += same.len();
            (first, same[0].1)
        })
}

/// The first letters of a term as a number that sorts like them. Comparing it first makes sorting twice as fast.
fn beginning(term: &[u8]) -> u64 {
    let mut beginning = [0; 8];
    let length = term.len().min(8);
    beginning[..length].copy_from_slice(&term[..length]);
    u64::from_be_bytes(beginning)
}

fn position(position: usize) -> u32 {
    u32::try_from(position).expect("the text of a segment is a few megabytes long")
}
