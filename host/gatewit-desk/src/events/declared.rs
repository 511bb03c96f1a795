//! Checks at the start: events that the configuration declares, and stored events that cannot work.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatewit_domain::event::{Event, EventChange};
use gatewit_domain::plugin::{PluginKind, PluginState};
use gatewit_domain::problem::{Code, EventCode, Problem};
use gatewit_domain::window::{CheckInStrategy, StrategyError, StrategyName};

use super::Events;
use crate::caller::{Caller, DEFAULT_ORGANIZATION};
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::live_sources::AttachableSources;
use crate::tables::slug_key;
use crate::turns::let_others_run;

/// Why an event cannot work, without any of the plugin's own text.
#[derive(Debug, thiserror::Error)]
pub enum EventTrouble {
    #[error(
        "strategy {0} does not accept its options; GET /api/v1/plugins shows operators what the strategy says"
    )]
    /// The strategy does not accept the event's options.
    Rejected(CheckInStrategy),
    /// The strategy is not loaded, or fails.
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    /// The event cannot be stored, or lacks a ticket source.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

/// How each strategy does that events may name.
pub(super) type Usable = BTreeMap<StrategyName, PluginState>;

/// The effect of a declaration.
enum Declared {
    New(Event),
    Changed(Event),
    Unchanged(Arc<LiveEvent>),
}

/// Returns the [slug](slug_key) of the event that a declaration means.
pub fn declared_slug(change: &EventChange) -> String {
    let org_id = change.org_id.as_deref().unwrap_or(DEFAULT_ORGANIZATION);
    slug_key(org_id, change.slug.as_deref().unwrap_or_default())
}

/// Counts declared events as being set up until it is dropped.
pub struct SettingUp(Arc<AtomicUsize>, usize);

impl Drop for SettingUp {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

impl Events {
    /// Counts declared events as being set up.
    pub fn begin_setting_up(&self, count: usize) -> SettingUp {
        self.setting_up.fetch_add(count, Ordering::Relaxed);
        SettingUp(Arc::clone(&self.setting_up), count)
    }

    /// How many declared events are being set up.
    pub fn being_set_up(&self) -> usize {
        self.setting_up.load(Ordering::Relaxed)
    }

    /// Checks a declared event as far as possible without asking a plugin; returns the strategy it will have.
    pub fn check_declared(&self, change: &EventChange) -> Result<CheckInStrategy, DeskError> {
        match self.declared(change)? {
            Declared::New(event) | Declared::Changed(event) => {
                self.sources.check_attached(&event)?;
                Ok(event.strategy)
            }
            Declared::Unchanged(live) => Ok(live.event.strategy.clone()),
        }
    }

    /// Checks an event that a configuration with these sources declares, and asks its strategy. Changes no event.
    pub async fn check_declaration(
        &self,
        change: &EventChange,
        sources: &AttachableSources,
    ) -> Result<(), EventTrouble> {
        match self.declared(change)? {
            Declared::New(event) | Declared::Changed(event) => {
                sources.check(&event)?;
                let asked = self.ask_about_options(&event).await;
                asked.map_err(|error| self.trouble_of(event, error))
            }
            Declared::Unchanged(_) => Ok(()),
        }
    }

    /// Creates an event that the configuration declares, or sets the declared fields in the event with that slug. Does
    /// not compute its windows: see [`Events::warm_windows`].
    pub async fn declare(&self, change: EventChange) -> Result<Arc<LiveEvent>, EventTrouble> {
        let (event, kept) = match self.declared(&change)? {
            Declared::Unchanged(live) => return Ok(live),
            Declared::New(event) => (event.clone(), self.keep_new(event, true).await),
            Declared::Changed(event) => {
                let kept = self.keep_changed(&Caller::Local, event.id, change).await;
                (event, kept)
            }
        };
        kept.map_err(|error| self.trouble_of(event, error))
    }

