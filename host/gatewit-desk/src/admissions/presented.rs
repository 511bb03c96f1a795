//! Finds the ticket that was presented.

use gatewit_domain::claims::TicketProof;
use gatewit_domain::facts::{Found, FoundTicket};
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::ports::Guard;
use gatewit_domain::scan::{Presented, Scan};

use super::Admissions;
use super::station::Station;
use crate::error::DeskError;
use crate::tables::ENTRIES;
use crate::ticket_sources::Wanted;

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
    pub(super) async fn find(&self, scan: &Scan, station: &Station) -> Result<Reads, DeskError> {
        if !station.may_scan {
            return Ok(Found::Nothing.into());
        }
        let signed = match &scan.presented {
            Presented::Ticket(id) => return self.read_ticket(*id, station).await,
            Presented::Token(code) => match self.signed(code.as_str(), station) {
                Some(signed) => signed,
                None => return self.find_code(code.as_str(), station).await,
            },
            Presented::TooLong { token, .. } => {
                let signed = token
                    .as_deref()
                    .and_then(|token| self.signed(token, station));
                signed.unwrap_or_else(|| Err(station.unknown_code()))
            }
        };
        match signed {
            Ok(id) => self.read_ticket(id, station).await,
            Err(found) => Ok(found.into()),
        }
    }

    /// Finds the ticket with a code that is not signed. If it is unknown, a ticketing system may have sold it just now:
    /// asks the event's sources and imports what they return.
    async fn find_code(&self, code: &str, station: &Station) -> Result<Reads, DeskError> {
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

    async fn find_known_code(&self, code: &str, station: &Station) -> Result<Reads, DeskError> {
        let event = station.event.event.id;
        match self.tickets.by_code(event, station.field, code).await? {
            Some(id) => self.read_ticket(id, station).await,
            None => Ok(station.unknown_code().into()),
        }
    }

    /// Reads a ticket and what its admission depends on.
    async fn read_ticket(&self, id: TicketId, station: &Station) -> Result<Reads, DeskError> {
        let live = &*station.event;
        let Some(stored) = self.tickets.stored(&id).await? else {
            return Ok(Found::Nothing.into());
        };
        let is_of_event = stored.value.event_id == live.event.id;
        if !is_of_event || self.events.is_for_another_date(&stored.value) {
            return Ok(Found::Elsewhere.into());
        }
        let entries = ENTRIES.get(self.ports.store(), &id).await?;
        let guards = vec![ENTRIES.as_read(&id, entries.as_ref()), stored.unchanged()];
        let ticket = stored.value;
        let held = FoundTicket {
            windows: self.events.windows_of(live, &ticket).await,
            entries: entries.map(|stored| stored.value).unwrap_or_default(),
            source_type: self.events.source_type(live, &ticket),
            ticket,
        };
        let found = Found::Ticket(Box::new(held));
        Ok(Reads { found, guards })
    }

    /// Returns the ticket that a signed code names, or what is wrong with it; None if the text is not a signed code.
    fn signed(&self, text: &str, station: &Station) -> Option<Result<TicketId, Found>> {
        let header = self.ports.signer.header(text)?;
        if !station.takes_qr_codes() {
            return Some(Err(Found::Nothing));
        }
        let proof = self.verified(text, header.event);
        let id = proof.map(|proof| proof.ticket_instance_id);
        Some(id.ok_or(Found::Forged))
    }

    /// Verifies a ticket's token with the key of the event that it names.
    fn verified(&self, token: &str, event: Option<EventId>) -> Option<TicketProof> {
        let live = self.events.find(event?)?;
        let proof = live.key.as_ref()?.verify_ticket(token)?;
        (proof.event_id == live.event.id).then_some(proof)
    }
}
