//! Folds the appended rows of a store that opens into derived rows.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::panic::resume_unwind;
use std::thread;

use bytes::Bytes;
use foldhash::fast::RandomState;
use gatewit_domain::ports::{Appended, Damage, Key, StoreError, StoreLayout};

use crate::derive::{Rows, derive};
use crate::layout::table;
use crate::table::Table;
use crate::unsorted::Unsorted;
use crate::value::Value;

/// The last number of each sequence.
pub(crate) type Sequences = HashMap<Key, u64, RandomState>;

/// A fold that goes on, row by row.
pub(crate) struct Fold<'a> {
    layout: &'a StoreLayout,
    /// Sequences to leave out.
    damaged: &'a HashSet<Key>,
    tables: Derived,
    sequences: Sequences,
    /// The prefix of the last row, and its number.
    current: Option<(Key, u64)>,
    damages: Vec<Damage>,
}

/// What the appended rows add up to.
pub(crate) struct Folded {
    /// The derived tables.
    pub tables: Vec<Table>,
    pub sequences: Sequences,
    /// The sequences that cannot be read. Rows of theirs may be among the derived ones.
    pub damages: Vec<Damage>,
}

struct Derived(Vec<Unsorted>);

impl<'a> Fold<'a> {
    /// Begins a fold that leaves out the sequences that are known to be damaged.
    pub(crate) fn new(layout: &'a StoreLayout, damaged: &'a HashSet<Key>) -> Self {
        let tables = layout.derivation.tables().iter();
        Self {
            layout,
            damaged,
            tables: Derived(tables.copied().map(Unsorted::new).collect()),
            sequences: Sequences::default(),
            current: None,
            damages: Vec::new(),
        }
    }

    /// Takes the next row of the appended table, in the order of keys.
    pub(crate) fn take(&mut self, key: Key, value: &Bytes) {
        let Some((prefix, sequence)) = Appended::parse(&key) else {
            return self.damage(key, 0, "its key has no number".to_owned());
        };
        let last = match self.current.take() {
            Some((current, last)) if current == prefix => last,
            current => {
                self.end_sequence(current);
                self.sequences.get(&prefix).copied().unwrap_or_default()
            }
        };
        if !self.is_left_out(&prefix) {
            if sequence != last + 1 {
                self.damage(prefix.clone(), last + 1, "the row is missing".to_owned());
            } else {
                let appended = Appended {
                    prefix: &prefix,
                    sequence,
                    value,
                };
                if let Err(err) = derive(self.layout, &mut self.tables, &appended) {
                    self.damage(prefix.clone(), sequence, with_sources(&err));
                }
            }
        }
        self.current = Some((prefix, sequence));
    }

    /// Ends the last sequence, and puts the derived rows in order.
    pub(crate) fn finish(mut self) -> Folded {
        let current = self.current.take();
        self.end_sequence(current);
        Folded {
            tables: self.tables.sort(),
            sequences: self.sequences,
            damages: self.damages,
        }
    }

    fn is_left_out(&self, prefix: &Key) -> bool {
        let is_here = |damage: &Damage| damage.prefix == *prefix;
        self.damages.iter().any(is_here) || self.damaged.contains(prefix)
    }

    fn end_sequence(&mut self, sequence: Option<(Key, u64)>) {
        if let Some((prefix, last)) = sequence {
            self.sequences.insert(prefix, last);
        }
    }

    fn damage(&mut self, prefix: Key, sequence: u64, cause: String) {
        self.damages.push(Damage {
            prefix,
            sequence,
            cause,
        });
    }
}

impl Derived {
    fn table(&mut self, key: &Key) -> Option<&mut Unsorted> {
        let name = table(key);
        (self.0.iter_mut()).find(|rows| rows.name().as_bytes() == name)
    }

    /// Puts the rows in order, those of each table on a thread of its own.
    fn sort(self) -> Vec<Table> {
        thread::scope(|scope| {
            let tables = self.0.into_iter();
            let sorting: Vec<_> = tables.map(|rows| scope.spawn(|| rows.sort())).collect();
            let sorted = sorting.into_iter().map(|thread| thread.join());
            sorted
                .map(|table| table.unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        })
    }
}

impl Rows for Derived {
    fn value(&mut self, key: &Key) -> Result<Value, StoreError> {
        let rows = self.table(key);
        Ok(Value::from_stored(rows.and_then(|rows| rows.get(key))))
    }

    fn set(&mut self, key: Key, value: Value) -> Result<(), StoreError> {
        if let Some(rows) = self.table(&key) {
            rows.set(&key, value.into_stored().as_deref());
        }
        Ok(())
    }
}

fn with_sources(err: &StoreError) -> String {
    let mut text = err.to_string();
    let mut source = err.source();
    while let Some(err) = source {
        text = format!("{text}: {err}");
        source = err.source();
    }
    text
}
