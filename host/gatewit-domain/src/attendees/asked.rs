//! The orders and tickets in a request to `/tickets/*`, before the sources are searched for them.
//!
//! The contract's own service rejects orders and tickets of any other form than its own. Sources have orders of any
//! form, so here a text is malformed only if it lacks that form and no source has it.

use super::request::{OrderId, TicketReference};
use super::{AttendeeQuery, NameQuery, Sought};
use crate::identifier::without_mark;
use crate::names::PreparedName;

/// An order or a ticket as written in a request.
#[derive(Clone, Debug)]
pub struct Asked<T> {
    /// The possible meanings, starting with the text as written.
    meanings: Vec<T>,
    /// The meaning that has the contract's form. If no source has any, it may have been sold just now.
    well_formed: Option<T>,
    /// The error in the text if no source has any of them.
    fault: Option<&'static str>,
}

/// A field of a request that is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldFault {
    pub field: &'static str,
    /// The text of the 422 answer.
    pub words: &'static str,
}

/// A request to `validate_attendee` as it was sent.
#[derive(Clone, Debug)]
pub struct AttendeeQuestion {
    pub sought: Sought<Asked<OrderId>, Asked<TicketReference>>,
    pub name: PreparedName,
}

/// A request to `validate_name` as it was sent.
#[derive(Clone, Debug)]
pub struct NameQuestion {
    pub ticket: Asked<TicketReference>,
    pub name: PreparedName,
}

impl<T: Clone> Asked<T> {
    pub(super) fn new(
        meanings: Vec<T>,
        is_well_formed: fn(&T) -> bool,
        fault: Option<&'static str>,
    ) -> Self {
        let well_formed = meanings.iter().find(|meaning| is_well_formed(meaning));
        let as_written = meanings.first().filter(|_| fault.is_none());
        Self {
            well_formed: well_formed.or(as_written).cloned(),
            meanings,
            fault,
        }
    }

    /// The error in the text if no source has it.
    pub fn fault(&self) -> Option<&'static str> {
        self.fault
    }

    /// Returns the meaning to look for: the one that a source has, else the well-formed one.
    fn sought(&self, is_known: impl Fn(&T) -> bool) -> Option<T> {
        let known = self.known(is_known);
        known.or(self.well_formed.as_ref()).cloned()
    }

    fn known(&self, is_known: impl Fn(&T) -> bool) -> Option<&T> {
        self.meanings.iter().find(|meaning| is_known(meaning))
    }

    /// Chooses the meaning that a source has, else the text as written if it is well-formed.
    fn settle(&self, field: &'static str, is_known: impl Fn(&T) -> bool) -> Result<T, FieldFault> {
        let known = self.known(is_known);
        let meaning = match self.fault {
            None => known.or(self.meanings.first()),
            Some(_) => known,
        };
        let words = self.fault.unwrap_or_default();
        meaning.cloned().ok_or(FieldFault { field, words })
    }
}

impl Asked<OrderId> {
    /// Whether the text is no order even without its mark: an order that is not known can only be meant if the text
    /// has a ticket's number too.
    fn is_malformed(&self) -> bool {
        let written = self.meanings.first().map_or("", OrderId::as_str);
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
