//! One row in memory: key and value in one allocation, ordered by key.
//!
//! The parts of the key that all rows of a section share are not kept. The next bytes are kept in the row itself, so
//! that most comparisons touch no other memory.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use bytes::Bytes;

/// How many bytes of a tail are kept in the row itself.
pub(crate) const HEAD_BYTES: usize = 16;

/// Some bytes of a tail, filled up with zeros, and how many they are.
pub(crate) type Chunk = ([u64; 2], u8);

/// The end of a key, after what all keys of a section begin with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail<'a> {
    /// The first bytes, filled up with zeros.
    head: [u64; 2],
    bytes: u32,
    rest: &'a [u8],
}

impl<'a> Tail<'a> {
    pub(crate) fn new(tail: &'a [u8]) -> Self {
        let (first, rest) = tail.split_at(tail.len().min(HEAD_BYTES));
        Self {
            head: words(first),
            bytes: tail.len() as u32,
            rest,
        }
    }

    pub(crate) fn head(&self) -> [u64; 2] {
        self.head
    }

    /// The 16 bytes at this depth: the head at 0. Chunks are ordered as their bytes; one of fewer is the last.
    pub(crate) fn chunk(&self, depth: usize) -> Chunk {
        let bytes = (self.bytes as usize).saturating_sub(depth * HEAD_BYTES);
        let bytes = bytes.min(HEAD_BYTES);
        let chunk = match depth.checked_sub(1) {
            None => self.head,
            Some(_) if bytes == 0 => [0; 2],
            Some(before) => words(&self.rest[before * HEAD_BYTES..][..bytes]),
        };
        (chunk, bytes as u8)
    }
}

/// Up to 16 bytes as numbers of the same order.
fn words(bytes: &[u8]) -> [u64; 2] {
    let mut filled = [0; HEAD_BYTES];
    filled[..bytes.len()].copy_from_slice(bytes);
    let both = u128::from_be_bytes(filled);
    [(both >> 64) as u64, both as u64]
}

impl Ord for Tail<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        // A tail that ends within its head is a prefix of the other, or the other of it.
        let ends = (self.bytes as usize)
            .min(HEAD_BYTES)
            .cmp(&(other.bytes as usize).min(HEAD_BYTES));
        (self.head.cmp(&other.head))
            .then(ends)
            .then_with(|| self.rest.cmp(other.rest))
    }
}

impl PartialOrd for Tail<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Tail<'_> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.head[0]);
        hasher.write_u64(self.head[1]);
        hasher.write(self.rest);
    }
}

/// The end of a key, and a value.
pub(crate) struct Row {
    head: [u64; 2],
    tail_bytes: u32,
    /// The rest of the tail, then the value.
    kept: Box<[u8]>,
}

impl Row {
    pub(crate) fn new(tail: Tail<'_>, value: &[u8]) -> Self {
        Self {
            head: tail.head,
            tail_bytes: tail.bytes,
            kept: [tail.rest, value].concat().into(),
        }
    }

    pub(crate) fn tail(&self) -> Tail<'_> {
        Tail {
            head: self.head,
            bytes: self.tail_bytes,
            rest: &self.kept[..self.rest_bytes()],
        }
    }

    pub(crate) fn value(&self) -> Bytes {
        Bytes::copy_from_slice(&self.kept[self.rest_bytes()..])
    }

    /// The whole key, in a section whose keys begin with these bytes.
    pub(crate) fn key(&self, section: &[u8]) -> Vec<u8> {
        let head = [self.head[0].to_be_bytes(), self.head[1].to_be_bytes()].concat();
        let tail_bytes = self.tail_bytes as usize;
        let mut key = Vec::with_capacity(section.len() + tail_bytes);
        key.extend_from_slice(section);
        key.extend_from_slice(&head[..tail_bytes.min(HEAD_BYTES)]);
        key.extend_from_slice(&self.kept[..self.rest_bytes()]);
        key
    }

    /// The memory that the row takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.kept.len()
    }

    fn rest_bytes(&self) -> usize {
        (self.tail_bytes as usize).saturating_sub(HEAD_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tails() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(vec![0, 1, b'a', 0xff]), 0..20)
    }

    proptest! {
        #[test]
        fn tails_are_ordered_as_their_bytes_and_a_row_gives_back_what_it_was_made_of(
            one in tails(),
            other in tails(),
        ) {
            prop_assert_eq!(Tail::new(&one).cmp(&Tail::new(&other)), one.cmp(&other));
            prop_assert_eq!(Tail::new(&one) == Tail::new(&other), one == other);
            let row = Row::new(Tail::new(&one), &other);
            prop_assert!(row.tail() == Tail::new(&one));
            prop_assert_eq!(row.value(), Bytes::from(other));
            prop_assert_eq!(row.key(b"section/"), [b"section/", &*one].concat());
        }
    }
}
