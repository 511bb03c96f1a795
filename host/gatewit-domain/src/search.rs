//! Finds tickets by typed text: names in any order, script or spelling, with tolerance for a typo.
//!
//! Pure: an [`IndexEntry`] holds a ticket's searchable text, a [`Search`] the query, and a search ranks an entry. A
//! [`SearchIndex`] finds the entries that rank best.

use memchr::memmem::Finder;

use crate::email::EmailAddress;
use crate::id::TicketId;
use crate::scanned::clean;
use crate::ticket::Ticket;

mod fold;
mod index;
#[cfg(test)]
mod index_tests;
mod segment;
mod terms;
#[cfg(test)]
mod tests;
mod typos;

pub use index::SearchIndex;

use fold::{LETTERS_MAX, Word, add_word, squeezed, words};
use typos::Pattern;

/// How many words of a query are used; the rest is ignored.
const WORDS_MAX: usize = 12;
/// How many of a ticket's mail addresses can be found as a whole.
const ADDRESSES_MAX: usize = 8;
/// How many letters a typed word needs to be searched for inside words, too.
const INSIDE_MIN: usize = 3;

/// The rank of a ticket with an identifier that equals the query.
const IDENTIFIER: u32 = 0;
/// The rank of a ticket whose name or mail address equals the query. All others come after it.
const WHOLE: u32 = 1;
const IN_PARTS: u32 = 2;
/// The amount that each part of a query adds to a ticket's rank. Any typo ranks behind all correct matches.
const BEGINS: u32 = 1;
const INSIDE: u32 = 2;
const TYPO: u32 = 1_000;

/// A ticket's searchable text: about 150 bytes.
#[derive(Clone, Debug)]
pub struct IndexEntry {
    /// The ticket that the text belongs to.
    pub id: TicketId,
    /// Folded words separated by spaces, in three lines: name and mailbox; mail domain; order and series. The last two
    /// tolerate no typos, which would match almost every ticket.
    words: Box<str>,
    /// Whole fields, each [squeezed] and with a line break on either side: name and mail address, then the identifiers.
    fields: Box<str>,
    /// The position of the line break before the first identifier.
    identifiers_at: u16,
}

/// A query, prepared for ranking.
#[derive(Clone, Debug)]
pub struct Search {
    /// Set if the query is a ticket's id.
    id: Option<TicketId>,
    /// The whole query, and each of several mail addresses in it: [squeezed] and with a line break on either side.
    whole: Vec<Finder<'static>>,
    parts: Vec<Part>,
    /// If a whole mail address was typed, a typo is tolerated in the domain, too.
    is_address: bool,
}

/// A part of a query, between two spaces.
#[derive(Clone, Debug)]
struct Part {
    /// One word, unless it contains dashes or the like.
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
    consonant_skeleton: Option<String>,
}

/// A word prepared for the search.
#[derive(Clone, Debug)]
struct Spelling {
    rightly: Finder<'static>,
    nearly: Pattern,
}

