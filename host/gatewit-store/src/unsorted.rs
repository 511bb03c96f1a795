//! A table while a store opens and folds: rows are found by hash, and put in order once at the end. That takes a third
//! of the time of a table that is in order all along.

use std::hash::BuildHasher;

use bytes::Bytes;
use foldhash::fast::RandomState;
use gatewit_domain::ports::Key;
use hashbrown::{HashMap, HashTable};

use crate::row::{Row, Tail};
use crate::table::{Table, split};

/// The rows of one table, in no order.
pub(crate) struct Unsorted {
    name: &'static str,
    shallow: Section,
    deep: HashMap<Vec<u8>, Section, RandomState>,
}

#[derive(Default)]
struct Section {
    /// `None` where a row was removed.
    rows: Vec<Option<Row>>,
    /// The positions of the rows, by the hash of their keys.
    positions: HashTable<u32>,
    hasher: RandomState,
}

impl Unsorted {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            shallow: Section::default(),
            deep: HashMap::default(),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Bytes> {
        let (section, tail) = split(self.name, key.as_bytes());
        let section = match section {
            Some(section) => self.deep.get(section)?,
            None => &self.shallow,
        };
        section.get(&tail).map(Row::value)
    }

    pub(crate) fn set(&mut self, key: &Key, value: Option<&[u8]>) {
        let (section, tail) = split(self.name, key.as_bytes());
        let section = match section {
            Some(section) => self.deep.entry_ref(section).or_default(),
            None => &mut self.shallow,
        };
        section.set(tail, value);
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
}

impl Section {
    fn get(&self, tail: &Tail<'_>) -> Option<&Row> {
        let hash = self.hasher.hash_one(tail);
        let found = self.positions.find(hash, |at| is(&self.rows, *at, tail))?;
        self.rows[*found as usize].as_ref()
    }

    fn set(&mut self, tail: Tail<'_>, value: Option<&[u8]>) {
        let row = value.map(|value| Row::new(tail, value));
        let hash = self.hasher.hash_one(tail);
        let found = (self.positions).find_entry(hash, |at| is(&self.rows, *at, &tail));
        match (found, row) {
            (Ok(found), Some(row)) => self.rows[*found.get() as usize] = Some(row),
            (Ok(found), None) => {
                let (at, _) = found.remove();
                self.rows[at as usize] = None;
            }
            (Err(_), Some(row)) => {
                let at = self.rows.len() as u32;
                self.rows.push(Some(row));
                let (rows, hasher) = (&self.rows, &self.hasher);
                let hash_again = |at: &u32| match &rows[*at as usize] {
                    Some(row) => hasher.hash_one(row.tail()),
                    None => 0,
                };
                self.positions.insert_unique(hash, at, hash_again);
            }
            (Err(_), None) => {}
        }
    }

    fn sort(self) -> Vec<Row> {
        let mut rows: Vec<_> = self.rows.into_iter().flatten().collect();
        rows.sort_unstable_by(|one, other| one.tail().cmp(&other.tail()));
        rows
    }
}

fn is(rows: &[Option<Row>], at: u32, tail: &Tail<'_>) -> bool {
    (rows[at as usize].as_ref()).is_some_and(|row| row.tail() == *tail)
}
