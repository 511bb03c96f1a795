//! Stages commits into a group: decides their guards, gives their sequences and derives from what they append. Nothing
//! else decides guards.
//!
//! Pure: no threads, no disk, no clock. A store's committer stages commits in the order of their arrival over what it
//! [holds](Held), makes [what the group changes](Group::changes) durable as one step, then answers each commit. The
//! derived rows are among the changes; a store may write them or keep them in memory and fold them when it opens.
//! [`Guard::key`] and [`Write::key`] name the keys of a commit for a store that must lock or fetch them first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bytes::Bytes;
use foldhash::fast::RandomState;
use gatewit_domain::ports::{Appended, Commit, Guard, Key, StoreError, StoreLayout, Write};

use crate::derive::{Rows, apply, cannot_count, derive, no_sequence};
use crate::layout::{Kind, kind};
use crate::value::Value;

/// What a store holds before the group.
pub(crate) trait Held {
    /// The value of a key, derived or not.
    fn row(&self, key: &Key) -> Result<Option<Bytes>, StoreError>;

    /// The number of the last row of a sequence; 0 if it has none. Fails if the sequence is damaged.
    fn last(&self, prefix: &Key) -> Result<u64, StoreError>;

    /// Whether [`Damage`](gatewit_domain::ports::Damage) names this prefix.
    fn is_damaged(&self, prefix: &Key) -> bool;
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
struct Pending {
    /// The value before the group.
    held: Option<Bytes>,
    /// Whether it was promised, not read, that the key had no value.
    is_promised_absent: bool,
    /// The new value, if the group writes the key.
    next: Option<Value>,
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
    #[error("rows of {0} are derived; they can be deleted, but not set")]
    IsDerived(String),
}

impl From<Mistake> for StoreError {
    fn from(mistake: Mistake) -> Self {
        Self::Failed {
            action: "write",
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
        self.undo.clear();
        let mut staging = Staging {
            layout,
            held,
            group: self,
        };
        for (position, guard) in guards.iter().enumerate() {
            if !staging.holds(guard)? {
                return Ok(Commit::Blocked(position));
            }
        }
        let mut sequences = Vec::new();
        for write in writes {
            if let Err(err) = staging.write(write, &mut sequences) {
                self.take_back();
                return Err(err);
            }
        }
        Ok(Commit::Done(sequences))
    }

    /// The keys that the group changes, and their new values; `None` deletes the key.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (&Key, Option<Bytes>)> {
        self.rows.iter().filter_map(|(key, pending)| {
            let next = pending.next.clone()?.into_stored();
            (pending.is_promised_absent || next != pending.held).then_some((key, next))
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

    /// Forgets all commits.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.last.clear();
    }

    /// The state of a key, read from the store when the group sees the key first.
    fn pending(&mut self, held: &impl Held, key: &Key) -> Result<&mut Pending, StoreError> {
        Ok(match self.rows.entry(key.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Pending {
                held: held.row(key)?,
                is_promised_absent: false,
                next: None,
            }),
        })
    }

    fn take_back_row(&mut self, key: Key, before: Option<Value>) {
        if let Entry::Occupied(mut entry) = self.rows.entry(key) {
            if before.is_none() && entry.get().is_promised_absent {
                // A commit that failed promises nothing.
                entry.remove();
            } else {
                entry.get_mut().next = before;
            }
        }
    }

    fn take_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Row(key, before) => self.take_back_row(key, before),
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

/// One commit that is being staged.
struct Staging<'a, H> {
    layout: &'a StoreLayout,
    held: &'a H,
    group: &'a mut Group,
}

impl<H: Held> Staging<'_, H> {
    fn holds(&mut self, guard: &Guard) -> Result<bool, StoreError> {
        let pending = self.group.pending(self.held, guard.key())?;
        let value = match &pending.next {
            Some(next) => next.clone(),
            None => Value::from_stored(pending.held.clone()),
        };
        Ok(match guard {
            Guard::Absent(_) => value.is_absent(),
            Guard::Unchanged(_, expected) | Guard::Seen(_, expected) => value.is(expected),
            Guard::Below(key, limit) => value.count(key).map_err(cannot_count)? < *limit,
        })
    }

