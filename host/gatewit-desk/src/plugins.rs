//! The status of plugins: every authorized caller reads how one fails, operators also read its own messages.
//! `gatewit-api.md` §10.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::events::slug_key;
use super::{Caller, Desk, SourceStatus};
use gatewit_domain::event::Event;
use gatewit_domain::plugin::{PluginRow, PluginWords};
use gatewit_domain::source::SourceName;
use gatewit_domain::window::StrategyName;

/// The objections of strategies to the options of events that were not set up or can no longer work.
#[derive(Default)]
pub(super) struct Rejections {
    /// By `{org}/{slug}`. A std mutex: held for map operations, never across an await.
    of_events: Mutex<BTreeMap<String, Rejection>>,
}

struct Rejection {
    slug: String,
    strategy: StrategyName,
    words: PluginWords,
}

impl Rejections {
    pub fn note(&self, event: &Event, words: PluginWords) {
        let rejection = Rejection {
            slug: event.slug.clone(),
            strategy: event.strategy.clone(),
            words,
        };
        self.of_events().insert(slug_key(event), rejection);
    }

    pub fn forget(&self, event: &Event) {
        self.of_events().remove(&slug_key(event));
    }

    /// Returns a strategy's objections, one per event.
    fn by(&self, strategy: &StrategyName) -> Vec<String> {
        let of_events = self.of_events();
        let rejections = of_events.values();
        let by_it = rejections.filter(|rejection| rejection.strategy == *strategy);
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

impl Desk {
    /// Lists the plugins, loaded and refused, as a caller may see them.
    pub fn plugins_for(&self, caller: &Caller) -> Vec<PluginRow> {
        let sources = self.sources_for(caller);
        let mut rows = self.plugins();
        for row in &mut rows {
            let of_plugin = sources.iter().filter(|source| source.plugin == row.name);
            let own = row.error.take();
            let own = own.map(|reason| told(caller, reason, row.words.as_ref()));
            let of_sources = of_plugin.flat_map(|source| {
                let troubles = [("", &source.trouble), ("look-ups: ", &source.find_trouble)];
                troubles.into_iter().filter_map(|(what, trouble)| {
                    let trouble = trouble.as_ref()?;
                    let reason = format!("ticket source {}: {what}{}", source.name, trouble.reason);
                    Some(told(caller, reason, trouble.words.as_ref()))
                })
            });
            let rejections = match caller.is_operator() {
                true => self.rejections.by(&StrategyName::of_plugin(&row.name)),
                false => Vec::new(),
            };
            let troubles: Vec<_> = own
                .into_iter()
                .chain(of_sources)
                .chain(rejections)
                .collect();
            row.error = (!troubles.is_empty()).then(|| troubles.join("; "));
        }
        rows
    }

    /// Returns all sources for operators; for others, those of the events that they manage.
    fn sources_for(&self, caller: &Caller) -> Vec<SourceStatus> {
        let mut sources = self.sources();
        if !caller.is_operator() {
            let events = self.events(caller);
            let attached = events.iter().flat_map(|live| &live.event.ticket_sources);
            let attached: HashSet<&SourceName> = attached.collect();
            sources.retain(|source| attached.contains(&source.name));
        }
        sources
    }
}

/// Adds the plugin's own message for callers who may read it.
fn told(caller: &Caller, reason: String, words: Option<&PluginWords>) -> String {
    match words.filter(|_| caller.is_operator()) {
        Some(words) => format!("{reason}: {}", words.verbatim()),
        None => reason,
    }
}
