//! Stages commits into a group: decides their guards, gives their sequences and derives from what they append. Nothing
//! else interprets guards and writes.
//!
//! Pure. A store passes what it holds, writes what the group changes as one step, and then answers the commits.

use std::cell::Cell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::error::Error;

use bytes::Bytes;
use foldhash::fast::RandomState;
use gatewit_domain::ports::{Appended, Commit, Guard, Key, StoreError, StoreLayout, Write};

use crate::layout::{Kind, kind};
use crate::value::{CounterError, Value};

/// What a store holds before the group.
pub(crate) trait Held {
    /// The value of a key, derived or not.
    fn row(&self, key: &Key) -> Result<Option<Bytes>, StoreError>;

    /// The number of the last row of a sequence; 0 if it has none. Fails if the sequence is damaged.
    fn last(&self, prefix: &Key) -> Result<u64, StoreError>;
}

/// Commits that are decided in the order of their arrival and written as one step.
#[derive(Default)]
pub(crate) struct Group {
    rows: HashMap<Key, Pending, RandomState>,
    /// The last numbers of the sequences that the group changes.
    last: HashMap<Key, u64, RandomState>,
    /// Takes back what a commit has staged if it fails.
    undo: Vec<Undo>,
}

/// A key that a group has read or will write.
pub(crate) struct Pending {
    /// The value before the group.
    pub held: Option<Bytes>,
    /// The new value, if the group writes the key.
    pub next: Option<Value>,
}

enum Undo {
    Row(Key, Option<Value>),
    Last(Key, Option<u64>),
}

/// A commit that no store takes. This is the caller's mistake; it fails the caller's commit and no other.
#[derive(Debug, thiserror::Error)]
enum Mistake {
    #[error("rows of {0} are appended, and only the last of a sequence can be deleted")]
    NotAppended(String),
    #[error("rows of {0} follow from others; they cannot be written")]
    IsDerived(String),
    #[error("{0} is not the table of appended rows")]
    NoSequence(String),
    #[error("the derivation wrote to {0}, which is not a derived table")]
    NotDerived(String),
    #[error(transparent)]
    Counter(#[from] CounterError),
}

impl From<Mistake> for StoreError {
    fn from(mistake: Mistake) -> Self {
        let action = match &mistake {
            Mistake::NotAppended(_) | Mistake::IsDerived(_) => "write",
            Mistake::NoSequence(_) => "append",
            Mistake::NotDerived(_) => "derive",
            Mistake::Counter(_) => "count",
        };
        Self::Failed {
            action,
            source: Box::new(mistake),
        }
    }
}

impl Group {
    /// Decides one commit over what is held and the group so far. One that is blocked or fails leaves the group as it was.
    pub(crate) fn stage(
        &mut self,
        layout: &StoreLayout,
        held: &impl Held,
        guards: &[Guard],
        writes: Vec<Write>,
    ) -> Result<Commit, StoreError> {
        for (position, guard) in guards.iter().enumerate() {
            if !self.holds(held, guard)? {
                return Ok(Commit::Blocked(position));
            }
        }
        self.undo.clear();
        let mut numbers = Vec::new();
        for write in writes {
            if let Err(err) = self.write(layout, held, write, &mut numbers) {
                self.take_back();
                return Err(err);
            }
        }
        Ok(Commit::Done(numbers))
    }

    /// The keys that the group writes: the value that is held, and the value to write.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (&Key, Option<Bytes>)> {
        self.rows.iter().filter_map(|(key, pending)| {
            let next = pending.next.clone()?.into_stored();
            (next != pending.held).then_some((key, next))
        })
    }

    /// The sequences that the group changes, and the numbers of their last rows.
    pub(crate) fn sequences(&self) -> impl Iterator<Item = (&Key, u64)> {
        self.last.iter().map(|(prefix, last)| (prefix, *last))
    }

    /// The value before the group of a key that it has read or will write.
    pub(crate) fn held(&self, key: &Key) -> Option<&Option<Bytes>> {
        self.rows.get(key).map(|pending| &pending.held)
    }

    /// The keys that the group has read or will write, and their values before it.
    pub(crate) fn all_held(&self) -> impl Iterator<Item = (&Key, &Option<Bytes>)> {
        self.rows.iter().map(|(key, pending)| (key, &pending.held))
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.last.clear();
    }

