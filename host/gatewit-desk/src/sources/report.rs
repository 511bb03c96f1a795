//! Reports oddities in a source's data to the operator: in the log after each sync, and at each event.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use super::{Desk, LiveSource};
use crate::LiveEvent;
use crate::import::listed_type;
use gatewit_domain::attendees::SourceSet;
use gatewit_domain::identifier::fold;
use gatewit_domain::source::SourceName;

impl Desk {
    /// Logs what is odd about a source, and where it does not fit the events that import it.
    pub(super) fn report(&self, source: &LiveSource) {
        let Some(set) = source.set() else {
            return;
        };
        report_set(&source.name, &set);
        if set.without_codes() > 0 && !source.told_without_codes.swap(true, Ordering::Relaxed) {
            report_without_codes(&source.name, set.without_codes());
        }
        for live in self.live.all() {
            self.report_unmatched_days(&live, &source.name);
            self.report_unknown_types(&live, &source.name);
        }
        self.log_sub_events(source);
    }

    /// Logs the days of a source's types that are not days of an event that imports it.
    pub(crate) fn report_unmatched_days(&self, live: &LiveEvent, source: &SourceName) {
        let unmatched = self.unmatched_days(live, source);
        if !unmatched.is_empty() {
            let (event, unmatched) = (live.event.id, unmatched.join("; "));
            tracing::warn!(
                source.name = %source, event.id = %event,
                "event {event} does not fit its ticket source {source}: {unmatched}"
            );
        }
    }

    fn report_unknown_types(&self, live: &LiveEvent, source: &SourceName) {
        let tickets = self.tickets_of_unknown_types(live, source);
        if tickets > 0 {
            let event = live.event.id;
            tracing::warn!(
                source.name = %source, event.id = %event, tickets,
                "event {event} refuses {tickets} tickets of ticket source {source}: neither of them lists their types"
            );
        }
    }

    /// Counts the tickets of a source that an event refuses because neither lists their types.
    pub(crate) fn tickets_of_unknown_types(&self, live: &LiveEvent, source: &SourceName) -> usize {
        let is_attached = live.event.ticket_sources.contains(source);
        let set = self.sources.get(source).filter(|_| is_attached);
        let Some(set) = set.and_then(|source| source.set()) else {
            return 0;
        };
        // Folded once: a source may have as many types as tickets.
        let own = live.event.ticket_types.iter().map(|kind| fold(&kind.id));
        let own: HashSet<_> = own.collect();
        let unknown = set
            .used_types()
            .filter(|(id, _)| !own.contains(*id) && listed_type(&live.event, &set, id).is_none());
        unknown.map(|(_, tickets)| tickets).sum()
    }

    /// Returns the days of a source's types that are not days of an event, if the event imports the source.
    pub(crate) fn unmatched_days(&self, live: &LiveEvent, source: &SourceName) -> Vec<String> {
        let is_attached = live.event.ticket_sources.contains(source);
        let source = self.sources.get(source).filter(|_| is_attached);
        let set = source.and_then(|source| Some((&source.name, source.set()?)));
        set.map_or_else(Vec::new, |(name, set)| {
            live.event.unmatched_days(name, set.types())
        })
    }
}

fn report_without_codes(name: &SourceName, tickets: usize) {
    tracing::warn!(
        source.name = %name, tickets,
        "{tickets} tickets of ticket source {name} have no code of their own, so their references open the doors, and \
         anyone who knows or guesses one comes in; give each a code that cannot be guessed (in a guest list, the column code)"
    );
}

/// Logs tickets that open no door, or more doors than the name of their type suggests.
fn report_set(name: &SourceName, set: &SourceSet) {
    let unlisted = set.unlisted_types();
    if unlisted > 0 {
        tracing::warn!(
            source.name = %name, tickets = unlisted,
            "{unlisted} tickets of ticket source {name} are of types that it does not list: they open the doors only of \
             events whose ticketTypes name the type"
        );
    }
    let shared = set.shared_codes();
    if shared > 0 {
        tracing::warn!(
            source.name = %name, tickets = shared,
            "{shared} tickets of ticket source {name} bear a code that another of its tickets bears too: a scan of it \
             finds that one"
        );
    }
    let types = set.types().iter();
    let dayless = types.filter(|kind| kind.admits && kind.day_pass && kind.days.is_empty());
    let dayless: Vec<_> = dayless.map(|kind| format!("{:?}", kind.name)).collect();
    if !dayless.is_empty() {
        let dayless = dayless.join(", ");
        tracing::warn!(
            source.name = %name,
            "types of ticket source {name} call themselves day passes and name no day, so they are good for every day: \
             {dayless}"
        );
    }
}