impl IndexEntry {
    /// Prepares a ticket's name, mail addresses, order and series. Its codes cannot be searched.
    pub fn of(ticket: &Ticket) -> Self {
        let addresses = addresses(ticket);
        let parts = addresses.iter().map(|address| {
            let parts = address.rsplit_once('@');
            parts.unwrap_or((address, ""))
        });
        let mailboxes = parts.clone().flat_map(|(mailbox, _)| words(mailbox));
        let mut text = String::new();
        for word in words(&ticket.attendee_name).chain(mailboxes) {
            word.add_to(&mut text);
        }
        let name: Vec<_> = words(&ticket.attendee_name).collect();
        if name.len() > 1 {
            // Some write "Anna-Lena" as one word.
            let letters = name.iter().flat_map(|word| word.plain.chars());
            let joined: String = letters.take(LETTERS_MAX).collect();
            add_word(&mut text, &joined);
        }
        text.push('\n');
        for word in parts.flat_map(|(_, domain)| words(domain)) {
            word.add_to(&mut text);
        }
        text.push('\n');
        let identifiers = [&ticket.booking_reference, &ticket.series];
        for word in identifiers.into_iter().flat_map(|of| words(of)) {
            word.add_to(&mut text);
        }
        let (fields, identifiers_at) = fields(ticket, &addresses);
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
    /// Reads a query; None if it is blank.
    pub fn parse(typed: &str) -> Option<Self> {
        let typed = clean(typed);
        let addresses = EmailAddress::parse_all(typed).unwrap_or_default();
        // An address may stand in a link or behind a name.
        let (typed, addresses) = match addresses.as_slice() {
            [only] => (only.as_str(), &[][..]),
            several => (typed, several),
        };
        let addresses = addresses.iter().take(ADDRESSES_MAX);
        let whole = [typed]
            .into_iter()
            .chain(addresses.map(EmailAddress::as_str));
        (!typed.is_empty()).then(|| Self {
            id: typed.parse().ok(),
            whole: whole.filter_map(whole_field).collect(),
            parts: parts(typed),
            is_address: typed.contains('@'),
        })
    }

    /// Returns a ticket's rank among the matches, 0 for the first; None if it does not match.
    ///
    /// A ticket comes first if one of its fields equals the query, ignoring case, dashes, spaces, and punctuation at the
    /// ends; identifiers come before names. Other tickets must match every part of the query: exact words rank first,
    /// then prefixes, then matches inside words, and typos last.
    pub fn rank(&self, entry: &IndexEntry) -> Option<u32> {
        if self.parts.is_empty() {
            return None;
        }
        let is_in = |fields: &str| {
            let mut whole = self.whole.iter();
            whole.any(|field| field.find(fields.as_bytes()).is_some())
        };
        if self.id == Some(entry.id) || is_in(entry.identifiers()) {
            return Some(IDENTIFIER);
        }
        if is_in(&entry.fields) {
            return Some(WHOLE);
        }
        let forgiving = match self.is_address {
            true => entry.named_words(),
            false => entry.forgiving_words(),
        };
        let ranks = self.parts.iter().map(|part| part.rank(entry, forgiving));
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

    fn rank(&self, entry: &IndexEntry, forgiving: &str) -> Option<u32> {
        // An identifier must match as a whole: EVT-0001 must not match a ticket with EVT in one field and 0001 in
        // another.
        let within = match self.words.as_slice() {
            [_] => &entry.words,
            _ => entry.named_words(),
        };
        let by_words = || {
            let ranks = self.words.iter().map(|wanted| {
                let typed_rightly = wanted.found_in(within);
                typed_rightly.or_else(|| wanted.nearly_in(forgiving))
            });
            ranks.sum::<Option<u32>>()
        };
        match found_in(&self.identifier, entry.identifiers()) {
            Some(0) => Some(0),
            rank => rank.into_iter().chain(by_words()).min(),
        }
    }
}

impl Wanted {
    fn of(word: Word) -> Self {
        Self {
            consonant_skeleton: word.consonant_skeleton(),
            spellings: [Some(word.plain), word.transliteration]
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
                .consonant_skeleton
                .as_ref()
                .is_some_and(|consonant_skeleton| consonant_skeleton.as_bytes() == word)
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
            nearly: Pattern::of(&word),
        }
    }
}

/// Ranks the best occurrence of a word or an identifier.
fn found_in(wanted: &Finder, words: &str) -> Option<u32> {
    let mut best = None;
    for (_, rank) in occurrences(wanted, words.as_bytes()) {
        best = Some(best.map_or(rank, |best: u32| best.min(rank)));
        if rank == 0 {
            break;
        }
    }
    best
}

/// Returns where a word or an identifier occurs, each with its rank.
fn occurrences(wanted: &Finder, words: &[u8]) -> impl Iterator<Item = (usize, u32)> {
    let length = wanted.needle().len();
    let is_border = |at: Option<&u8>| at.is_none_or(u8::is_ascii_whitespace);
    wanted.find_iter(words).filter_map(move |at| {
        let begins = is_border(at.checked_sub(1).and_then(|before| words.get(before)));
        let ends = is_border(words.get(at + length));
        let rank = match (begins, ends) {
            (true, true) => 0,
            (true, false) => BEGINS,
            (false, _) if length >= INSIDE_MIN => INSIDE,
            (false, _) => return None,
        };
        Some((at, rank))
    })
}

/// Reads the parts of a query that contain a word.
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

/// Prepares the search for a whole field; None if it consists of punctuation.
fn whole_field(typed: &str) -> Option<Finder<'static>> {
    let field = squeezed(typed);
    let field = (!field.is_empty()).then(|| format!("\n{field}\n"))?;
    Some(Finder::new(&field).into_owned())
}

/// Returns a ticket's mail addresses as they are compared. A text that is no address stays as it is.
fn addresses(ticket: &Ticket) -> Vec<String> {
    let text = ticket.attendee_email.as_deref().unwrap_or_default();
    match EmailAddress::parse_all(text) {
        Ok(addresses) => addresses.iter().map(EmailAddress::to_string).collect(),
        Err(_) => text.split(';').map(str::to_owned).collect(),
    }
}

/// Writes a ticket's fields, and returns where its identifiers begin.
fn fields(ticket: &Ticket, addresses: &[String]) -> (String, u16) {
    let mut fields = String::from("\n");
    let add = |field: &str, fields: &mut String| {
        fields.push_str(&squeezed(field));
        fields.push('\n');
    };
    add(&ticket.attendee_name, &mut fields);
    for address in addresses.iter().take(ADDRESSES_MAX) {
        add(address, &mut fields);
    }
    let identifiers_at = u16::try_from(fields.len() - 1);
    add(&ticket.booking_reference, &mut fields);
    add(&ticket.series, &mut fields);
    (fields, identifiers_at.expect("squeezed fields are short"))
}
