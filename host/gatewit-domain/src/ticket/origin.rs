//! A ticket that a ticketing system sold: which of its data counts at our doors, and which state is ours.
//! `gatewit-api.md` §4.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ticket, TicketState};
use crate::email;
use crate::event::TicketType;
use crate::id::{EventId, TicketId};
use crate::identifier::{fold, is_same};
use crate::scanned::clean;
use crate::source::{SourceName, SourceState, SourceTicket};
use crate::window::Window;

/// Where a ticket comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    pub source: SourceName,
    pub reference: String,
    /// The ticketing system's codes for the ticket. The first is the content of its QR code.
    pub codes: Vec<String>,
    /// Codes of this ticket that another ticket already has. A scan of one finds the other ticket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_codes: Vec<String>,
    /// Its state in the ticketing system at the last change; None: it no longer exists there.
    pub state: Option<SourceState>,
    /// The date of a series that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_event: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// The first moment at which it is no longer valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// When a look-up during a scan found it. None once a sync has reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_at: Option<Timestamp>,
}

/// A code as it is looked up. One that is the ticket's reference is compared as a reference: in any spelling.
pub fn code_of<'c>(reference: &str, code: &'c str) -> Cow<'c, str> {
    match is_same(reference, code) {
        true => fold(code),
        false => clean(code).into(),
    }
}

impl Origin {
    /// The codes as they are looked up.
    pub fn looked_up_codes(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let codes = self.codes.iter();
        codes.map(|code| code_of(&self.reference, code))
    }

    /// The codes as they are looked up, and as earlier versions filed them: references as they were spelled.
    pub fn code_spellings(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.codes
            .iter()
            .flat_map(|code| [code_of(&self.reference, code), clean(code).into()])
    }
}

impl From<SourceState> for TicketState {
    fn from(state: SourceState) -> Self {
        match state {
            SourceState::Valid => Self::Active,
            SourceState::Pending => Self::Pending,
            SourceState::Canceled | SourceState::Blocked => Self::Cancelled,
        }
    }
}

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

    /// Returns when the ticket becomes valid, if that is in the future.
    pub fn begins_after(&self, now: Timestamp) -> Option<Timestamp> {
        let origin = self.origin.as_ref()?;
        let from = origin.valid_from.filter(|from| *from > now)?;
        origin
            .valid_until
            .is_none_or(|until| from < until)
            .then_some(from)
    }

    /// Limits the windows to the time in which the ticket is valid.
    pub fn narrow<'w>(&self, windows: &'w [Window]) -> Cow<'w, [Window]> {
        let (from, until) = match &self.origin {
            Some(origin) => (origin.valid_from, origin.valid_until),
            None => (None, None),
        };
        if from.is_none() && until.is_none() {
            return windows.into();
        }
        let narrowed = windows.iter().map(|window| Window {
            opens: from.map_or(window.opens, |from| from.max(window.opens)),
            closes: until.map_or(window.closes, |until| until.min(window.closes)),
            ..*window
        });
        narrowed
            .filter(|window| window.opens < window.closes)
            .collect()
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