    /// Empties the group, and returns the keys that it has read or written with their values after it.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (Key, Option<Bytes>)> {
        self.last.clear();
        self.rows.drain().map(|(key, pending)| {
            let value = pending.next.map_or(pending.held, Value::into_stored);
            (key, value)
        })
    }

    fn holds(&mut self, held: &impl Held, guard: &Guard) -> Result<bool, StoreError> {
        Ok(match guard {
            Guard::Absent(key) => self.value(held, key)?.is_absent(),
            Guard::Unchanged(key, expected) | Guard::Seen(key, expected) => {
                self.value(held, key)?.is(expected)
            }
            Guard::Below(key, limit) => {
                let count = self.value(held, key)?.count(key);
                count.map_err(Mistake::from)? < *limit
            }
        })
    }

    fn write(
        &mut self,
        layout: &StoreLayout,
        held: &impl Held,
        write: Write,
        numbers: &mut Vec<u64>,
    ) -> Result<(), StoreError> {
        let (key, value) = match write {
            Write::Append(prefix, value) => {
                numbers.push(self.append(layout, held, prefix, value)?);
                return Ok(());
            }
            Write::Delete(key) => {
                if kind(layout, &key) == Kind::Appended {
                    self.shorten(held, &key)?;
                }
                (key, Value::Absent)
            }
            Write::Put(key, _) | Write::Insert(key, _) | Write::Add(key, _)
                if kind(layout, &key) == Kind::Appended =>
            {
                return Err(Mistake::NotAppended(key.table().into()).into());
            }
            Write::Put(key, _) | Write::Insert(key, _) | Write::Add(key, _)
                if kind(layout, &key) == Kind::Derived =>
            {
                return Err(Mistake::IsDerived(key.table().into()).into());
            }
            write => return self.set(held, write),
        };
        self.put(held, key, value)
    }

    /// Appends a row, and applies what derives from it. Returns its number.
    fn append(
        &mut self,
        layout: &StoreLayout,
        held: &impl Held,
        prefix: Key,
        value: Bytes,
    ) -> Result<u64, StoreError> {
        if kind(layout, &prefix) != Kind::Appended {
            return Err(Mistake::NoSequence(prefix.table().into()).into());
        }
        let sequence = self.last(held, &prefix)? + 1;
        let row = Value::Bytes(value.clone());
        self.put(held, Appended::key(&prefix, sequence), row)?;
        let appended = Appended {
            prefix: &prefix,
            sequence,
            value: &value,
        };
        self.derive_from(layout, held, &appended)?;
        self.set_last(prefix, sequence);
        Ok(sequence)
    }

    /// Applies what derives from an appended row.
    pub(crate) fn derive_from(
        &mut self,
        layout: &StoreLayout,
        held: &impl Held,
        appended: &Appended<'_>,
    ) -> Result<(), StoreError> {
        for write in self.derive(layout, held, appended)? {
            let (Write::Put(key, _)
            | Write::Insert(key, _)
            | Write::Delete(key)
            | Write::Add(key, _)
            | Write::Append(key, _)) = &write;
            if kind(layout, key) != Kind::Derived {
                return Err(Mistake::NotDerived(key.table().into()).into());
            }
            self.set(held, write)?;
        }
        Ok(())
    }

    fn derive(
        &self,
        layout: &StoreLayout,
        held: &impl Held,
        appended: &Appended<'_>,
    ) -> Result<Vec<Write>, StoreError> {
        let fault = Cell::new(None);
        let before = |key: &Key| match self.rows.get(key) {
            Some(pending) => match &pending.next {
                Some(next) => next.clone().into_stored(),
                None => pending.held.clone(),
            },
            None => held.row(key).unwrap_or_else(|err| {
                fault.set(Some(err));
                None
            }),
        };
        let writes = layout.derivation.derive(appended, &before);
        match fault.take() {
            Some(err) => Err(err),
            None => writes.map_err(cannot_derive),
        }
    }

    /// Deletes the last row of a sequence.
    fn shorten(&mut self, held: &impl Held, key: &Key) -> Result<(), StoreError> {
        let not_last = || Mistake::NotAppended(key.table().into());
        let (prefix, sequence) = Appended::parse(key).ok_or_else(not_last)?;
        let last = self.last(held, &prefix)?;
        if sequence < last {
            return Err(not_last().into());
        }
        if sequence == last && last > 0 {
            self.set_last(prefix, last - 1);
        }
        Ok(())
    }

    /// Applies a write to an ordinary or derived row.
    fn set(&mut self, held: &impl Held, write: Write) -> Result<(), StoreError> {
        let (key, value) = match write {
            Write::Put(key, value) | Write::Insert(key, value) => (key, Value::Bytes(value)),
            Write::Delete(key) => (key, Value::Absent),
            Write::Add(key, amount) => {
                let sum = self.value(held, &key)?.plus(amount, &key);
                (key, sum.map_err(Mistake::from)?)
            }
            Write::Append(prefix, _) => {
                return Err(Mistake::NoSequence(prefix.table().into()).into());
            }
        };
        self.put(held, key, value)
    }

    fn put(&mut self, held: &impl Held, key: Key, value: Value) -> Result<(), StoreError> {
        let pending = self.pending(held, &key)?;
        let before = pending.next.replace(value);
        self.undo.push(Undo::Row(key, before));
        Ok(())
    }

    fn value(&mut self, held: &impl Held, key: &Key) -> Result<Value, StoreError> {
        let pending = self.pending(held, key)?;
        Ok(match &pending.next {
            Some(next) => next.clone(),
            None => Value::from_stored(pending.held.clone()),
        })
    }

    /// The state of a key, read from the store when the group sees the key first.
    fn pending(&mut self, held: &impl Held, key: &Key) -> Result<&mut Pending, StoreError> {
        Ok(match self.rows.entry(key.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Pending {
                held: held.row(key)?,
                next: None,
            }),
        })
    }

    fn last(&self, held: &impl Held, prefix: &Key) -> Result<u64, StoreError> {
        match self.last.get(prefix) {
            Some(last) => Ok(*last),
            None => held.last(prefix),
        }
    }

    fn set_last(&mut self, prefix: Key, last: u64) {
        let before = self.last.insert(prefix.clone(), last);
        self.undo.push(Undo::Last(prefix, before));
    }

    fn take_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Row(key, before) => {
                    (self.rows.entry(key)).and_modify(|pending| pending.next = before);
                }
                Undo::Last(prefix, Some(before)) => {
                    self.last.insert(prefix, before);
                }
                Undo::Last(prefix, None) => {
                    self.last.remove(&prefix);
                }
            }
        }
    }
}

fn cannot_derive(source: Box<dyn Error + Send + Sync>) -> StoreError {
    StoreError::Failed {
        action: "derive from the appended row",
        source,
    }
}
