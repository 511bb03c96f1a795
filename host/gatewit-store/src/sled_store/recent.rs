//! What keys were last seen to hold: sled's own reads take some microseconds, and wait while it applies a batch.
//!
//! Most of what a commit is guarded by was read a moment ago, and what scanners need is read again and again. Every key
//! has one place, which it shares with many: whichever was seen last has it.

use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use foldhash::fast::RandomState;
use gatewit_domain::ports::Key;

const PLACES: usize = if cfg!(test) { 3 } else { 16_384 };
/// Larger values are left to sled, so that those kept take 64 MiB at the very most.
const VALUE_MAX: usize = 4 << 10;

/// A key, and the value it holds or that it holds none.
type Seen = (Key, Option<Bytes>);

pub(super) struct Recent {
    // A std lock for each: held for a move, never across an await.
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
    /// Tells what the key holds, None if that is not known here.
    pub(super) fn get(&self, key: &Key) -> Option<Option<Bytes>> {
        match &*self.place(key) {
            Some((seen, held)) if seen == key => Some(held.clone()),
            _ => None,
        }
    }

    pub(super) fn keep(&self, key: Key, held: Option<Bytes>) {
        let is_small = held.as_ref().is_none_or(|value| value.len() <= VALUE_MAX);
        let mut place = self.place(&key);
        *place = is_small.then_some((key, held));
    }

    fn place(&self, key: &Key) -> MutexGuard<'_, Option<Seen>> {
        let place = self.hasher.hash_one(key) as usize % self.places.len();
        // Nothing that holds the lock can panic halfway through a change.
        (self.places[place].lock()).unwrap_or_else(PoisonError::into_inner)
    }
}
