//! How a ticket is found by what somebody types: names in any order, script or spelling, a typo forgiven.
//!
//! Pure: a [`Card`] holds what a ticket is found by, a [`Search`] what was typed, and the one tells how far it is from
//! the other. Where cards are kept is the desk's business.

use memchr::memmem::Finder;

use crate::id::TicketId;
use crate::ticket::Ticket;

mod fold;
#[cfg(test)]
mod tests;
mod typos;

use fold::{LETTERS_MAX, Word, add_word, words};
use typos::Pattern;

/// How many words of a query count; the rest is ignored.
const WORDS_MAX: usize = 12;
/// How many letters must be typed to be looked for inside of words, too.
const INSIDE_MIN: usize = 3;

/// What each word of a query adds to a ticket's rank. Any typo comes after everything typed rightly.
const BEGINS: u32 = 1;
const INSIDE: u32 = 2;
const TYPO: u32 = 1_000;

/// What a ticket is found by: about a hundred bytes.
#[derive(Clone, Debug)]
pub struct Card {
    pub id: TicketId,
    /// Folded words with a space between: those of the name and the mailbox, a line break, then the mail domain, the
    /// order and the series, in which a typo would find everybody's.
    words: Box<str>,
}

/// What somebody looks for.
#[derive(Clone, Debug)]
pub struct Search {
    /// There if the query is a ticket's id.
    id: Option<TicketId>,
    wanted: Vec<Wanted>,
    /// In a mail address typed whole, a typo is forgiven in the domain, too.
    is_address: bool,
}

/// One word of a query.
#[derive(Clone, Debug)]
struct Wanted {
    /// The ways to write it: `muller` and `mueller` if it was typed with an umlaut.
    spellings: Vec<Spelling>,
    /// Its consonants, to find names in scripts that write no vowels.
    bones: Option<String>,
}

/// A word ready to be looked for.
#[derive(Clone, Debug)]
struct Spelling {
    rightly: Finder<'static>,
    nearly: Pattern,
}

impl Card {
    pub fn of(ticket: &Ticket) -> Self {
        let address = ticket.attendee_email.as_deref().unwrap_or_default();
        let (mailbox, domain) = address.rsplit_once('@').unwrap_or((address, ""));
        let mut text = String::new();
        for word in words(&ticket.attendee_name).chain(words(mailbox)) {
            word.add_to(&mut text);
        }
        let name: Vec<_> = words(&ticket.attendee_name).collect();
        if name.len() > 1 {
            // Some write "Anna-Lena" in one word.
            let letters = name.iter().flat_map(|word| word.plain.chars());
            let joined: String = letters.take(LETTERS_MAX).collect();
            add_word(&mut text, &joined);
        }
        text.push('\n');
        let others = [domain, &ticket.booking_reference, &ticket.series];
        for word in others.into_iter().flat_map(words) {
            word.add_to(&mut text);
        }
        Self {
            id: ticket.id,
            words: text.into(),
        }
    }

    fn forgiving_words(&self) -> &str {
        self.words
            .split_once('\n')
            .map_or(&*self.words, |(names, _)| names)
    }
}

impl Search {
    /// Reads what was typed; None if there is nothing but space.
    pub fn parse(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        (!typed.is_empty()).then(|| Self {
            id: typed.parse().ok(),
            wanted: words(typed).take(WORDS_MAX).map(Wanted::of).collect(),
            is_address: typed.contains('@'),
        })
    }

    /// Tells a ticket's rank among those found, 0 the first; None if it is not what was typed.
    ///
    /// Every word typed must be in the ticket. A word that is there as typed comes before one that only begins so, that
    /// before one that holds it inside, and typos come last.
    pub fn rank(&self, card: &Card) -> Option<u32> {
        if self.id == Some(card.id) {
            return Some(0);
        }
        let forgiving = match self.is_address {
            true => &card.words,
            false => card.forgiving_words(),
        };
        let ranks = self.wanted.iter().map(|wanted| {
            let typed_rightly = wanted.found_in(&card.words);
            typed_rightly.or_else(|| wanted.nearly_in(forgiving))
        });
        let rank = ranks.sum::<Option<u32>>();
        rank.filter(|_| !self.wanted.is_empty())
    }
}

impl Wanted {
    fn of(word: Word) -> Self {
        Self {
            bones: word.bones(),
            spellings: [Some(word.plain), word.spelled_out]
                .into_iter()
                .flatten()
                .map(Spelling::of)
                .collect(),
        }
    }

    fn found_in(&self, words: &str) -> Option<u32> {
        let found = self
            .spellings
            .iter()
            .filter_map(|wanted| wanted.found_in(words));
        found.min()
    }

    fn nearly_in(&self, words: &str) -> Option<u32> {
        let mut least: Option<u32> = None;
        for word in words.as_bytes().split(u8::is_ascii_whitespace) {
            if self
                .bones
                .as_ref()
                .is_some_and(|bones| bones.as_bytes() == word)
            {
                return Some(TYPO);
            }
            let typos = self
                .spellings
                .iter()
                .filter_map(|wanted| wanted.nearly.typos_in(word));
            least = typos.chain(least).min();
        }
        least.map(|typos| TYPO * typos)
    }
}

impl Spelling {
    fn of(word: String) -> Self {
        Self {
            rightly: Finder::new(&word).into_owned(),
            nearly: Pattern::of(word),
        }
    }

    /// Ranks the best occurrence of the word in words.
    fn found_in(&self, words: &str) -> Option<u32> {
        let words = words.as_bytes();
        let length = self.rightly.needle().len();
        let is_border = |at: Option<&u8>| at.is_none_or(u8::is_ascii_whitespace);
        let mut best = None;
        for at in self.rightly.find_iter(words) {
            let begins = is_border(at.checked_sub(1).and_then(|before| words.get(before)));
            let ends = is_border(words.get(at + length));
            let rank = match (begins, ends) {
                (true, true) => return Some(0),
                (true, false) => BEGINS,
                (false, _) if length >= INSIDE_MIN => INSIDE,
                (false, _) => continue,
            };
            best = Some(best.map_or(rank, |best: u32| best.min(rank)));
        }
        best
    }
}
