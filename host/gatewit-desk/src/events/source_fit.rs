//! Whether an event fits the sources that it imports: their days, types and dates.

use std::borrow::Cow;
use std::collections::HashSet;

use gatewit_domain::event::Event;
use gatewit_domain::identifier::fold;
use gatewit_domain::source::SourceName;

use super::Events;
use super::ticket_types::listed_type;
use crate::live_events::LiveEvent;
use crate::live_sources::LiveSource;

impl Events {
    /// Logs where a source does not fit the events that import it.
    pub(crate) fn report_fit(&self, source: &LiveSource) {
        for live in self.live.all() {
            self.report_unmatched_days(&live, &source.name);
            self.report_unknown_types(&live, &source.name);
        }
        self.report_sub_events(source);
    }

    /// Logs how many of a source's types are for days that are not days of an event that imports it. Their names come from
    /// the plugin and are not logged.
    pub(super) fn report_unmatched_days(&self, live: &LiveEvent, source: &SourceName) {
        let types = self.unmatched_days(live, source).len();
        if types > 0 {
            let event = live.event.id;
            tracing::warn!(
                source.name = %source, event.id = %event, types,
                "event {event} does not fit its ticket source {source}: {types} types of tickets are good for days that \
                 the event does not have; the event's warnings name them"
            );
        }
    }

    fn report_unknown_types(&self, live: &LiveEvent, source: &SourceName) {
        let own = own_types(&live.event);
        let tickets = self.tickets_of_unknown_types(live, &own, source);
        if tickets > 0 {
            let event = live.event.id;
            tracing::warn!(
                source.name = %source, event.id = %event, tickets,
                "event {event} refuses {tickets} tickets of ticket source {source}: neither of them lists their types"
            );
        }
    }

    /// Counts the tickets of a source that an event with these own types refuses because neither lists their types.
    pub(super) fn tickets_of_unknown_types(
        &self,
        live: &LiveEvent,
        own: &HashSet<Cow<'_, str>>,
        source: &SourceName,
    ) -> usize {
        let is_attached = live.event.ticket_sources.contains(source);
        let set = self.sources.get(source).filter(|_| is_attached);
        let Some(set) = set.and_then(|source| source.set()) else {
            return 0;
        };
        let unknown = set
            .used_types()
            .filter(|(id, _)| !own.contains(*id) && listed_type(&live.event, &set, id).is_none());
        unknown.map(|(_, tickets)| tickets).sum()
    }

    /// Returns the days of a source's types that are not days of an event, if the event imports the source.
    pub(super) fn unmatched_days(&self, live: &LiveEvent, name: &SourceName) -> Vec<String> {
        let is_attached = live.event.ticket_sources.contains(name);
        let source = self.sources.get(name).filter(|_| is_attached);
        let set = source.and_then(|source| source.set());
        set.map_or_else(Vec::new, |set| live.event.unmatched_days(name, set.types()))
    }

    /// Logs, once after each sync, which events refuse the tickets of a source because of their date.
    fn report_sub_events(&self, source: &LiveSource) {
        let count = source.set().map_or(0, |set| set.sub_events().len());
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

/// Returns the folded ids of an event's own types. Fold them once: a source may have as many types as tickets.
pub(super) fn own_types(event: &Event) -> HashSet<Cow<'_, str>> {
    let own = event.ticket_types.iter().map(|kind| fold(&kind.id));
    own.collect()
}
