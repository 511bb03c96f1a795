//! A table while a store opens and folds: rows are added in any order, and put in order once at the end.
//!
//! Rows that are only set, such as most derived ones, cost no search: they are found by hash once a row of their section
//! is asked for.

use std::hash::BuildHasher;

use bytes::Bytes;
use foldhash::fast::RandomState;
use gatewit_domain::ports::Key;
use hashbrown::hash_table::Entry;
use hashbrown::{HashMap, HashTable};

use crate::row::{Chunk, HEAD_BYTES, Row, Tail};
use crate::table::{Table, split};

/// The rows of one table, in no order.
pub(crate) struct Unsorted {
    name: &'static str,
    shallow: Section,
    deep: Vec<(Box<[u8]>, Section)>,
    /// The positions of the sections, by name.
    positions: HashMap<Box<[u8]>, usize, RandomState>,
    /// The section that was used last: most often it is the next one too.
    last: usize,
}

#[derive(Default)]
struct Section {
    /// In the order in which they were set. `None` where a row was removed or replaced. Without an index, several may have
    /// the same key, and the last one counts.
    rows: Vec<Option<Row>>,
    /// Made when a row is asked for.
    index: Option<Index>,
}

/// A row that is being sorted. Rows of one key are in the order in which they were set.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Sorting {
    chunk: Chunk,
    position: u32,
}

/// Where each row of a section is.
#[derive(Default)]
struct Index {
    places: HashTable<Place>,
    hasher: RandomState,
}

#[derive(Clone, Copy)]
struct Place {
    /// Spares a look at the row, which is rarely in the processor's cache.
    hash: u32,
    position: u32,
}

impl Unsorted {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            shallow: Section::default(),
            deep: Vec::new(),
            positions: HashMap::default(),
            last: 0,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn get(&mut self, key: &Key) -> Option<Bytes> {
        let (section, tail) = split(self.name, key.as_bytes());
        self.section(section).get(&tail).map(Row::value)
    }

    pub(crate) fn set(&mut self, key: &Key, value: Option<&[u8]>) {
        let (section, tail) = split(self.name, key.as_bytes());
        let section = self.section(section);
        match value {
            Some(value) => section.set(Row::new(tail, value)),
            None => section.remove(&tail),
        }
    }

    /// Puts the rows in order.
    pub(crate) fn sort(self) -> Table {
        let mut table = Table::new(self.name);
        table.fill(None, self.shallow.sort());
        for (name, section) in self.deep {
            table.fill(Some(&name), section.sort());
        }
        table
    }

    fn section(&mut self, name: Option<&[u8]>) -> &mut Section {
        let Some(name) = name else {
            return &mut self.shallow;
        };
        let is_last = (self.deep.get(self.last)).is_some_and(|(last, _)| **last == *name);
        if !is_last {
            self.last = self.positions.get(name).copied().unwrap_or_else(|| {
                self.deep.push((name.into(), Section::default()));
                let position = self.deep.len() - 1;
                self.positions.insert(name.into(), position);
                position
            });
        }
        &mut self.deep[self.last].1
    }
}

impl Section {
    fn get(&mut self, tail: &Tail<'_>) -> Option<&Row> {
        let (index, rows) = self.indexed();
        rows[index.find(rows, tail)?].as_ref()
    }

    fn set(&mut self, row: Row) {
        let rows = &mut self.rows;
        let index = self.index.as_mut();
        let held = index.and_then(|index| index.find_or_add(rows, &row.tail(), rows.len()));
        match held {
            Some(held) => rows[held] = Some(row),
            None => rows.push(Some(row)),
        }
    }

    fn remove(&mut self, tail: &Tail<'_>) {
        let (index, rows) = self.indexed();
        if let Some(removed) = index.remove(rows, tail) {
            rows[removed] = None;
        }
    }

    fn indexed(&mut self) -> (&mut Index, &mut Vec<Option<Row>>) {
        let rows = &mut self.rows;
        let index = self.index.get_or_insert_with(|| {
            let mut index = Index::default();
            for position in 0..rows.len() {
                let row = rows[position].as_ref();
                let held = row.and_then(|row| index.find_or_add(rows, &row.tail(), position));
                if let Some(held) = held {
                    rows[held] = rows[position].take();
                }
            }
            index
        });
        (index, rows)
    }

    fn sort(mut self) -> impl Iterator<Item = Row> {
        let place = |(position, row): (usize, &Option<Row>)| {
            let chunk = row.as_ref()?.tail().chunk(0);
            let position = position as u32;
            Some(Sorting { chunk, position })
        };
        let mut places = Vec::with_capacity(self.rows.len());
        places.extend(self.rows.iter().enumerate().filter_map(place));
        sort(&mut self.rows, &mut places, 0);
        let places = places.into_iter();
        places.filter_map(move |place| self.rows[place.position as usize].take())
    }
}

/// Sorts rows whose chunks before `depth` are the same, and removes all but the last of each key.
///
/// Tails often share many bytes: comparing whole ones would read the memory of each row again and again.
fn sort(rows: &mut [Option<Row>], places: &mut [Sorting], depth: usize) {
    places.sort_unstable();
    for same in places.chunk_by_mut(|one, other| one.chunk == other.chunk) {
        let [before @ .., last] = &*same else {
            continue;
        };
        let (_, bytes) = last.chunk;
        if usize::from(bytes) < HEAD_BYTES {
            for replaced in before {
                rows[replaced.position as usize] = None;
            }
        } else if !before.is_empty() {
            for place in &mut *same {
                if let Some(row) = &rows[place.position as usize] {
                    place.chunk = row.tail().chunk(depth + 1);
                }
            }
            sort(rows, same, depth + 1);
        }
    }
}

impl Index {
    fn find(&self, rows: &[Option<Row>], tail: &Tail<'_>) -> Option<usize> {
        let hash = self.hash(tail);
        let found = (self.places).find(spread(hash), |place| place.is(hash, tail, rows))?;
        Some(found.position as usize)
    }

    /// Finds a row, or else adds its place.
    fn find_or_add(
        &mut self,
        rows: &[Option<Row>],
        tail: &Tail<'_>,
        position: usize,
    ) -> Option<usize> {
        let hash = self.hash(tail);
        let entry = self.places.entry(
            spread(hash),
            |place| place.is(hash, tail, rows),
            |place| spread(place.hash),
        );
        match entry {
            Entry::Occupied(found) => Some(found.get().position as usize),
            Entry::Vacant(entry) => {
                let position = position as u32;
                entry.insert(Place { hash, position });
                None
            }
        }
    }

    fn remove(&mut self, rows: &[Option<Row>], tail: &Tail<'_>) -> Option<usize> {
        let hash = self.hash(tail);
        let is_this = |place: &Place| place.is(hash, tail, rows);
        let found = self.places.find_entry(spread(hash), is_this).ok()?;
        let (place, _) = found.remove();
        Some(place.position as usize)
    }

    fn hash(&self, tail: &Tail<'_>) -> u32 {
        self.hasher.hash_one(tail) as u32
    }
}

impl Place {
    fn is(&self, hash: u32, tail: &Tail<'_>, rows: &[Option<Row>]) -> bool {
        let row = || rows[self.position as usize].as_ref();
        self.hash == hash && row().is_some_and(|row| row.tail() == *tail)
    }
}

/// The table of places needs both ends of a hash.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
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
