//! Which answers of strategies are in the store.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use gatewit_domain::digest::Digest;
use gatewit_domain::id::EventId;

/// The answers that are in the store. The lock is held for a look, never across an await.
#[derive(Default)]
pub(super) struct KeptAnswers(Mutex<HashSet<(EventId, Digest)>>);

impl KeptAnswers {
    pub fn has(&self, kept: (EventId, Digest)) -> bool {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.contains(&kept)
    }

    pub fn add(&self, kept: (EventId, Digest)) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(kept);
    }
}
