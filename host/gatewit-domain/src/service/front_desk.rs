//! Checking in without a code: staff found the ticket, or the whole order, by themselves. `gatewit-api.md` §12.

use super::{Answered, Caller, Desk, PAGE};
use crate::id::{EventId, TicketId};
use crate::ports::Key;
use crate::problem::DeskError;
use crate::scan::{Contract, Presented, RepeatKey, Scan, ScannedBy};
use crate::tables::{ORDERS, OrderTicket, TICKETS, within};

/// What to check in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundAtDesk {
    Ticket(TicketId),
    /// Every ticket of a booking reference.
    Order(String),
}

impl FoundAtDesk {
    /// Reads a request that names either a ticket or an order.
    pub fn parse(ticket: Option<String>, order: Option<String>) -> Result<Self, DeskError> {
        match (ticket, order) {
            (Some(ticket), None) => match ticket.parse() {
                Ok(id) => Ok(Self::Ticket(id)),
                Err(_) => {
                    let words = format!("ticketInstanceId: there is no ticket \"{ticket}\"");
                    Err(DeskError::unacceptable("unknown_ticket", words))
                }
            },
            (None, Some(order)) => Ok(Self::Order(order)),
            _ => {
                let words = "name either ticketInstanceId or order";
                Err(DeskError::unacceptable("invalid_check_in_request", words))
            }
        }
    }
}

impl Desk {
    /// Decides on each ticket as if its code were scanned at no particular scan point.
    pub async fn check_in_without_code(
        &self,
        caller: &Caller,
        event: EventId,
        found: &FoundAtDesk,
        repeat_key: Option<&RepeatKey>,
    ) -> Result<Vec<Answered>, DeskError> {
        self.managed(caller, event)?;
        let tickets = match found {
            FoundAtDesk::Ticket(id) => vec![self.ticket_of(event, *id).await?],
            FoundAtDesk::Order(order) => self.tickets_of_order(event, order).await?,
        };
        let mut answers = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            let scan = Scan {
                presented: Presented::Ticket(ticket),
                contract: Contract::Desk,
                event_id: event,
                by: ScannedBy::Organizer(caller.sub().to_owned()),
                location: None,
                repeat_key: repeat_key.map(|key| key.for_one_of_many(&ticket)),
            };
            answers.push(self.admit(&scan).await?);
        }
        Ok(answers)
    }

    async fn ticket_of(&self, event: EventId, id: TicketId) -> Result<TicketId, DeskError> {
        let stored = TICKETS.get(self.store(), &id).await?;
        match stored.filter(|stored| stored.value.event_id == event) {
            Some(_) => Ok(id),
            None => {
                let words = format!("ticketInstanceId: event {event} has no ticket {id}");
                Err(DeskError::unacceptable("unknown_ticket", words))
            }
        }
    }

    async fn tickets_of_order(
        &self,
        event: EventId,
        order: &str,
    ) -> Result<Vec<TicketId>, DeskError> {
        let prefix = within(&within(&event, &order), &"");
        let mut tickets = Vec::new();
        let mut after = None;
        loop {
            let page = ORDERS
                .page(self.store(), &prefix, after.as_ref(), PAGE)
                .await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            let ids = page
                .iter()
                .filter_map(|row| row.name().parse().ok().zip(Some(&row.key)));
            // An order's name may begin with another's and go on with a slash.
            let is_of_order = |(id, key): &(TicketId, &Key)| {
                **key == ORDERS.key(&OrderTicket(event, order.to_owned(), *id))
            };
            tickets.extend(ids.filter(is_of_order).map(|(id, _)| id));
        }
        if tickets.is_empty() {
            let words = format!("order: event {event} has no ticket of the order \"{order}\"");
            return Err(DeskError::unacceptable("unknown_order", words));
        }
        Ok(tickets)
    }
}
