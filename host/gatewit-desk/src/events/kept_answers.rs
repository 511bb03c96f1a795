//! Which answers of strategies are in the store.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gatewit_domain::digest::Digest;
use gatewit_domain::id::EventId;
use gatewit_domain::window::Holder;

type LastKept = HashMap<EventId, HashMap<Holder, Digest>>;

/// The answer that was kept last for each event and holder. The lock is held for a look, never across an await.
#[derive(Default)]
pub(super) struct KeptAnswers(Mutex<LastKept>);

impl KeptAnswers {
    /// Whether this answer is the one that was kept last.
    pub fn is_last(&self, event: EventId, holder: &Holder, answer: Digest) -> bool {
        let kept = self.kept();
        let last = kept.get(&event).and_then(|holders| holders.get(holder));
        last == Some(&answer)
    }

    /// Notes that this answer was kept after all others of its event and holder.
    pub fn note(&self, event: EventId, holder: Holder, answer: Digest) {
        self.kept().entry(event).or_default().insert(holder, answer);
    }

    /// The holders about whom answers were kept.
    pub fn holders(&self, event: EventId) -> HashSet<Holder> {
        let kept = self.kept();
        let holders = kept.get(&event).into_iter().flat_map(HashMap::keys);
        holders.cloned().collect()
    }

    /// Forgets the answers of a deleted event.
    pub fn forget(&self, event: EventId) {
        self.kept().remove(&event);
    }

    fn kept(&self) -> MutexGuard<'_, LastKept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
