//! What a source says about single tickets.

use std::collections::BTreeMap;

use gatewit_domain::attendees::SourceSet;
use gatewit_domain::identifier::fold;
use gatewit_domain::source::{SourceRow, SourceTicket};

/// A source's update of one ticket.
#[derive(Clone)]
pub(super) enum TicketUpdate {
    Upsert(Box<SourceTicket>),
    /// It was looked up just now; no sync has listed it yet.
    LookedUp(Box<SourceTicket>),
    /// It no longer exists.
    Deleted(String),
}

impl TicketUpdate {
    /// Returns the reference of the ticket that it is about.
    pub fn reference(&self) -> &str {
        match self {
            Self::Upsert(ticket) | Self::LookedUp(ticket) => &ticket.reference,
            Self::Deleted(reference) => reference,
        }
    }
}

/// Returns the updates of a row that no later row replaces.
pub(super) fn updates_of(row: SourceRow, number: u32, set: &SourceSet) -> Vec<TicketUpdate> {
    let mut told = BTreeMap::new();
    for ticket in row.tickets {
        if set.row_of(&ticket.reference) == Some(number) {
            told.insert(fold(&ticket.reference).into_owned(), Box::new(ticket));
        }
    }
    let gone = row
        .gone
        .into_iter()
        .filter(|gone| set.row_of(gone).is_none());
    told.into_values()
        .map(TicketUpdate::Upsert)
        .chain(gone.map(TicketUpdate::Deleted))
        .collect()
}
