//! Which ticket of an event a code belongs to: one that is neither cancelled nor refunded. `gatewit-api.md` §4.
//!
//! A withdrawn ticket is still found by its code, so that a scan reports its state, until another ticket takes over the
//! code. If an issue of many tickets takes it over, the withdrawn ticket has the code until the issue is done, and keeps
//! it if the issue is rolled back.

use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::problem::{Problem, TicketCode};
use gatewit_domain::scanned::clean;
use gatewit_domain::ticket::{Origin, Ticket};

use super::Tickets;
use crate::changes::Changes;
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::tables::{
    CREDENTIAL_CODES, CodeHolder, EventCode, EventTicket, Stored, TICKET_CODES, TICKETS, Table,
};

impl Tickets {
    /// Returns the claim of a code of `table` for a ticket; None if another ticket of the event has the code.
    ///
    /// The claim writes nothing if the ticket has the code already. It records the former holder, for as long as the
    /// ticket's issue is not done.
    pub(crate) async fn claim_code(
        &self,
        live: &LiveEvent,
        table: &Table<CodeHolder, EventCode>,
        code: &str,
        ticket: TicketId,
    ) -> Result<Option<Changes>, DeskError> {
        let key = code_key(live.event.id, code);
        let own = table.get(self.ports.store(), &key).await?;
        if let Some(own) = own.filter(|own| own.value.ticket() == ticket) {
            return Ok(Some(Changes {
                guards: vec![own.unchanged()],
                writes: Vec::new(),
            }));
        }
        let mut claim = Changes::default();
        let mut former = None;
        for listed in [&TICKET_CODES, &CREDENTIAL_CODES] {
            let stored = listed.get(self.ports.store(), &key).await?;
            claim.guards.push(listed.as_read(&key, stored.as_ref()));
            let Some(stored) = stored else { continue };
            let holder = stored.value.ticket();
            if holder != ticket {
                if !self.gives_up(live, holder, code, &mut claim).await? {
                    return Ok(None);
                }
                former = former.or(Some(holder));
            }
            claim.writes.push(listed.delete(&key));
        }
        // A scan point also accepts a ticket's id as a code.
        if let Ok(named) = clean(code).parse::<TicketId>()
            && named != ticket
            && !self.gives_up(live, named, code, &mut claim).await?
        {
            return Ok(None);
        }
        let holder = CodeHolder::new(ticket, former);
        claim.writes.push(table.put(&key, &holder));
        Ok(Some(claim))
    }

    /// Returns the claim of all of a ticket's codes; an error if another ticket has one.
    pub(super) async fn claim_codes(
        &self,
        live: &LiveEvent,
        ticket: &Ticket,
    ) -> Result<Changes, DeskError> {
        let credential = ticket.credential_code.iter();
        let credential = credential.map(|code| (&CREDENTIAL_CODES, code.into()));
        let of_source = ticket.origin.iter().flat_map(Origin::looked_up_codes);
        let of_source = of_source.map(|code| (&TICKET_CODES, code));
        let mut all = Changes::default();
        for (table, code) in credential.chain(of_source) {
            let claim = self.claim_code(live, table, &code, ticket.id).await?;
            let claim = claim.ok_or_else(|| code_taken(&code))?;
            all.add(claim);
        }
        Ok(all)
    }

    /// Returns the writes that free a ticket's code; empty if the ticket does not hold it.
    pub(crate) async fn release_code(
        &self,
        live: &LiveEvent,
        table: &Table<CodeHolder, EventCode>,
        code: &str,
        ticket: TicketId,
    ) -> Result<Changes, DeskError> {
        let key = code_key(live.event.id, code);
        let stored = table.get(self.ports.store(), &key).await?;
        let own = stored.filter(|stored| stored.value.ticket() == ticket);
        Ok(own.map_or_else(Changes::default, |own| Changes {
            guards: vec![own.unchanged()],
            writes: vec![table.delete(&key)],
        }))
    }

    /// Returns the writes that return a code of an issue that is rolled back to its former holder, or free it.
    pub(super) async fn return_code(
        &self,
        event: EventId,
        code: &str,
        ticket: TicketId,
    ) -> Result<Changes, DeskError> {
        let key = code_key(event, code);
        let stored = CREDENTIAL_CODES.get(self.ports.store(), &key).await?;
        let Some(own) = stored.filter(|stored| stored.value.ticket() == ticket) else {
            return Ok(Changes::default());
        };
        let mut claim = Changes {
            guards: vec![own.unchanged()],
            writes: vec![CREDENTIAL_CODES.delete(&key)],
        };
        if let Some(former) = self.former_holder(event, own.value, code).await? {
            let table = match former.value.origin {
                Some(_) => &TICKET_CODES,
                None => &CREDENTIAL_CODES,
            };
            let holder = CodeHolder::Only(former.value.id);
            claim.guards.push(former.unchanged());
            claim.writes.push(table.put(&key, &holder));
        }
        Ok(claim)
    }

    /// Finds the ticket that had a code before its holder, if it still bears the code.
    pub(super) async fn former_holder(
        &self,
        event: EventId,
        holder: CodeHolder,
        code: &str,
    ) -> Result<Option<Stored<Ticket>>, DeskError> {
        let Some(former) = holder.former() else {
            return Ok(None);
        };
        let former = self.stored(event, former).await?;
        Ok(former.filter(|former| former.value.bears(code)))
    }

    /// Whether a ticket leaves a code to another: it is withdrawn, not of the event, or no longer bears the code. Adds a
    /// guard for that to the claim.
    async fn gives_up(
        &self,
        live: &LiveEvent,
        holder: TicketId,
        code: &str,
        claim: &mut Changes,
    ) -> Result<bool, DeskError> {
        let key = EventTicket(live.event.id, holder);
        let stored = TICKETS.get(self.ports.store(), &key).await?;
        claim.guards.push(TICKETS.as_read(&key, stored.as_ref()));
        let holder = stored.map(|stored| stored.value);
        Ok(!holder.is_some_and(|holder| {
            holder.belongs_to(&live.event) && !holder.state.is_withdrawn() && holder.bears(code)
        }))
    }
}

/// The claim of a new ticket's code if no ticket ever had it, as nearly always: the commit finds out. None if the claim
/// takes a read of the store.
pub(super) fn claim_unseen(live: &LiveEvent, ticket: &Ticket) -> Option<Changes> {
    let code = ticket.credential_code.as_ref()?;
    if clean(code).parse::<TicketId>().is_ok() {
        return None;
    }
    let key = code_key(live.event.id, code);
    Some(Changes {
        guards: vec![TICKET_CODES.absent(&key), CREDENTIAL_CODES.absent(&key)],
        writes: vec![CREDENTIAL_CODES.put(&key, &CodeHolder::Only(ticket.id))],
    })
}

pub(super) fn code_taken(code: &str) -> DeskError {
    DeskError::Conflict(Problem::new(
        TicketCode::CredentialCodeTaken,
        format!(
            "another ticket of the event has the code \"{code}\"; cancel that ticket or change its code first"
        ),
    ))
}

fn code_key(event: EventId, code: &str) -> EventCode {
    EventCode(event, clean(code).to_owned())
}
