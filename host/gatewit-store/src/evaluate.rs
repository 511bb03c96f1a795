//! Evaluates one commit: its guards, and the values that its writes leave. Nothing else interprets either.
//!
//! Pure. Knows neither where values are stored nor which commits came before.

use bytes::Bytes;
use gatewit_domain::ports::{Commit, Guard, Key, StoreError, Write};

/// The value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Absent,
    Bytes(Bytes),
    /// A counter that was added to. It stays a number until it is written, since the next commit may add to it again.
    Counter(i64),
}

impl Value {
    pub(crate) fn from_stored(bytes: Option<Bytes>) -> Self {
        bytes.map_or(Self::Absent, Self::Bytes)
    }

    /// The bytes to store; `None` deletes the key.
    pub(crate) fn into_stored(self) -> Option<Bytes> {
        match self {
            Self::Absent => None,
            Self::Bytes(bytes) => Some(bytes),
            Self::Counter(count) => Some(Bytes::from(count.to_string())),
        }
    }

    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    fn is(&self, expected: &Bytes) -> bool {
        match self {
            Self::Absent => false,
            Self::Bytes(bytes) => bytes == expected,
            Self::Counter(count) => count.to_string().as_bytes() == expected,
        }
    }

    fn count(&self, key: &Key) -> Result<i64, CounterError> {
        match self {
            Self::Absent => Ok(0),
            Self::Counter(count) => Ok(*count),
            Self::Bytes(bytes) => std::str::from_utf8(bytes)
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| CounterError::NotACounter(key.clone())),
        }
    }
}

/// A value cannot be used as a counter. This is the caller's mistake; it fails the caller's commit and no other.
#[derive(Debug, thiserror::Error)]
enum CounterError {
    #[error("the value of {0:?} is not a whole number")]
    NotACounter(Key),
    #[error("adding {amount} to {key:?} leaves the range of 64 bits")]
    OutOfRange { key: Key, amount: i64 },
}

impl From<CounterError> for StoreError {
    fn from(err: CounterError) -> Self {
        Self::Failed {
            action: "count",
            source: Box::new(err),
        }
    }
}

/// Writes the new values of this commit's keys to `changes`, in the order of its writes.
///
/// `held` returns a key's value before the commit. `changes` is only valid if the result is [`Commit::Done`].
pub(crate) fn evaluate(
    guards: &[Guard],
    writes: Vec<Write>,
    mut held: impl FnMut(&Key) -> Result<Value, StoreError>,
    changes: &mut Vec<(Key, Value)>,
) -> Result<Commit, StoreError> {
    for (position, guard) in guards.iter().enumerate() {
        if !holds(guard, &mut held)? {
            return Ok(Commit::Blocked(position));
        }
    }
    changes.clear();
    for write in writes {
        let next = match write {
            Write::Put(key, value) | Write::Insert(key, value) => (key, Value::Bytes(value)),
            Write::Delete(key) => (key, Value::Absent),
            Write::Append(..) => {
                let source = "this store has no sequences".into();
                let action = "append";
                return Err(StoreError::Failed { action, source });
            }
            Write::Add(key, amount) => {
                let count = match changes.iter().rev().find(|(changed, _)| *changed == key) {
                    Some((_, value)) => value.count(&key)?,
                    None => held(&key)?.count(&key)?,
                };
                let Some(count) = count.checked_add(amount) else {
                    return Err(CounterError::OutOfRange { key, amount }.into());
                };
                (key, Value::Counter(count))
            }
        };
        changes.push(next);
    }
    Ok(Commit::Done(Vec::new()))
}

fn holds(
    guard: &Guard,
    held: &mut impl FnMut(&Key) -> Result<Value, StoreError>,
) -> Result<bool, StoreError> {
    Ok(match guard {
        Guard::Absent(key) => held(key)?.is_absent(),
        Guard::Unchanged(key, expected) | Guard::Seen(key, expected) => held(key)?.is(expected),
        Guard::Below(key, limit) => held(key)?.count(key)? < *limit,
    })
}
