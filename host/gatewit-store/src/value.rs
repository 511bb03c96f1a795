//! The value of a key while commits are staged. Counters stay numbers until they are written.

use bytes::Bytes;
use gatewit_domain::ports::Key;

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

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub(crate) fn is(&self, expected: &Bytes) -> bool {
        match self {
            Self::Absent => false,
            Self::Bytes(bytes) => bytes == expected,
            Self::Counter(count) => count.to_string().as_bytes() == expected,
        }
    }

    /// The value of a counter; an absent one is 0.
    pub(crate) fn count(&self, key: &Key) -> Result<i64, CounterError> {
        match self {
            Self::Absent => Ok(0),
            Self::Counter(count) => Ok(*count),
            Self::Bytes(bytes) => std::str::from_utf8(bytes)
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| CounterError::NotACounter(key.clone())),
        }
    }

    /// The counter that an addition leaves.
    pub(crate) fn plus(&self, amount: i64, key: &Key) -> Result<Self, CounterError> {
        let sum = self.count(key)?.checked_add(amount);
        let key = key.clone();
        sum.map(Self::Counter)
            .ok_or(CounterError::OutOfRange { key, amount })
    }
}

/// A value cannot be used as a counter. This is the caller's mistake; it fails the caller's commit and no other.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CounterError {
    #[error("the value of {0:?} is not a whole number")]
    NotACounter(Key),
    #[error("adding {amount} to {key:?} leaves the range of 64 bits")]
    OutOfRange { key: Key, amount: i64 },
}
