//! Issuing tickets: all that a request asks for, or none. `gatewit-api.md` §4.

use std::collections::{BTreeSet, HashMap};

use super::ShownTicket;
use crate::claims::Claims;
use crate::event::Event;
use crate::id::{EventId, TicketId};
use crate::ports::Commit;
use crate::problem::{DeskError, Problem};
use crate::scan::Entries;
use crate::service::{ATTEMPTS_MAX, Caller, Desk};
use crate::tables::{
    CREDENTIAL_CODES, EVENT_TICKETS, EventTicket, ORDERS, OrderTicket, SERIES, TICKET_CODES,
    TICKET_TOKENS, TICKETS, within,
};
use crate::ticket::{Ticket, TicketDraft, TicketNumbers};

/// The most tickets one request may issue.
const ISSUE_MAX: usize = 50_000;
/// The series of booking references, beside those of ticket types: no type's id is empty.
const BOOKINGS: &str = "";

impl Desk {
    /// Issues one ticket.
    pub async fn issue_ticket(
        &self,
        caller: &Caller,
        event: EventId,
        draft: TicketDraft,
    ) -> Result<ShownTicket, DeskError> {
        let mut issued = self.issue_tickets(caller, event, vec![draft]).await?;
        Ok(issued.remove(0))
    }

    /// Issues every ticket of the request, or none.
    pub async fn issue_tickets(
        &self,
        caller: &Caller,
        event: EventId,
        drafts: Vec<TicketDraft>,
    ) -> Result<Vec<ShownTicket>, DeskError> {
        let live = self.managed(caller, event)?;
        let key = live.published_key()?.clone();
        let drafts = check_drafts(&live.event, drafts)?;
        let tickets = self.number(&live.event, drafts).await?;
        let claims = tickets.iter().map(|ticket| claims(&live.event, ticket));
        let tokens = key.sign(claims.collect::<Result<_, _>>()?).await?;
        self.keep_issued(event, &tickets, &tokens).await?;
        self.warm_holders(&live, &tickets).await;
        let shown = tickets.into_iter().zip(tokens);
        Ok(shown
            .map(|(ticket, token)| {
                self.show_ticket(&live, ticket, &Entries::default(), Some(token))
            })
            .collect())
    }

    /// Gives each draft the next number of its type, and one for a booking reference. Numbers of a request that fails
    /// later stay unused.
    async fn number(
        &self,
        event: &Event,
        drafts: Vec<TicketDraft>,
    ) -> Result<Vec<Ticket>, DeskError> {
        let mut wanted = HashMap::from([(BOOKINGS, drafts.len() as u64)]);
        for draft in &drafts {
            *wanted.entry(&draft.ticket_type_id).or_default() += 1;
        }
        let mut next = HashMap::new();
        for (type_id, count) in wanted {
            let first = self.reserve(event.id, type_id, count).await?;
            next.insert(type_id.to_owned(), first);
        }
        let now = self.now();
        // Ids of one moment are in no order, and tickets are listed in the order of their ids.
        let mut ids: Vec<_> = drafts.iter().map(|_| TicketId::new(now)).collect();
        ids.sort_unstable();
        let mut take = |series: &str| {
            let number = next.entry(series.to_owned()).or_default();
            *number += 1;
            *number - 1
        };
        let numbered = drafts.into_iter().zip(ids).map(|(draft, id)| {
            let kind = known_type(event, &draft.ticket_type_id)?;
            let numbers = TicketNumbers {
                series: take(&draft.ticket_type_id),
                booking: take(BOOKINGS),
            };
            Ok(Ticket::issue(id, draft, kind, numbers, event.id, now))
        });
        numbered.collect()
    }

