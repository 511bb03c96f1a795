//! A table while a store opens and folds: rows are added in any order, and put in order once at the end.
//!
//! Rows that are only set, such as most derived ones, cost no search: they are found by hash once a row is asked for.

use std::hash::BuildHasher;

use bytes::Bytes;
use foldhash::fast::RandomState;
use gatewit_domain::ports::Key;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::buffers::{Buffers, Position};
use crate::table::Table;

/// How many bytes of keys are compared at once.
const CHUNK_BYTES: usize = 16;
/// How many rows are looked up together, so that the processor waits for their memory at once.
const BATCH_ROWS: usize = 32;

/// The rows of one table, in no order. Their keys are kept without the table's name.
pub(crate) struct Unsorted {
    name: &'static str,
    /// Without an index, several may have the same key, and the last one counts.
    rows: Buffers,
    /// Made when a row is asked for.
    index: Option<Index>,
}

/// Which row counts for each key.
#[derive(Default)]
struct Index {
    positions: HashTable<Hashed>,
    hasher: RandomState,
}

#[derive(Clone, Copy)]
struct Hashed {
    /// Spares a look at the row, which is rarely in the processor's cache.
    hash: u32,
    position: Position,
}

/// A row that is being sorted. Rows of one key are in the order in which they were set.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Sorting {
    chunk: Chunk,
    position: Position,
}

/// Some bytes of a key, filled up with zeros, and how many they are. Chunks are ordered as their bytes; one of fewer
/// than the most is the last of its key.
type Chunk = ([u64; 2], u8);

impl Unsorted {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            rows: Buffers::default(),
            index: None,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn get(&mut self, key: &Key) -> Option<Bytes> {
        let key = &key.as_bytes()[self.name.len()..];
        let (index, rows) = self.indexed();
        let Entry::Occupied(held) = index.entry(rows, key).1 else {
            return None;
        };
        let (_, value) = rows.row(held.get().position);
        Some(Bytes::copy_from_slice(value))
    }

    pub(crate) fn set(&mut self, key: &Key, value: Option<&[u8]>) {
        let key = &key.as_bytes()[self.name.len()..];
        match (value, &mut self.index) {
            (Some(value), Some(index)) => index.set(&mut self.rows, key, value),
            (Some(value), None) => {
                self.rows.push(key, value);
            }
            (None, _) => {
                let (index, rows) = self.indexed();
                if let Entry::Occupied(held) = index.entry(rows, key).1 {
                    held.remove();
                }
            }
        }
    }

    /// Puts the rows in order.
    pub(crate) fn sort(self) -> Table {
        let mut table = Table::new(self.name);
        let positions = match self.index {
            Some(index) => index.in_order_of_memory(),
            None => self.rows.positions().collect(),
        };
        let sorted = sort(&self.rows, positions);
        for batch in sorted.chunks(BATCH_ROWS) {
            let mut found = [(&[][..], &[][..]); BATCH_ROWS];
            for (row, position) in found.iter_mut().zip(batch) {
                *row = self.rows.row(*position);
            }
            for (key, value) in &found[..batch.len()] {
                table.push(key, value);
            }
        }
        table
    }

    fn indexed(&mut self) -> (&mut Index, &mut Buffers) {
        let rows = &mut self.rows;
        let index = self.index.get_or_insert_with(|| Index::new(rows));
        (index, rows)
    }
}

impl Index {
    fn new(rows: &Buffers) -> Self {
        let mut index = Self::default();
        for position in rows.positions() {
            match index.entry(rows, rows.key(position)) {
                (_, Entry::Occupied(mut held)) => held.get_mut().position = position,
                (hash, Entry::Vacant(entry)) => {
                    entry.insert(Hashed { hash, position });
                }
            }
        }
        index
    }

    fn set(&mut self, rows: &mut Buffers, key: &[u8], value: &[u8]) {
        match self.entry(rows, key) {
            (_, Entry::Occupied(mut held)) => {
                // Counters change often, but seldom their length.
                if !rows.overwrite(held.get().position, value) {
                    held.get_mut().position = rows.push(key, value);
                }
            }
            (hash, Entry::Vacant(entry)) => {
                let position = rows.push(key, value);
                entry.insert(Hashed { hash, position });
            }
        }
    }

