//! Finds the ticket that was presented, and reads what its admission depends on.

use std::sync::Arc;

use futures::future::{try_join, try_join_all};
use gatewit_domain::claims::TicketProof;
use gatewit_domain::facts::{Found, FoundTicket};
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::ports::Guard;
use gatewit_domain::scan::{Entries, Presented, Scan};
use gatewit_domain::ticket::Ticket;
use gatewit_domain::window::{StrategyError, WindowsAnswer};

use super::Admissions;
use super::resolve::ResolvedStation;
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::tables::{ENTRIES, EventTicket, Stored, TICKET_ENTRIES};
use crate::ticket_sources::Wanted;

/// A ticket as stored, with its entries; None if the event has no such ticket.
struct TicketRead {
    id: TicketId,
    ticket: Option<Stored<Ticket>>,
    entries: EntriesRead,
}

/// The entries of a ticket, and a guard that holds until they change.
pub(super) struct EntriesRead {
    pub entries: Entries,
    unchanged: Guard,
}

/// The ticket that was found, and guards that hold while it is unchanged.
pub(super) struct Reads {
    pub found: Found,
    pub guards: Vec<Guard>,
}

impl From<Found> for Reads {
    /// A result that depends on no ticket.
    fn from(found: Found) -> Self {
        let guards = Vec::new();
        Self { found, guards }
    }
}

impl Admissions {
    /// Finds the ticket that was presented. Looks nothing up, here or there, for a scanner that may not scan.
    pub(super) async fn find(
        &self,
        scan: &Scan,
        station: &ResolvedStation,
    ) -> Result<Reads, DeskError> {
        if !station.may_scan {
            return Ok(Found::Nothing.into());
        }
        let signed = match &scan.presented {
            Presented::Ticket(id) => Some(Ok((scan.station.event, *id))),
            Presented::Token(code) => match self.signed(code.as_str(), station) {
                None => return self.find_code(code.as_str(), station).await,
                signed => signed,
            },
            Presented::TooLong { token, .. } => {
                let token = token.as_deref();
                token.and_then(|token| self.signed(token, station))
            }
        };
        match signed.unwrap_or_else(|| Err(station.unknown_code())) {
            Ok((event, id)) => {
                self.judge(self.read_ticket(event, id).await?, station)
                    .await
            }
            Err(found) => Ok(found.into()),
        }
    }

    /// Finds the ticket with a code that is not signed. If it is unknown, a ticketing system may have sold it just now:
    /// asks the event's sources and imports what they return.
    async fn find_code(&self, code: &str, station: &ResolvedStation) -> Result<Reads, DeskError> {
        let reads = self.find_known_code(code, station).await?;
        let is_unknown = matches!(reads.found, Found::Nothing | Found::Forged);
        if is_unknown && station.takes_qr_codes() {
            let wanted = Wanted::Code(code);
            if self.sources.import_looked_up(&station.event, wanted).await {
                return self.find_known_code(code, station).await;
            }
        }
        Ok(reads)
    }

    async fn find_known_code(
        &self,
        code: &str,
        station: &ResolvedStation,
    ) -> Result<Reads, DeskError> {
        let event = station.event.event.id;
        let meanings = self.tickets.code_meanings(event, station.field, code);
        let meanings = meanings.await?;
        let tickets = meanings.tickets();
        let reads = tickets.iter().map(|id| self.read_ticket(event, *id));
        let reads = try_join_all(reads).await?;
        let found = reads.iter().filter_map(|read| read.ticket.as_ref());
        let found: Vec<_> = found.map(|stored| &stored.value).collect();
        let meant = meanings.meant(&found);
        match reads.into_iter().find(|read| Some(read.id) == meant) {
            Some(read) => self.judge(read, station).await,
            None => Ok(station.unknown_code().into()),
        }
    }

    /// Reads a ticket and its entries.
    async fn read_ticket(&self, event: EventId, id: TicketId) -> Result<TicketRead, DeskError> {
        let ticket = self.tickets.stored(event, id);
        let (ticket, entries) = try_join(ticket, self.read_entries(event, id)).await?;
        Ok(TicketRead {
            id,
            ticket,
            entries,
        })
    }

    pub(super) async fn read_entries(
        &self,
        event: EventId,
        id: TicketId,
    ) -> Result<EntriesRead, DeskError> {
        let key = EventTicket(event, id);
        let counted = TICKET_ENTRIES.key(&key);
        let rows = self.ports.store().scan(&counted, None, usize::MAX).await?;
        let mut read = EntriesRead {
            entries: Entries::default(),
            unchanged: Guard::Absent(counted.clone()),
        };
        for (key, bytes) in rows {
            match key == counted {
                true => read.unchanged = Guard::Unchanged(key, bytes),
                false => read.entries.0.push(ENTRIES.decode(&key, &bytes)?),
            }
        }
        Ok(read)
    }

    /// Adds what else the admission of a ticket depends on.
    async fn judge(&self, read: TicketRead, station: &ResolvedStation) -> Result<Reads, DeskError> {
        let live = &*station.event;
        let Some(stored) = read.ticket else {
            let elsewhere = self.tickets.with_id(read.id).await?;
            return Ok(elsewhere
                .map_or(Found::Nothing, |_| Found::Elsewhere)
                .into());
        };
        if stored.value.event_id != live.event.id {
            return Ok(Found::Elsewhere.into());
        }
        let guards = vec![read.entries.unchanged, stored.unchanged()];
        let windows = self.events.windows_of(live, &stored.value).await?;
        let found = self.held(live, stored.value, read.entries.entries, windows);
        Ok(Reads { found, guards })
    }

    /// Returns a ticket of an event with what else its admission depends on.
    pub(super) fn held(
        &self,
        live: &LiveEvent,
        ticket: Ticket,
        entries: Entries,
        windows: Result<Arc<WindowsAnswer>, StrategyError>,
    ) -> Found {
        if self.events.is_for_another_date(&ticket) {
            return Found::Elsewhere;
        }
        Found::Ticket(Box::new(FoundTicket {
            windows,
            entries,
            source_type: self.events.source_type(live, &ticket),
            has_source: self.events.has_source_of(&ticket),
            ticket,
        }))
    }

    /// Returns the ticket that a signed code names and its event, or what is wrong with it; None if the text is not a
    /// signed code.
    fn signed(
        &self,
        text: &str,
        station: &ResolvedStation,
    ) -> Option<Result<(EventId, TicketId), Found>> {
        let header = self.ports.signer.header(text)?;
        if !station.takes_qr_codes() {
            return Some(Err(Found::Nothing));
        }
        let proof = self.verified(text, header.event);
        let named = proof.map(|proof| (proof.event_id, proof.ticket_instance_id));
        Some(named.ok_or(Found::Forged))
    }

    /// Verifies a ticket's token with the key of the event that it names.
    fn verified(&self, token: &str, event: Option<EventId>) -> Option<TicketProof> {
        let live = self.events.find(event?)?;
        let proof = live.key.as_ref()?.verify_ticket(token)?;
        (proof.event_id == live.event.id).then_some(proof)
    }
}