    fn write(&mut self, write: Write, sequences: &mut Vec<u64>) -> Result<(), StoreError> {
        match (kind(self.layout, write.key()), write) {
            (Kind::Appended, Write::Append(prefix, value)) => {
                sequences.push(self.append(prefix, value)?);
                Ok(())
            }
            (_, Write::Append(prefix, _)) => Err(no_sequence(&prefix)),
            (Kind::Appended, Write::Delete(key)) => self.delete_appended(key),
            (Kind::Appended, write) => Err(Mistake::NotAppended(write.key().table().into()).into()),
            (Kind::Derived, write) if !matches!(write, Write::Delete(_)) => {
                Err(Mistake::IsDerived(write.key().table().into()).into())
            }
            (Kind::Plain, Write::Insert(key, value)) => {
                self.insert(key, value);
                Ok(())
            }
            (_, write) => apply(self, write),
        }
    }

    /// Appends a row, and applies what derives from it. Returns its number.
    fn append(&mut self, prefix: Key, value: Bytes) -> Result<u64, StoreError> {
        let sequence = self.last(&prefix)? + 1;
        self.insert(Appended::key(&prefix, sequence), value.clone());
        let appended = Appended {
            prefix: &prefix,
            sequence,
            value: &value,
        };
        derive(self.layout, self, &appended)?;
        self.set_last(prefix, sequence);
        Ok(sequence)
    }

    /// Deletes the last row of a sequence, or any row of a damaged one.
    fn delete_appended(&mut self, key: Key) -> Result<(), StoreError> {
        let not_last = || Mistake::NotAppended(key.table().into());
        match Appended::parse(&key) {
            Some((prefix, _)) if self.held.is_damaged(&prefix) => {}
            Some((prefix, sequence)) => {
                let last = self.last(&prefix)?;
                if sequence < last {
                    return Err(not_last().into());
                }
                if sequence == last && last > 0 {
                    self.set_last(prefix, last - 1);
                }
            }
            // A row whose key has no number is a damage of its own.
            None if self.held.is_damaged(&key) => {}
            None => return Err(not_last().into()),
        }
        self.set(key, Value::Absent)
    }

    /// Sets the value of a key that has none, without a look at the store.
    fn insert(&mut self, key: Key, value: Bytes) {
        let pending = self.group.rows.entry(key.clone()).or_insert(Pending {
            held: None,
            is_promised_absent: true,
            next: None,
        });
        let before = pending.next.replace(Value::Bytes(value));
        self.group.undo.push(Undo::Row(key, before));
    }

    fn last(&self, prefix: &Key) -> Result<u64, StoreError> {
        match self.group.last.get(prefix) {
            Some(last) => Ok(*last),
            None => self.held.last(prefix),
        }
    }

    fn set_last(&mut self, prefix: Key, last: u64) {
        let before = self.group.last.insert(prefix.clone(), last);
        self.group.undo.push(Undo::Last(prefix, before));
    }
}

impl<H: Held> Rows for Staging<'_, H> {
    fn value(&mut self, key: &Key) -> Result<Value, StoreError> {
        Ok(match self.group.rows.get(key) {
            Some(Pending {
                next: Some(next), ..
            }) => next.clone(),
            Some(pending) => Value::from_stored(pending.held.clone()),
            None => Value::from_stored(self.held.row(key)?),
        })
    }

    fn set(&mut self, key: Key, value: Value) -> Result<(), StoreError> {
        let pending = self.group.pending(self.held, &key)?;
        let before = pending.next.replace(value);
        self.group.undo.push(Undo::Row(key, before));
        Ok(())
    }
}
