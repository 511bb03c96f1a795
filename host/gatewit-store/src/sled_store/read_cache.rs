//! A cache of the last known values of keys: sled's own reads take some microseconds, and wait while it applies a
//! batch.
//!
//! Most keys that guard a commit were read a moment ago, and scanners read the same keys again and again. The cache is
//! direct-mapped: many keys share one slot, and the key seen last occupies it.

use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use foldhash::fast::RandomState;
use gatewit_domain::ports::Key;

const SLOTS: usize = if cfg!(test) { 3 } else { 16_384 };
/// The most bytes of a key and its value together. Larger ones are not cached, so that all slots hold 64 MiB at most,
/// and the buffers behind them twice that.
const BYTES_MAX: usize = 4 << 10;

/// A key and its value, or the fact that it has none.
type Entry = (Key, Option<Bytes>);

pub(super) struct ReadCache {
    // A std lock for each: held only for a move, never across an await.
    slots: Box<[Mutex<Option<Entry>>]>,
    hasher: RandomState,
}

impl Default for ReadCache {
    fn default() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::default(),
        }
    }
}

impl ReadCache {
    /// Returns what the key holds, or `None` if the cache does not know.
    pub(super) fn get(&self, key: &Key) -> Option<Option<Bytes>> {
        match &*self.slot(key) {
            Some((seen, held)) if seen == key => Some(held.clone()),
            _ => None,
        }
    }

    pub(super) fn insert(&self, key: Key, held: Option<Bytes>) {
        let bytes = key.as_bytes().len() + held.as_ref().map_or(0, Bytes::len);
        let mut slot = self.slot(&key);
        *slot = (bytes <= BYTES_MAX).then_some((key, held));
    }

    fn slot(&self, key: &Key) -> MutexGuard<'_, Option<Entry>> {
        let slot = self.hasher.hash_one(key) as usize % self.slots.len();
        // No code can panic halfway through a change while it holds the lock.
        (self.slots[slot].lock()).unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(key_bytes: usize, value_bytes: Option<usize>, is_kept: bool) {
        let cache = ReadCache::default();
        let key = Key::new(vec![b'k'; key_bytes]);
        let held = value_bytes.map(|bytes| Bytes::from(vec![b'v'; bytes]));
        cache.insert(key.clone(), held.clone());
        assert_eq!(cache.get(&key), is_kept.then_some(held), "{key_bytes}");
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
        let cache = ReadCache::default();
        let key = Key::new("key");
        cache.insert(key.clone(), Some("small".into()));
        cache.insert(key.clone(), Some(vec![0; BYTES_MAX].into()));
        assert_eq!(cache.get(&key), None);
    }
}
