//! What strategies object to in the options of events.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gatewit_domain::event::Event;
use gatewit_domain::plugin::PluginWords;
use gatewit_domain::window::{CheckInStrategy, StrategyName};

use crate::live_events::slug_of;

/// The objections of strategies to the options of events that were not set up or can no longer work.
#[derive(Default)]
pub(super) struct Rejections {
    /// By `{org}/{slug}`. A std mutex: held for map operations, never across an await.
    of_events: Mutex<BTreeMap<String, Rejection>>,
}

struct Rejection {
    slug: String,
    strategy: CheckInStrategy,
    words: PluginWords,
}

impl Rejections {
    pub fn note(&self, event: &Event, words: PluginWords) {
        let rejection = Rejection {
            slug: event.slug.clone(),
            strategy: event.strategy.clone(),
            words,
        };
        self.of_events().insert(slug_of(event), rejection);
    }

    pub fn forget(&self, event: &Event) {
        self.of_events().remove(&slug_of(event));
    }

    /// Returns a strategy's objections, one per event.
    pub fn by(&self, strategy: &StrategyName) -> Vec<String> {
        let of_events = self.of_events();
        let rejections = of_events.values();
        let by_it = rejections.filter(|rejection| rejection.strategy.uses(strategy));
        by_it
            .map(|rejection| {
                let words = rejection.words.verbatim();
                format!("options of event {:?}: {words}", rejection.slug)
            })
            .collect()
    }

    fn of_events(&self) -> MutexGuard<'_, BTreeMap<String, Rejection>> {
        self.of_events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
