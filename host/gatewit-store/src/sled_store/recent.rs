//! A cache of the last known values of keys: sled's own reads take some microseconds, and wait while it applies a
//! batch.
//!
//! Most keys that guard a commit were read a moment ago, and scanners read the same keys again and again. The cache is
//! direct-mapped: many keys share one place, and the key seen last occupies it.

use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use foldhash::fast::RandomState;
use gatewit_domain::ports::Key;

const PLACES: usize = if cfg!(test) { 3 } else { 16_384 };
/// The most bytes of a key and its value together. Larger ones are not cached, so that all places hold 64 MiB at most,
/// and the buffers behind them twice that.
const BYTES_MAX: usize = 4 << 10;

/// A key and its value, or the fact that it has none.
type Seen = (Key, Option<Bytes>);

pub(super) struct Recent {
    // A std lock for each: held only for a move, never across an await.
    places: Box<[Mutex<Option<Seen>>]>,
    hasher: RandomState,
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            places: (0..PLACES).map(|_| Mutex::default()).collect(),
            hasher: RandomState::default(),
        }
    }
}

impl Recent {
    /// Returns what the key holds, or `None` if the cache does not know.
    pub(super) fn get(&self, key: &Key) -> Option<Option<Bytes>> {
        match &*self.place(key) {
            Some((seen, held)) if seen == key => Some(held.clone()),
            _ => None,
        }
    }

    pub(super) fn keep(&self, key: Key, held: Option<Bytes>) {
        let bytes = key.as_bytes().len() + held.as_ref().map_or(0, Bytes::len);
        let mut place = self.place(&key);
        *place = (bytes <= BYTES_MAX).then_some((key, held));
    }

    fn place(&self, key: &Key) -> MutexGuard<'_, Option<Seen>> {
        let place = self.hasher.hash_one(key) as usize % self.places.len();
        // No code can panic halfway through a change while it holds the lock.
        (self.places[place].lock()).unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(key_bytes: usize, value_bytes: Option<usize>, is_kept: bool) {
        let recent = Recent::default();
        let key = Key::new(vec![b'k'; key_bytes]);
        let held = value_bytes.map(|bytes| Bytes::from(vec![b'v'; bytes]));
        recent.keep(key.clone(), held.clone());
        assert_eq!(recent.get(&key), is_kept.then_some(held), "{key_bytes}");
    }

    #[test]
    fn a_key_counts_towards_the_bound_as_its_value_does() {
        check(10, Some(BYTES_MAX - 10), true);
        check(10, Some(BYTES_MAX - 9), false);
        check(BYTES_MAX, None, true);
        check(BYTES_MAX + 1, None, false);
        check(1 << 20, None, false);
    }

    #[test]
    fn what_is_too_large_takes_the_place_of_what_the_key_held_before() {
        let recent = Recent::default();
        let key = Key::new("key");
        recent.keep(key.clone(), Some("small".into()));
        recent.keep(key.clone(), Some(vec![0; BYTES_MAX].into()));
        assert_eq!(recent.get(&key), None);
    }
}