    /// The place of a key, and its hash.
    fn entry(&mut self, rows: &Buffers, key: &[u8]) -> (u32, Entry<'_, Hashed>) {
        let hash = self.hasher.hash_one(key) as u32;
        let is_this = |held: &Hashed| held.hash == hash && rows.key(held.position) == key;
        let rehash = |held: &Hashed| spread(held.hash);
        (hash, self.positions.entry(spread(hash), is_this, rehash))
    }

    fn in_order_of_memory(self) -> Vec<Position> {
        let positions = self.positions.into_iter().map(|held| held.position);
        let mut positions = Vec::from_iter(positions);
        positions.sort_unstable();
        positions
    }
}

/// The table of positions needs both ends of a hash.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// Puts rows in the order of their keys. Leaves out all but the last of each key.
fn sort(rows: &Buffers, positions: Vec<Position>) -> Vec<Position> {
    let unsorted = positions.into_iter().map(|position| Sorting {
        chunk: Chunk::default(),
        position,
    });
    let mut sorting = Vec::from_iter(unsorted);
    let mut sorted = Vec::with_capacity(sorting.len());
    sort_from(0, rows, &mut sorting, &mut sorted);
    sorted
}

/// Sorts rows whose keys begin with the same bytes up to `start`.
///
/// Keys often share many bytes: comparing whole ones would read the memory of each row again and again.
fn sort_from(start: usize, rows: &Buffers, sorting: &mut [Sorting], sorted: &mut Vec<Position>) {
    let start = end_of_shared(start, rows, sorting);
    for row in &mut *sorting {
        row.chunk = chunk(&rows.key(row.position)[start..]);
    }
    sorting.sort_unstable();
    for same in sorting.chunk_by_mut(|one, other| one.chunk == other.chunk) {
        match same {
            [] => {}
            [.., last] if usize::from(last.chunk.1) < CHUNK_BYTES => sorted.push(last.position),
            [only] => sorted.push(only.position),
            _ => sort_from(start + CHUNK_BYTES, rows, same, sorted),
        }
    }
}

/// Where the bytes that all these keys begin with end. They begin with the same up to `start`.
fn end_of_shared(start: usize, rows: &Buffers, sorting: &[Sorting]) -> usize {
    let mut keys = sorting.iter().map(|row| rows.key(row.position));
    let first = keys.next().unwrap_or_default();
    keys.fold(first.len(), |end, key| {
        if key.get(..end) == Some(&first[..end]) {
            return end;
        }
        let pairs = first[start..end].iter().zip(&key[start..]);
        start + pairs.take_while(|(one, other)| one == other).count()
    })
}

/// The first bytes of these.
fn chunk(bytes: &[u8]) -> Chunk {
    let len = bytes.len().min(CHUNK_BYTES);
    let mut filled = [0; CHUNK_BYTES];
    filled[..len].copy_from_slice(&bytes[..len]);
    let both = u128::from_be_bytes(filled);
    ([(both >> 64) as u64, both as u64], len as u8)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// What may be done to a row.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Set(u8),
        Remove,
        Get,
    }

    fn steps() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (0..9_u8).prop_map(Step::Set),
            1 => Just(Step::Remove),
            1 => Just(Step::Get),
        ]
    }

    proptest! {
        #[test]
        fn an_unsorted_table_holds_what_was_set_last(
            steps in prop::collection::vec((0..16_usize, steps()), 0..80),
        ) {
            let (mut table, mut map) = (Unsorted::new("t"), BTreeMap::new());
            for (number, step) in steps {
                let same = "x".repeat(16 * (number / 4));
                let key = Key::new(match number % 4 {
                    0 => format!("t/{same}"),
                    1 => format!("t/a/{same}"),
                    2 => format!("t/a/{same}0123456789abcdef"),
                    _ => format!("t/b/{same}/b"),
                });
                match step {
                    Step::Set(value) => {
                        table.set(&key, Some(&[value]));
                        map.insert(key, Bytes::from(vec![value]));
                    }
                    Step::Remove => {
                        table.set(&key, None);
                        map.remove(&key);
                    }
                    Step::Get => prop_assert_eq!(table.get(&key), map.get(&key).cloned()),
                }
            }
            let sorted = table.sort();
            let rows: Vec<_> = sorted.scan(b"", b"").collect();
            prop_assert_eq!(rows, Vec::from_iter(map));
        }
    }
}
