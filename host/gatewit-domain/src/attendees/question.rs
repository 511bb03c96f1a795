//! A request to `/tickets/*` as it was sent, and what it means to the sources.

use super::asked::{Asked, FieldFault};
use super::request::{OrderId, TicketReference};
use super::{AttendeeQuery, NameQuery, Sought};
use crate::identifier::without_mark;
use crate::names::PreparedName;

/// A request to `validate_attendee` as it was sent.
#[derive(Clone, Debug)]
pub struct AttendeeQuestion {
    /// The order or ticket, in every meaning that the text may have.
    pub sought: Sought<Asked<OrderId>, Asked<TicketReference>>,
    /// The name to look for.
    pub name: PreparedName,
}

/// A request to `validate_name` as it was sent.
#[derive(Clone, Debug)]
pub struct NameQuestion {
    /// The ticket, in every meaning that the text may have.
    pub ticket: Asked<TicketReference>,
    /// The name to compare with the ticket's.
    pub name: PreparedName,
}

impl Asked<OrderId> {
    /// Whether the text is no order even without its mark: an order that is not known can only be meant if the text
    /// has a ticket's number too.
    fn is_malformed(&self) -> bool {
        let written = self.written().map_or("", OrderId::as_str);
        let unmarked = without_mark(written).unwrap_or(written);
        OrderId::of(unmarked).fault().is_some()
    }
}

impl AttendeeQuestion {
    /// Whether the text of the order is malformed, apart from a mark before it.
    pub fn has_malformed_order(&self) -> bool {
        match &self.sought {
            Sought::Order { order, .. } => order.is_malformed(),
            Sought::Ticket(_) => false,
        }
    }

    /// Returns the order or ticket to look for; None if a field is malformed whatever a ticketing system has.
    pub fn sought(
        &self,
        has_order: impl Fn(&OrderId) -> bool,
        has_ticket: impl Fn(&TicketReference) -> bool,
    ) -> Option<Sought> {
        Some(match &self.sought {
            Sought::Order { order, ticket } => Sought::Order {
                order: order.sought(has_order)?,
                ticket: match ticket {
                    Some(ticket) => Some(ticket.sought(has_ticket)?),
                    None => None,
                },
            },
            Sought::Ticket(ticket) => Sought::Ticket(ticket.sought(has_ticket)?),
        })
    }

    /// Resolves the request by the orders and tickets that are known. An error lists every malformed field.
    pub fn settle(
        &self,
        has_order: impl Fn(&OrderId) -> bool,
        has_ticket: impl Fn(&TicketReference) -> bool,
    ) -> Result<AttendeeQuery, Vec<FieldFault>> {
        let ticket = |asked: &Asked<_>| asked.settle("ticket_id", &has_ticket);
        let sought = match &self.sought {
            Sought::Order {
                order,
                ticket: named,
            } => {
                let order = order.settle("order_id", has_order);
                match (order, named.as_ref().map(ticket).transpose()) {
                    (Ok(order), Ok(ticket)) => Sought::Order { order, ticket },
                    (order, ticket) => {
                        let faults = order.err().into_iter().chain(ticket.err());
                        return Err(faults.collect());
                    }
                }
            }
            Sought::Ticket(asked) => Sought::Ticket(ticket(asked).map_err(|fault| vec![fault])?),
        };
        let name = self.name.clone();
        Ok(AttendeeQuery { sought, name })
    }
}

impl NameQuestion {
    /// Returns the ticket to look for, in the same way.
    pub fn sought(&self, has_ticket: impl Fn(&TicketReference) -> bool) -> Option<TicketReference> {
        self.ticket.sought(has_ticket)
    }

    /// Resolves the request in the same way.
    pub fn settle(
        &self,
        has_ticket: impl Fn(&TicketReference) -> bool,
    ) -> Result<NameQuery, Vec<FieldFault>> {
        let ticket = self.ticket.settle("ticket_id", has_ticket);
        Ok(NameQuery {
            ticket: ticket.map_err(|fault| vec![fault])?,
            name: self.name.clone(),
        })
    }
}
