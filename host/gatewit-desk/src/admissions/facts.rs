//! Finds the ticket that was presented, and reads what its admission depends on.

use futures::future::try_join;
use gatewit_domain::claims::TicketProof;
use gatewit_domain::facts::{Found, FoundTicket};
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::ports::Guard;
use gatewit_domain::scan::{Entries, Presented, Scan};
use gatewit_domain::ticket::Ticket;

use super::Admissions;
use super::resolve::ResolvedStation;
use crate::error::DeskError;
use crate::tables::{ENTRIES, EventTicket, Stored, TICKET_ENTRIES};
use crate::ticket_sources::Wanted;

/// What a presented text says by itself, before anything is read.
pub(super) enum Named {
    /// It is signed, or staff found the ticket: this ticket of this event.
    Ticket(EventId, TicketId),
    /// It looks signed, and is not.
    Forged,
    /// It is not signed: perhaps a code.
    Code,
}

/// A ticket as stored, with its entries; None if there is no such ticket.
pub(super) struct TicketRead {
    ticket: Option<Stored<Ticket>>,
    entries: EntriesRead,
}

/// The entries of a ticket, and a guard that holds until they change.
struct EntriesRead {
    entries: Entries,
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
    /// Verifies what was presented. Reads nothing from the store.
    pub(super) fn named(&self, scan: &Scan) -> Named {
        let text = match &scan.presented {
            Presented::Ticket(id) => return Named::Ticket(scan.station.event, *id),
            Presented::Token(code) => Some(code.as_str()),
            Presented::TooLong { token, .. } => token.as_deref(),
        };
        let header = text.and_then(|text| Some((text, self.ports.signer.header(text)?)));
        let Some((text, header)) = header else {
            return Named::Code;
        };
        match self.verified(text, header.event) {
            Some(proof) => Named::Ticket(proof.event_id, proof.ticket_instance_id),
            None => Named::Forged,
        }
    }

    /// Reads the ticket that was named, if one was.
    pub(super) async fn read_named(&self, named: &Named) -> Result<Option<TicketRead>, DeskError> {
        match named {
            Named::Ticket(event, id) => self.read_ticket(*event, *id).await.map(Some),
            Named::Forged | Named::Code => Ok(None),
        }
    }

    /// Finds the ticket that was presented. Looks nothing up, here or there, for a scanner that may not scan.
    pub(super) async fn find(
        &self,
        scan: &Scan,
        station: &ResolvedStation,
        named: Named,
        read: Option<TicketRead>,
    ) -> Result<Reads, DeskError> {
        let is_found_by_staff = matches!(scan.presented, Presented::Ticket(_));
        match (named, read, &scan.presented) {
            _ if !station.may_scan => Ok(Found::Nothing.into()),
            (Named::Code, _, Presented::Token(code)) => {
                self.find_code(code.as_str(), station).await
            }
            (Named::Code, ..) => Ok(station.unknown_code().into()),
            _ if !is_found_by_staff && !station.takes_qr_codes() => Ok(Found::Nothing.into()),
            (_, Some(read), _) => self.judge(read, station).await,
            (_, None, _) => Ok(Found::Forged.into()),
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
        match self.tickets.by_code(event, station.field, code).await? {
            Some(id) => {
                self.judge(self.read_ticket(event, id).await?, station)
                    .await
            }
            None => Ok(station.unknown_code().into()),
        }
    }

    /// Reads a ticket and its entries.
    async fn read_ticket(&self, event: EventId, id: TicketId) -> Result<TicketRead, DeskError> {
        let ticket = self.tickets.stored(&id);
        let (ticket, entries) = try_join(ticket, self.read_entries(event, id)).await?;
        Ok(TicketRead { ticket, entries })
    }

    async fn read_entries(&self, event: EventId, id: TicketId) -> Result<EntriesRead, DeskError> {
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
            return Ok(Found::Nothing.into());
        };
        let is_of_event = stored.value.event_id == live.event.id;
        if !is_of_event || self.events.is_for_another_date(&stored.value) {
            return Ok(Found::Elsewhere.into());
        }
        let guards = vec![read.entries.unchanged, stored.unchanged()];
        let ticket = stored.value;
        let held = FoundTicket {
            windows: self.events.windows_of(live, &ticket).await?,
            entries: read.entries.entries,
            source_type: self.events.source_type(live, &ticket),
            ticket,
        };
        let found = Found::Ticket(Box::new(held));
        Ok(Reads { found, guards })
    }

    /// Verifies a ticket's token with the key of the event that it names.
    fn verified(&self, token: &str, event: Option<EventId>) -> Option<TicketProof> {
        let live = self.events.find(event?)?;
        let proof = live.key.as_ref()?.verify_ticket(token)?;
        (proof.event_id == live.event.id).then_some(proof)
    }
}
