//! Finds the type of a ticket at an event: declared by the event, else by one of its sources.

use std::sync::Arc;

use gatewit_domain::attendees::SourceSet;
use gatewit_domain::event::{Event, TicketType};
use gatewit_domain::identifier::is_same;
use gatewit_domain::source::{GUEST_TYPE, SourceName};
use gatewit_domain::ticket::Ticket;

use super::Events;
use crate::live_events::LiveEvent;

impl Events {
    /// Returns the type with this id: the event's own, else the first of its sources that has one.
    pub(crate) fn ticket_type(&self, live: &LiveEvent, id: &str) -> Option<Arc<TicketType>> {
        let own = live
            .event
            .ticket_type(id)
            .map(|kind| Arc::new(kind.clone()));
        let of_source = |name: &SourceName| self.type_of_source(live, name, id);
        own.or_else(|| live.event.ticket_sources.iter().find_map(of_source))
    }

    /// Returns a ticket's type at its event.
    pub(crate) fn ticket_type_of(
        &self,
        live: &LiveEvent,
        ticket: &Ticket,
    ) -> Option<Arc<TicketType>> {
        let own = live.event.ticket_type(&ticket.type_id);
        let own = own.map(|kind| Arc::new(kind.clone()));
        own.or_else(|| self.source_type(live, ticket))
    }

    /// Returns a ticket's type as its source declares it, if the event does not declare it itself.
    pub(crate) fn source_type(&self, live: &LiveEvent, ticket: &Ticket) -> Option<Arc<TicketType>> {
        let origin = ticket.origin.as_ref()?;
        match live.event.ticket_type(&ticket.type_id) {
            Some(_) => None,
            None => self.type_of_source(live, &origin.source, &ticket.type_id),
        }
    }

    /// Whether a ticket is for one date of a series while its source sells another one, too. Events cannot name their date
    /// yet, so no event lets it in.
    pub(crate) fn is_for_another_date(&self, ticket: &Ticket) -> bool {
        let Some(origin) = &ticket.origin else {
            return false;
        };
        let Some(own) = &origin.sub_event else {
            return false;
        };
        // A ticket whose source is not configured is refused for that.
        let Some(source) = self.sources.get(&origin.source) else {
            return false;
        };
        let set = source.set();
        set.is_none_or(|set| set.sub_events().any(|sub_event| sub_event != own))
    }

    /// Whether a ticket was issued here, or its source is configured.
    pub(crate) fn has_source_of(&self, ticket: &Ticket) -> bool {
        let origin = ticket.origin.as_ref();
        origin.is_none_or(|origin| self.sources.get(&origin.source).is_some())
    }

    fn type_of_source(
        &self,
        live: &LiveEvent,
        source: &SourceName,
        id: &str,
    ) -> Option<Arc<TicketType>> {
        let set = self.sources.get(source)?.set()?;
        listed_type(&live.event, &set, id).cloned()
    }
}

/// Returns a type of a source. If the event lists types and the source does not, a type that only tickets name may be
/// misspelt, and is unknown.
pub(super) fn listed_type<'s>(
    event: &Event,
    set: &'s SourceSet,
    id: &str,
) -> Option<&'s Arc<TicketType>> {
    let is_listed = set.lists_types() || event.ticket_types.is_empty() || is_same(id, GUEST_TYPE);
    set.ticket_type(id).filter(|_| is_listed)
}
