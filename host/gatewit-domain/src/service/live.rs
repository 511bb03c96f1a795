//! The events in memory: one pointer load to read, one swap to change.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::LiveEvent;
use crate::id::EventId;

#[derive(Default)]
pub(super) struct LiveEvents {
    by_id: ArcSwap<HashMap<EventId, Arc<LiveEvent>>>,
}

impl LiveEvents {
    pub(super) fn get(&self, id: EventId) -> Option<Arc<LiveEvent>> {
        self.by_id.load().get(&id).cloned()
    }

    /// Lists every event, oldest first.
    pub(super) fn all(&self) -> Vec<Arc<LiveEvent>> {
        let mut all: Vec<_> = self.by_id.load().values().cloned().collect();
        all.sort_by_key(|live| live.event.id);
        all
    }

    /// Shows an event as it now is, unless a later revision shows already.
    pub(super) fn set(&self, live: LiveEvent) {
        let live = Arc::new(live);
        self.by_id.rcu(|events| {
            let mut events = HashMap::clone(events);
            let shown = events.entry(live.event.id).or_insert_with(|| live.clone());
            if shown.event.revision < live.event.revision {
                *shown = live.clone();
            }
            events
        });
    }
}
