//! Warnings for an event's organizers. `gatewit-api.md` §3.

use std::sync::Arc;

use gatewit_domain::id::EventId;
use gatewit_domain::plugin::PluginState;
use gatewit_domain::source::SourceName;
use gatewit_domain::window::StrategyName;

use super::Events;
use super::declared::Usable;
use super::source_fit::own_types;
use crate::live_events::LiveEvent;
use crate::live_sources::{ImportState, LiveSource};

/// How many dates of a series, or types of tickets, a warning names, and how many letters of each.
const NAMED: usize = 5;
const NAME_LETTERS: usize = 40;

impl Events {
    /// Returns, as sentences, the event's settings that are rarely intended, and what it lacks.
    pub fn warnings(&self, live: &LiveEvent) -> Vec<String> {
        self.warnings_with(live, &self.usable_strategies())
    }

    /// Returns the same for each of several events.
    pub fn warnings_of_each(&self, events: &[Arc<LiveEvent>]) -> Vec<Vec<String>> {
        let loaded = self.usable_strategies();
        let warnings = events.iter().map(|live| self.warnings_with(live, &loaded));
        warnings.collect()
    }

    fn warnings_with(&self, live: &LiveEvent, loaded: &Usable) -> Vec<String> {
        let mut warnings = live.event.overlaps();
        warnings.extend(live.door_warnings.get().into_iter().flatten().cloned());
        let strategies = live.event.strategy.names();
        warnings.extend(strategies.filter_map(|name| strategy_warning(name, loaded)));
        let own = own_types(&live.event);
        for name in &live.event.ticket_sources {
            warnings.extend(self.unmatched_days(live, name));
            warnings.extend(types_warning(
                name,
                self.tickets_of_unknown_types(live, &own, name),
            ));
            match self.sources.get(name) {
                Some(source) => {
                    warnings.extend(sub_events_warning(&source));
                    warnings.extend(day_passes_warning(&source));
                    warnings.extend(import_warning(&source, live.event.id));
                }
                None => warnings.push(format!("the ticket source \"{name}\" is not configured")),
            }
        }
        warnings
    }
}

fn strategy_warning(strategy: &StrategyName, loaded: &Usable) -> Option<String> {
    match loaded.get(strategy) {
        None => Some(format!(
            "the strategy {strategy} is not loaded, so the event refuses every ticket; load its plugin"
        )),
        Some(PluginState::Failing) => Some(format!(
            "the strategy {strategy} fails, so the event refuses tickets for which it has given no windows before; \
             GET /api/v1/plugins shows operators how"
        )),
        Some(_) => None,
    }
}

fn types_warning(source: &SourceName, tickets: usize) -> Option<String> {
    (tickets > 0).then(|| {
        format!(
            "the source \"{source}\" has tickets of types that neither it nor the event lists: the event refuses \
             them ({tickets}); add the types to ticketTypes, or correct the tickets"
        )
    })
}

fn sub_events_warning(source: &LiveSource) -> Option<String> {
    let set = source.set().filter(|set| set.sub_events().len() > 1)?;
    let named = listed(set.sub_events());
    Some(format!(
        "the ticket source \"{}\" has tickets for several dates of a series (sub-events {named}), and the event names \
         none of them: it refuses each of these tickets as wrong_event",
        source.name,
    ))
}

fn day_passes_warning(source: &LiveSource) -> Option<String> {
    let set = source.set()?;
    let mut dayless = set.dayless_day_passes().map(|kind| &*kind.name).peekable();
    dayless.peek()?;
    Some(format!(
        "types of the ticket source \"{}\" call themselves day passes and name no day, so they are good for every day: {}",
        source.name,
        listed(dayless)
    ))
}

/// Lists the first few names, each cut to a few letters.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut names = names.map(|name| name.chars().take(NAME_LETTERS).collect::<String>());
    let named: Vec<String> = names.by_ref().take(NAMED).collect();
    let more = match names.next() {
        Some(_) => " and more",
        None => "",
    };
    named.join(", ") + more
}

fn import_warning(source: &LiveSource, event: EventId) -> Option<String> {
    let name: &SourceName = &source.name;
    if source.schedule().trouble.is_some() {
        return Some(format!(
            "the ticket source \"{name}\" cannot be read now; its tickets that were read before still count, and the log \
             says why"
        ));
    }
    if source.set().is_none() {
        return Some(format!(
            "the ticket source \"{name}\" has not been read yet"
        ));
    }
    let words = match source.import_state(event)? {
        ImportState::Running => {
            format!("the tickets of the source \"{name}\" are still being taken in")
        }
        ImportState::Failed => format!(
            "not all tickets of the source \"{name}\" could be taken in; the next sync tries again, and the log says why"
        ),
    };
    Some(words)
}
