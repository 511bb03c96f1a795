//! The storage of a set's tickets: records of equal size, their texts in one string, and indexes of record numbers.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use hashbrown::HashTable;

/// One of a ticket's texts.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Reference,
    Order,
    Name,
    Address,
    Parent,
}

/// A ticket without its texts.
pub(super) struct Entry {
    /// The row of the log that it comes from.
    pub row: u32,
    /// The next ticket of its order.
    pub next: Option<Number>,
    /// The index of its type among the source's types, if listed.
    pub kind: Option<u16>,
    pub variation: Option<u16>,
    pub flags: u16,
    /// Whether it could make an attendee.
    pub counts: bool,
}

/// The number of a ticket in a set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Number(std::num::NonZeroU32);

/// All tickets of a set.
#[derive(Default)]
pub(super) struct Entries {
    entries: Vec<(Entry, Texts)>,
    texts: String,
}

/// The position of a ticket's texts, which are stored one after the other.
struct Texts {
    start: u32,
    lengths: [u16; 5],
}

/// Finds tickets, or one of several things of a ticket, by a text that is unique to each.
pub(super) struct Index<N = Number> {
    numbers: HashTable<N>,
    hasher: RandomState,
}

impl<N> Default for Index<N> {
    fn default() -> Self {
        Self {
            numbers: HashTable::new(),
            hasher: RandomState::new(),
        }
    }
}

impl Number {
    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl Entries {
    /// Adds a ticket. The texts are those of the [`Part`]s, in their order. Leaves out a ticket with a text of 64 KiB
    /// or more.
    pub fn push(&mut self, entry: Entry, texts: [&str; 5]) -> Number {
        let start =
            u32::try_from(self.texts.len()).expect("the texts of all tickets take less than 4 GiB");
        let lengths = texts.map(|text| u16::try_from(text.len()).unwrap_or(0));
        for (text, length) in texts.into_iter().zip(lengths) {
            self.texts.push_str(&text[..length.into()]);
        }
        self.entries.push((entry, Texts { start, lengths }));
        let count = u32::try_from(self.entries.len()).ok();
        let number = count.and_then(std::num::NonZeroU32::new);
        Number(number.expect("there are at least one and fewer than 2^32 tickets"))
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn get(&self, number: Number) -> &Entry {
        &self.entries[number.index()].0
    }

    pub fn text(&self, number: Number, part: Part) -> &str {
        let texts = &self.entries[number.index()].1;
        let before = texts.lengths[..part as usize].iter();
        let start = texts.start as usize + before.map(|length| usize::from(*length)).sum::<usize>();
        &self.texts[start..start + usize::from(texts.lengths[part as usize])]
    }

    /// One of a ticket's addresses, by its place among them.
    pub fn address(&self, (number, place): (Number, u8)) -> &str {
        let mut addresses = self.text(number, Part::Address).split(' ');
        addresses.nth(place.into()).unwrap_or_default()
    }

    /// The numbers of the tickets at these places, in the order they were added.
    pub fn numbers(&self, places: Range<usize>) -> impl Iterator<Item = Number> {
        let numbers = places.map(|place| u32::try_from(place + 1).ok());
        numbers.filter_map(|number| number.and_then(std::num::NonZeroU32::new).map(Number))
    }

    pub fn shrink_to_fit(&mut self) {
        self.entries.shrink_to_fit();
        self.texts.shrink_to_fit();
    }
}

impl<N: Copy> Index<N> {
    /// Finds the ticket that has this text. `text_of` returns the text of a ticket.
    pub fn find<'t>(&self, text: &str, text_of: impl Fn(N) -> Cow<'t, str>) -> Option<N> {
        let found = self.numbers.find(self.hasher.hash_one(text), |number| {
            text_of(*number) == text
        });
        found.copied()
    }

    /// Maps a text to a ticket, in place of any other ticket.
    pub fn put<'t>(&mut self, text: &str, number: N, text_of: impl Fn(N) -> Cow<'t, str>) {
        let hash = self.hasher.hash_one(text);
        match self
            .numbers
            .find_mut(hash, |number| text_of(*number) == text)
        {
            Some(found) => *found = number,
            None => {
                let hash_of = |number: &N| self.hasher.hash_one(&*text_of(*number));
                self.numbers.insert_unique(hash, number, hash_of);
            }
        }
    }
}
