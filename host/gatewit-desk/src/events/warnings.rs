//! Warnings for an event's organizers. `gatewit-api.md` §3.

use std::sync::Arc;

use gatewit_domain::id::EventId;
use gatewit_domain::source::SourceName;
use gatewit_domain::window::StrategyName;

use super::Events;
use super::source_fit::own_types;
use crate::live_events::LiveEvent;
use crate::live_sources::{ImportState, LiveSource};

/// How many dates of a series a warning names, and how many letters of each.
const SUB_EVENTS_NAMED: usize = 5;
const SUB_EVENT_LETTERS: usize = 40;

impl Events {
    /// Returns, as sentences, the event's settings that are rarely intended, and what it lacks.
    pub fn warnings(&self, live: &LiveEvent) -> Vec<String> {
        self.warnings_with(live, &self.loaded_strategies())
    }

    /// Returns the same for each of several events.
    pub fn warnings_of_each(&self, events: &[Arc<LiveEvent>]) -> Vec<Vec<String>> {
        let loaded = self.loaded_strategies();
        let warnings = events.iter().map(|live| self.warnings_with(live, &loaded));
        warnings.collect()
    }

    fn warnings_with(&self, live: &LiveEvent, loaded: &[StrategyName]) -> Vec<String> {
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
                    warnings.extend(sub_events_warning(source));
                    warnings.extend(import_warning(source, live.event.id));
                }
                None => warnings.push(format!("the ticket source \"{name}\" is not configured")),
            }
        }
        warnings
    }
}

fn strategy_warning(strategy: &StrategyName, loaded: &[StrategyName]) -> Option<String> {
    (!loaded.contains(strategy)).then(|| {
        format!(
            "the strategy {strategy} is not loaded, so the event refuses every ticket; load its plugin"
        )
    })
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
    let named = set.sub_events().take(SUB_EVENTS_NAMED);
    let named: Vec<String> = named
        .map(|sub_event| sub_event.chars().take(SUB_EVENT_LETTERS).collect())
        .collect();
    let more = match set.sub_events().len() > SUB_EVENTS_NAMED {
        true => " and more",
        false => "",
    };
    Some(format!(
        "the ticket source \"{}\" has tickets for several dates of a series (sub-events {}{more}), and the event names \
         none of them: it refuses each of these tickets as wrong_event",
        source.name,
        named.join(", ")
    ))
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