    /// Keeps the words of a strategy that objects to the options of a declared event: they are for operators.
    fn trouble_of(&self, event: Event, error: DeskError) -> EventTrouble {
        match error {
            DeskError::Unacceptable(Problem {
                code: Code::Event(EventCode::InvalidStrategyOptions),
                message,
            }) => {
                self.rejections.note(&event, message.into());
                EventTrouble::Rejected(event.strategy)
            }
            error => error.into(),
        }
    }

    /// Whether the event that a declaration means is stored already.
    pub fn has_declared(&self, change: &EventChange) -> bool {
        self.event_of(change).is_some()
    }

    fn event_of(&self, change: &EventChange) -> Option<Arc<LiveEvent>> {
        let org_id = change.org_id.as_deref().unwrap_or(DEFAULT_ORGANIZATION);
        self.live.with_slug(org_id, change.slug.as_deref()?)
    }

    fn declared(&self, change: &EventChange) -> Result<Declared, DeskError> {
        let Some(live) = self.event_of(change) else {
            let event = Event::declare(change.clone(), Caller::Local.sub(), self.ports.now());
            return event.map(Declared::New).map_err(DeskError::Unacceptable);
        };
        let mut event = live.event.clone();
        event
            .apply(change.clone())
            .map_err(DeskError::Unacceptable)?;
        event.revision = live.event.revision;
        Ok(match event == live.event {
            true => Declared::Unchanged(live),
            false => Declared::Changed(event),
        })
    }

    /// Lists the events that cannot work because something is missing, such as a strategy that is not loaded or a
    /// ticket source that is no longer configured. Asks no plugin. The rest of the server works without these events.
    pub async fn unresolved_dependencies(&self) -> Vec<(Arc<LiveEvent>, EventTrouble)> {
        let loaded = self.usable_strategies();
        let mut unresolved = Vec::new();
        for live in self.live.all() {
            let_others_run().await;
            let names = live.event.strategy.names();
            for name in names.filter(|name| !loaded.contains_key(name)) {
                let unknown = StrategyError::Unknown {
                    name: name.to_string(),
                    loaded: loaded.keys().map(ToString::to_string).collect(),
                };
                unresolved.push((Arc::clone(&live), unknown.into()));
            }
            if let Err(error) = self.sources.check_attached(&live.event) {
                unresolved.push((live, error.into()));
            }
        }
        unresolved
    }

    /// Asks the strategies whether they still accept their events' options, and lists the events that they reject.
    ///
    /// Asks once about equal options, and does not ask a failed strategy again, because its scans would wait for it.
    pub async fn check_options(&self) -> Vec<(Arc<LiveEvent>, EventTrouble)> {
        let events = self.live.all();
        let (mut asked, mut failing) = (HashMap::new(), HashSet::new());
        let mut troubled = Vec::new();
        for live in &events {
            let_others_run().await;
            let CheckInStrategy::One(strategy) = &live.event.strategy;
            if failing.contains(strategy) {
                continue;
            }
            let checked = match asked.entry((strategy, &live.rule.options)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let strategies = &self.ports.strategies;
                    let options = &live.event.strategy_options;
                    unknown.insert(strategies.check_options(strategy, options).await)
                }
            };
            match checked {
                Ok(()) => self.rejections.forget(&live.event),
                // Strategies that are not loaded are already listed as missing.
                Err(StrategyError::Unknown { .. }) => {}
                Err(StrategyError::Rejected(words)) => {
                    self.rejections.note(&live.event, words.clone());
                    let rejected = EventTrouble::Rejected(live.event.strategy.clone());
                    troubled.push((Arc::clone(live), rejected));
                }
                Err(error @ StrategyError::Failed { .. }) => {
                    failing.insert(strategy);
                    troubled.push((Arc::clone(live), error.clone().into()));
                }
            }
        }
        troubled
    }

    /// Returns the strategies that events may name, and those that are being loaded.
    pub(super) fn usable_strategies(&self) -> Usable {
        let rows = self.ports.strategies.plugins().into_iter();
        let usable = rows.filter(|row| match row.state {
            PluginState::Loading => true,
            state => state.serves() && row.kind == Some(PluginKind::Strategy),
        });
        usable
            .map(|row| (StrategyName::of_plugin(&row.name), row.state))
            .collect()
    }
}