    /// Takes `count` numbers of a type's series and tells the first. Types that read alike in capitals share a series.
    async fn reserve(&self, event: EventId, type_id: &str, count: u64) -> Result<u64, DeskError> {
        let key = within(&event, &type_id.to_uppercase());
        for _ in 0..ATTEMPTS_MAX {
            let stored = SERIES.get(self.store(), &key).await?;
            let last = stored.as_ref().map_or(0, |stored| stored.value);
            let guards = vec![SERIES.as_read(&key, stored.as_ref())];
            let writes = vec![SERIES.put(&key, &(last + count))];
            if self.store().commit(guards, writes).await? == Commit::Done {
                return Ok(last + 1);
            }
        }
        Err(DeskError::contended())
    }

    async fn keep_issued(
        &self,
        event: EventId,
        tickets: &[Ticket],
        tokens: &[String],
    ) -> Result<(), DeskError> {
        let mut guards = Vec::new();
        let mut writes = Vec::new();
        let mut codes = Vec::new();
        for (ticket, token) in tickets.iter().zip(tokens) {
            writes.push(TICKETS.put(&ticket.id, ticket));
            writes.push(TICKET_TOKENS.put(&ticket.id, token));
            writes.push(EVENT_TICKETS.put(&EventTicket(event, ticket.id), &()));
            let order = OrderTicket(event, ticket.booking_reference.clone(), ticket.id);
            writes.push(ORDERS.put(&order, &()));
            if let Some(code) = &ticket.credential_code {
                let key = within(&event, code);
                guards.push(CREDENTIAL_CODES.absent(&key));
                guards.push(TICKET_CODES.absent(&key));
                writes.push(CREDENTIAL_CODES.put(&key, &ticket.id));
                codes.push(code);
            }
        }
        self.note_issued(event, tickets).await;
        let commit = self.store().commit(guards, writes).await;
        if !matches!(commit, Ok(Commit::Done)) {
            self.index.forget(event, tickets);
        }
        match commit? {
            Commit::Done => Ok(()),
            // Two guards watch over each code.
            Commit::Blocked(position) => Err(code_taken(codes[position / 2])),
        }
    }
}

fn check_drafts(event: &Event, drafts: Vec<TicketDraft>) -> Result<Vec<TicketDraft>, DeskError> {
    if drafts.is_empty() || drafts.len() > ISSUE_MAX {
        let words = format!("tickets must hold 1 to {ISSUE_MAX} tickets");
        return Err(DeskError::unacceptable("invalid_ticket_request", words));
    }
    let mut codes = BTreeSet::new();
    let mut checked = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.into_iter().enumerate() {
        let draft = draft.check().map_err(|problem| {
            DeskError::unacceptable(problem.code, format!("ticket {index}: {problem}"))
        })?;
        known_type(event, &draft.ticket_type_id)?;
        if let Some(code) = &draft.credential_code
            && !codes.insert(code.clone())
        {
            return Err(code_taken(code));
        }
        checked.push(draft);
    }
    Ok(checked)
}

fn known_type<'e>(event: &'e Event, id: &str) -> Result<&'e crate::event::TicketType, DeskError> {
    event.ticket_type(id).ok_or_else(|| {
        let known: Vec<_> = event
            .ticket_types
            .iter()
            .map(|kind| kind.id.as_str())
            .collect();
        let known = match known.as_slice() {
            [] => "none; add ticketTypes to it".to_owned(),
            known => known.join(", "),
        };
        let words = format!(
            "ticketTypeId: event {} has no ticket type \"{id}\"; it has: {known}",
            event.id
        );
        DeskError::unacceptable("unknown_ticket_type", words)
    })
}

fn claims(event: &Event, ticket: &Ticket) -> Result<Claims, DeskError> {
    let kind = known_type(event, &ticket.type_id)?;
    Ok(Claims::Ticket(ticket.claims(event, kind)))
}

fn code_taken(code: &str) -> DeskError {
    DeskError::Conflict(Problem::new(
        "credential_code_taken",
        format!("another ticket of the event has the credentialCode \"{code}\""),
    ))
}
