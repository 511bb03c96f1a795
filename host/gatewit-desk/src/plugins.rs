//! The status of plugins: every authorized caller reads how one fails, operators also read its own messages.
//! `gatewit-api.md` §10.

mod keeper;
mod library;

pub use library::check_operator;

use std::collections::HashSet;
use std::sync::Arc;

use gatewit_domain::plugin::{PluginRow, PluginWords};
use gatewit_domain::source::SourceName;
use gatewit_domain::window::StrategyName;

use crate::caller::Caller;
use crate::events::Events;
use crate::live_sources::{LiveSources, SourceStatus};
use crate::ports::Ports;

/// The plugins, and what fails because of them.
pub struct Plugins {
    ports: Arc<Ports>,
    sources: Arc<LiveSources>,
    events: Arc<Events>,
}

impl Plugins {
    pub(super) fn new(
        ports: &Arc<Ports>,
        sources: &Arc<LiveSources>,
        events: &Arc<Events>,
    ) -> Self {
        Self {
            ports: Arc::clone(ports),
            sources: Arc::clone(sources),
            events: Arc::clone(events),
        }
    }

    /// Lists the plugins, loaded and refused, as the engine reports them.
    pub fn list(&self) -> Vec<PluginRow> {
        self.ports.strategies.plugins()
    }

    /// Lists the plugins, loaded and refused, as a caller may see them.
    pub fn shown_to(&self, caller: &Caller) -> Vec<PluginRow> {
        let sources = self.sources_for(caller);
        let mut rows = self.list();
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
                true => self.events.rejections(&StrategyName::of_plugin(&row.name)),
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
        let sources = self.sources.all().into_iter();
        let mut sources: Vec<_> = sources.map(|source| source.status()).collect();
        if !caller.is_operator() {
            let events = self.events.list(caller);
            let attached = events.iter().flat_map(|live| &live.event.ticket_sources);
            let attached: HashSet<&SourceName> = attached.collect();
            sources.retain(|source| attached.contains(&source.name));
        }
        sources
    }
}

/// Adds the plugin's own message for callers who may read it.
fn told(caller: &Caller, reason: String, words: Option<&PluginWords>) -> String {
    PluginWords::added_to(reason, words.filter(|_| caller.is_operator()))
}
