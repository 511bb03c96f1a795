//! How a ticket is found by what somebody types: names in any order, script or spelling, a typo forgiven.
//!
//! Pure: a [`Card`] holds what a ticket is found by, a [`Search`] what was typed, and the one tells how far it is from
//! the other. Where cards are kept is the desk's business.

use memchr::memmem::Finder;

use crate::id::TicketId;
use crate::scanned::clean;
use crate::ticket::Ticket;

mod fold;
#[cfg(test)]
mod tests;
mod typos;

use fold::{LETTERS_MAX, Word, add_word, squeezed, words};
use typos::Pattern;

/// How many words of a query count; the rest is ignored.
const WORDS_MAX: usize = 12;
/// How many of a ticket's mail addresses are found as a whole.
const ADDRESSES_MAX: usize = 8;
/// How many letters must be typed to be looked for inside of words, too.
const INSIDE_MIN: usize = 3;

/// The rank of a ticket of which a whole field is what was typed. All others come after it.
const WHOLE: u32 = 0;
const IN_PARTS: u32 = 1;
/// What each part of a query adds to a ticket's rank. Any typo comes after everything typed rightly.
const BEGINS: u32 = 1;
const INSIDE: u32 = 2;
const TYPO: u32 = 1_000;

/// What a ticket is found by: about 150 bytes.
#[derive(Clone, Debug)]
pub struct Card {
    pub id: TicketId,
    /// Folded words with a space between, in three lines: those of the name and the mailbox; those of the mail domain;
    /// those of the order and the series. In the last two, a typo would find everybody's.
    words: Box<str>,
    /// Whole fields, each [squeezed] and with a line break on either side: name and mail address, then the identifiers.
    fields: Box<str>,
    /// Where the line break before the first identifier is.
    identifiers_at: u16,
}

/// What somebody looks for.
#[derive(Clone, Debug)]
pub struct Search {
    /// There if the query is a ticket's id.
    id: Option<TicketId>,
    /// The whole query, [squeezed] and with a line break on either side.
    whole: Finder<'static>,
    parts: Vec<Part>,
    /// In a mail address typed whole, a typo is forgiven in the domain, too.
    is_address: bool,
}

/// What stands between two spaces of a query.
#[derive(Clone, Debug)]
struct Part {
    /// One, unless there are dashes or the like in it.
    words: Vec<Wanted>,
    /// The part [squeezed], to be compared with identifiers.
    identifier: Finder<'static>,
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
        for word in words(domain) {
            word.add_to(&mut text);
        }
        text.push('\n');
        let identifiers = [&ticket.booking_reference, &ticket.series];
        for word in identifiers.into_iter().flat_map(|of| words(of)) {
            word.add_to(&mut text);
        }
        let (fields, identifiers_at) = fields(ticket);
        Self {
            id: ticket.id,
            words: text.into(),
            fields: fields.into(),
            identifiers_at,
        }
    }

    fn identifiers(&self) -> &str {
        &self.fields[self.identifiers_at.into()..]
    }

    /// The words of the name and of the mail address.
    fn named_words(&self) -> &str {
        self.words
            .rsplit_once('\n')
            .map_or(&*self.words, |(named, _)| named)
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
        let typed = clean(typed);
        let whole = format!("\n{}\n", squeezed(typed));
        (!typed.is_empty()).then(|| Self {
            id: typed.parse().ok(),
            whole: Finder::new(&whole).into_owned(),
            parts: parts(typed),
            is_address: typed.contains('@'),
        })
    }

    /// Tells a ticket's rank among those found, 0 the first; None if it is not what was typed.
    ///
    /// A ticket comes first if one of its fields is the whole query, case, dashes and spaces aside. In all others, every
    /// part of the query must be there: one that is there as typed comes before one that only begins so, that before
    /// one that holds it inside, and typos come last.
    pub fn rank(&self, card: &Card) -> Option<u32> {
        if self.parts.is_empty() {
            return None;
        }
        if self.id == Some(card.id) || self.whole.find(card.fields.as_bytes()).is_some() {
            return Some(WHOLE);
        }
        let forgiving = match self.is_address {
            true => card.named_words(),
            false => card.forgiving_words(),
        };
        let ranks = self.parts.iter().map(|part| part.rank(card, forgiving));
        Some(IN_PARTS + ranks.sum::<Option<u32>>()?)
    }
}

impl Part {
    fn of(text: &str, words: Vec<Word>) -> Self {
        Self {
            words: words.into_iter().map(Wanted::of).collect(),
            identifier: Finder::new(&squeezed(text)).into_owned(),
        }
    }

    fn rank(&self, card: &Card, forgiving: &str) -> Option<u32> {
        // The parts of an identifier are each in many others: EVT-0001 is not what has EVT in one place and 0001 in another.
        let within = match self.words.as_slice() {
            [_] => &card.words,
            _ => card.named_words(),
        };
        let by_words = || {
            let ranks = self.words.iter().map(|wanted| {
                let typed_rightly = wanted.found_in(within);
                typed_rightly.or_else(|| wanted.nearly_in(forgiving))
            });
            ranks.sum::<Option<u32>>()
        };
        match found_in(&self.identifier, card.identifiers()) {
            Some(0) => Some(0),
            rank => rank.into_iter().chain(by_words()).min(),
        }
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
            .filter_map(|wanted| found_in(&wanted.rightly, words));
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
}

/// Ranks the best occurrence of a word or an identifier among others.
fn found_in(wanted: &Finder, words: &str) -> Option<u32> {
    let words = words.as_bytes();
    let length = wanted.needle().len();
    let is_border = |at: Option<&u8>| at.is_none_or(u8::is_ascii_whitespace);
    let mut best = None;
    for at in wanted.find_iter(words) {
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

/// Reads the parts of a query that have a word in them.
fn parts(typed: &str) -> Vec<Part> {
    let mut words_left = WORDS_MAX;
    let mut parts = Vec::new();
    for text in typed.split_whitespace() {
        let words: Vec<_> = words(text).take(words_left).collect();
        words_left -= words.len();
        if !words.is_empty() {
            parts.push(Part::of(text, words));
        }
    }
    parts
}

/// Writes a ticket's fields, and tells where its identifiers begin.
fn fields(ticket: &Ticket) -> (String, u16) {
    let mut fields = String::from("\n");
    let add = |field: &str, fields: &mut String| {
        fields.push_str(&squeezed(field));
        fields.push('\n');
    };
    add(&ticket.attendee_name, &mut fields);
    let addresses = ticket.attendee_email.as_deref().unwrap_or_default();
    for address in addresses.split(';').take(ADDRESSES_MAX) {
        add(address, &mut fields);
    }
    let identifiers_at = u16::try_from(fields.len() - 1);
    add(&ticket.booking_reference, &mut fields);
    add(&ticket.series, &mut fields);
    (fields, identifiers_at.expect("squeezed fields are short"))
}
