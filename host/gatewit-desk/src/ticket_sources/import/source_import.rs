//! The import of one source's tickets into one event.

use gatewit_domain::id::EventId;

use super::ids::TicketIds;
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
    pub ids: TicketIds,
}
