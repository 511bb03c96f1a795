//! Warnings for an event's organizers, some of which are also logged. `gatewit-api.md` §3.

use super::sources::LiveSource;
use super::{Desk, LiveEvent};
use gatewit_domain::event::MissedDays;
use gatewit_domain::id::EventId;
use gatewit_domain::source::SourceName;
use gatewit_domain::window::Holder;

/// How many dates of a series a warning names, and how many letters of each.
const SUB_EVENTS_NAMED: usize = 5;
const SUB_EVENT_LETTERS: usize = 40;

/// Why an event lacks tickets of one of its sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// They are being imported.
    UnderWay,
    /// They could not be imported.
    Failed,
}

impl Desk {
    /// Returns, as sentences, the event's settings that are rarely intended, and what it lacks.
    pub fn warnings(&self, live: &LiveEvent) -> Vec<String> {
        let mut warnings = live.event.overlaps();
        warnings.extend(live.door_warnings.get().into_iter().flatten().cloned());
        warnings.extend(self.strategy_warning(live));
        for name in &live.event.ticket_sources {
            warnings.extend(self.unmatched_days(live, name));
            warnings.extend(self.types_warning(live, name));
            match self.sources.get(name) {
                Some(source) => {
                    warnings.extend(sub_events_warning(source));
                    warnings.extend(lack_warning(source, live.event.id));
                }
                None => warnings.push(format!("the ticket source \"{name}\" is not configured")),
            }
        }
        warnings
    }

    fn strategy_warning(&self, live: &LiveEvent) -> Option<String> {
        let strategy = &live.event.strategy;
        let is_loaded = self.loaded_strategies().contains(strategy);
        (!is_loaded).then(|| {
            format!("the strategy {strategy} is not loaded, so the event refuses every ticket; load its plugin")
        })
    }

    fn types_warning(&self, live: &LiveEvent, source: &SourceName) -> Option<String> {
        let tickets = self.tickets_of_unknown_types(live, source);
        (tickets > 0).then(|| {
            format!(
                "the source \"{source}\" has tickets of types that neither it nor the event lists: the event refuses \
                 them ({tickets}); add the types to ticketTypes, or correct the tickets"
            )
        })
    }

    /// Computes the windows for every ticket type, and notes those that never meet their day. False if the strategy
    /// failed: the scan then asks it again and reports the failure.
    pub(super) async fn warm(&self, live: &LiveEvent) -> bool {
        let mut missed = MissedDays::default();
        let types = live.event.ticket_types.iter().map(Some);
        let no_type = live.event.ticket_types.is_empty().then_some(None);
        for kind in types.chain(no_type) {
            let holder = Holder {
                ticket_type: kind.map(|kind| kind.id.clone()).unwrap_or_default(),
                attributes: Vec::new(),
            };
            let answer = self.ports.strategies.windows(&live.rule, &holder).await;
            let Ok(answer) = answer else { return false };
            missed.add(&live.event, kind, &answer.windows);
        }
        // If the event was warmed before, the warnings are the same.
        let _ = live.door_warnings.set(missed.warnings(&live.event));
        true
    }

    /// Logs, once after each sync, which events refuse the tickets of a source because of their date.
    pub(super) fn log_sub_events(&self, source: &LiveSource) {
        let count = sub_events(source);
        if count < 2 {
            return;
        }
        let has_source = |live: &LiveEvent| live.event.ticket_sources.contains(&source.name);
        for live in self.live.all().iter().filter(|live| has_source(live)) {
            let (name, event) = (&source.name, live.event.id);
            tracing::warn!(
                source.name = %name, event.id = %event, sub_events = count,
                "ticket source {name} has tickets for several dates of a series, and event {event} names none: it refuses \
                 each as wrong_event"
            );
        }
    }
}

fn sub_events(source: &LiveSource) -> usize {
    source.set().map_or(0, |set| set.sub_events().len())
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

fn lack_warning(source: &LiveSource, event: EventId) -> Option<String> {
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
    let words = match source.lack(event)? {
        Lack::UnderWay => format!("the tickets of the source \"{name}\" are still being taken in"),
        Lack::Failed => format!(
            "not all tickets of the source \"{name}\" could be taken in; the next sync tries again, and the log says why"
        ),
    };
    Some(words)
}
