//! An event's ticket made from a ticketing system's: which of its data counts at our doors, and which state is ours.
//! `gatewit-api.md` §4.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{Origin, Ticket, TicketState};
use crate::email;
use crate::event::TicketType;
use crate::id::{EventId, TicketId};
use crate::identifier::fold;
use crate::source::{SourceName, SourceTicket};

impl Ticket {
    /// Makes an event's ticket from the source's data and the ticket stored here, including its codes.
    ///
    /// Its state changes only when it changes in the source. Until then, an organizer's action here stays in effect.
    pub fn of_source(
        event: EventId,
        source: &SourceName,
        told: &SourceTicket,
        before: Option<&Self>,
        now: Timestamp,
    ) -> Self {
        let origin = before.and_then(|before| before.origin.as_ref());
        let unchanged =
            before.filter(|_| origin.and_then(|origin| origin.state) == Some(told.state));
        Self {
            id: TicketId::of_source(event, source, &told.reference),
            event_id: event,
            type_id: told.type_id.clone(),
            series: told.reference.clone(),
            state: unchanged.map_or(told.state.into(), |before| before.state),
            attendee_name: told.holder_name.clone(),
            attendee_email: told.email.as_deref().map(addresses),
            booking_reference: told.order.clone(),
            credential_code: None,
            attributes: told.attributes.iter().cloned().collect(),
            details: details(told),
            issued_at: before.map_or(now, |before| before.issued_at),
            issue: None,
            origin: Some(Origin {
                source: source.clone(),
                reference: told.reference.clone(),
                codes: origin.map_or_else(Vec::new, |origin| origin.codes.clone()),
                taken_codes: Vec::new(),
                state: Some(told.state),
                sub_event: told.sub_event.clone(),
                valid_from: told.valid_from,
                valid_until: told.valid_until,
                found_at: None,
            }),
        }
    }

    /// Returns the ticket after its source has removed it. It admits nobody unless an organizer reinstates it.
    pub fn gone(&self) -> Self {
        let mut ticket = self.clone();
        if let Some(origin) = &mut ticket.origin
            && origin.state.take().is_some()
        {
            ticket.state = TicketState::Cancelled;
        }
        ticket
    }

    /// Explains to organizers why a ticketing system's ticket does not admit, apart from its state. `kind` is its type
    /// at the event, if the event knows it.
    pub fn warnings(&self, kind: Option<&TicketType>) -> Vec<String> {
        let Some(origin) = &self.origin else {
            return Vec::new();
        };
        let unlisted = kind.is_none().then(|| {
            let (id, source) = (&self.type_id, &origin.source);
            format!(
                "the ticket source {source} does not list the type \"{id}\", so the ticket opens no door: add the type \
                 there, or to the event's ticketTypes"
            )
        });
        let taken = origin.taken_codes.iter().map(|code| {
            format!(
                "another ticket has the code \"{code}\" as well: a scan of it finds that ticket"
            )
        });
        unlisted.into_iter().chain(taken).collect()
    }
}

/// Reduces a text to its e-mail addresses, if it holds only addresses and names before them.
fn addresses(text: &str) -> String {
    let addresses = email::split(text);
    addresses.map_or_else(|_| text.to_owned(), |addresses| addresses.join("; "))
}

/// Collects the details that staff see. Joins several values of one name.
fn details(told: &SourceTicket) -> BTreeMap<String, String> {
    let parts = [
        ("variation", &told.variation),
        ("addedTo", &told.parent),
        ("subEvent", &told.sub_event),
    ];
    let parts = parts
        .into_iter()
        .filter_map(|(name, text)| Some((name, text.as_ref()?)));
    let told = told
        .details
        .iter()
        .map(|(name, text)| (name.as_str(), text));
    let mut details = BTreeMap::<String, String>::new();
    for (name, text) in told.chain(parts) {
        let detail = details.entry(name.to_owned()).or_default();
        if !detail.is_empty() {
            detail.push_str("; ");
        }
        detail.push_str(text);
    }
    details
}

impl TicketId {
    /// Derives the id of a source's ticket at an event, which never changes and is the same for every spelling of its
    /// reference (UUID version 8 from a SHA-256 digest).
    pub fn of_source(event: EventId, source: &SourceName, reference: &str) -> Self {
        let reference = fold(reference);
        let digest = Sha256::digest(format!("{event}/{source}/{reference}"));
        Self::of_digest(&digest.into())
    }
}
