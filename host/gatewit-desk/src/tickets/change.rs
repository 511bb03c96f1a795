//! Changes an existing ticket: its state, its holder, its code. `gatewit-api.md` §4.

use std::sync::Arc;

use gatewit_domain::id::TicketId;
use gatewit_domain::problem::{Problem, TicketCode};
use gatewit_domain::ticket::{Ticket, TicketAction, TicketChange};

use super::{ShownTicket, Tickets};
use crate::caller::Caller;
use crate::changes::{Changes, retry};
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::tables::{CREDENTIAL_CODES, EventTicket, TICKETS};

impl Tickets {
    /// Cancels, refunds or reinstates a ticket. A withdrawn ticket leaves its codes to others, so that it cannot be
    /// reinstated once one of them has taken them.
    pub async fn act(
        &self,
        caller: &Caller,
        id: TicketId,
        action: TicketAction,
    ) -> Result<ShownTicket, DeskError> {
        self.edit(caller, id, |ticket| {
            ticket.state = ticket.state.after(action).map_err(DeskError::Conflict)?;
            Ok(())
        })
        .await
    }

    /// Sets the ticket's fields that the change names, all in one commit. Fields that come from a ticketing system are
    /// changed there.
    pub async fn change(
        &self,
        caller: &Caller,
        id: TicketId,
        change: TicketChange,
    ) -> Result<ShownTicket, DeskError> {
        self.edit(caller, id, |ticket| {
            if let Some(origin) = &ticket.origin {
                let source = &origin.source;
                let words = format!(
                    "ticket {id} comes from the ticket source \"{source}\": change it there; the next sync brings it here"
                );
                return Err(DeskError::Conflict(Problem::new(TicketCode::OfSource, words)));
            }
            let change = change.clone().check();
            ticket.apply(change.map_err(DeskError::Unacceptable)?);
            Ok(())
        })
        .await
    }

    /// Changes a ticket, its codes and its index entries in one commit.
    async fn edit(
        &self,
        caller: &Caller,
        id: TicketId,
        edit: impl Fn(&mut Ticket) -> Result<(), DeskError>,
    ) -> Result<ShownTicket, DeskError> {
        let (live, ticket) = retry(|| self.try_edit(caller, id, &edit)).await?;
        self.shown(&live, ticket).await
    }

    async fn try_edit(
        &self,
        caller: &Caller,
        id: TicketId,
        edit: impl Fn(&mut Ticket) -> Result<(), DeskError>,
    ) -> Result<Option<(Arc<LiveEvent>, Ticket)>, DeskError> {
        let stored = self.with_id(id).await?;
        let stored = stored.ok_or_else(|| DeskError::not_found("ticket", id))?;
        let live = self.events.managed(caller, stored.value.event_id)?;
        let mut ticket = stored.value.clone();
        edit(&mut ticket)?;
        if ticket == stored.value {
            return Ok(Some((live, ticket)));
        }
        let mut claim = self.moved_codes(&live, &stored.value, &ticket).await?;
        claim.guards.push(stored.unchanged());
        let key = EventTicket(live.event.id, id);
        claim.writes.push(TICKETS.put(&key, &ticket));
        let is_done = self.commit_edit(claim, &stored.value, &ticket).await?;
        Ok(is_done.then_some((live, ticket)))
    }

    /// Returns how an edit changes the claimed codes of a ticket.
    async fn moved_codes(
        &self,
        live: &LiveEvent,
        before: &Ticket,
        after: &Ticket,
    ) -> Result<Changes, DeskError> {
        let mut moved = Changes::default();
        let code = before.credential_code.as_ref();
        if let Some(code) = code.filter(|code| after.credential_code.as_ref() != Some(*code)) {
            moved = self
                .release_code(live, &CREDENTIAL_CODES, code, before.id)
                .await?;
        }
        // Until it is reinstated, a withdrawn ticket may bear a code that belongs to another.
        if !after.state.is_withdrawn() {
            moved.add(self.claim_codes(live, after).await?);
        }
        Ok(moved)
    }

    async fn commit_edit(
        &self,
        claim: Changes,
        before: &Ticket,
        after: &Ticket,
    ) -> Result<bool, DeskError> {
        let (before, after) = (std::slice::from_ref(before), std::slice::from_ref(after));
        let event = after[0].event_id;
        self.index(event, after).await;
        let commit = claim.commit(self.ports.store()).await;
        if !matches!(commit, Ok(true)) {
            self.index(event, before).await;
        }
        commit
    }
}
