//! The import of one source's tickets into one event.

use gatewit_domain::id::{EventId, TicketId};

use crate::events::Events;
use crate::live_sources::LiveSource;
use crate::ports::Ports;
use crate::tickets::Tickets;

/// An import in progress.
pub(super) struct SourceImport<'a> {
    pub ports: &'a Ports,
    pub events: &'a Events,
    pub tickets: &'a Tickets,
    pub source: &'a LiveSource,
    pub event: EventId,
}

impl SourceImport<'_> {
    /// Returns the id that the ticket with this reference has at the event: one for all spellings of it.
    pub fn id_of(&self, reference: &str) -> TicketId {
        TicketId::of_source(self.event, &self.source.name, reference)
    }
}
