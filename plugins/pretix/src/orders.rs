//! Orders as pretix lists them, and the tickets in them.

use gatewit_sdk::jiff::Timestamp;
use gatewit_sdk::{Id, Ticket, TicketState};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::catalogue::{Catalogue, Notice};
use crate::mapping::Mapping;

/// The fields to request of an order: everything that is read below.
pub const FIELDS: [&str; 23] = [
    "code",
    "status",
    "testmode",
    "valid_if_pending",
    "require_approval",
    "last_modified",
    "checkin_attention",
    "checkin_text",
    "positions.id",
    "positions.positionid",
    "positions.item",
    "positions.variation",
    "positions.attendee_name",
    "positions.attendee_email",
    "positions.company",
    "positions.secret",
    "positions.addon_to",
    "positions.subevent",
    "positions.seat",
    "positions.canceled",
    "positions.blocked",
    "positions.valid_from",
    "positions.valid_until",
];

/// One purchase.
#[derive(Deserialize)]
pub struct Order {
    pub code: String,
    /// `n` pending, `p` paid, `e` expired, `c` canceled or refunded.
    status: String,
    /// Whether it was made while the event was in test mode.
    #[serde(default)]
    testmode: bool,
    #[serde(default)]
    valid_if_pending: bool,
    #[serde(default)]
    require_approval: bool,
    last_modified: Option<Timestamp>,
    #[serde(flatten)]
    notice: Notice,
    positions: Vec<Position>,
}

/// One ticket, or one T-shirt.
#[derive(Deserialize)]
struct Position {
    id: Id,
    positionid: u32,
    item: Id,
    variation: Option<Id>,
    attendee_name: Option<String>,
    attendee_email: Option<String>,
    company: Option<String>,
    secret: String,
    /// The `id` of the position it was added to.
    addon_to: Option<Id>,
    subevent: Option<Id>,
    seat: Option<Seat>,
    #[serde(default)]
    canceled: bool,
    /// The reason why it is blocked.
    blocked: Option<Vec<IgnoredAny>>,
    valid_from: Option<Timestamp>,
    valid_until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Seat {
    name: Option<String>,
}

impl Order {
    /// Whether it was made in test mode.
    pub fn is_test(&self) -> bool {
        self.testmode
    }

    /// Its tickets, with their own attributes and those of their products.
    pub fn into_tickets(self, catalogue: &Catalogue, mapping: &Mapping) -> Vec<Ticket> {
        let positions = self.positions.iter();
        let tickets = positions.map(|position| self.ticket(position, catalogue, mapping));
        tickets.collect()
    }

    fn ticket(&self, position: &Position, catalogue: &Catalogue, mapping: &Mapping) -> Ticket {
        let reference = self.reference(position);
        let is_parent = |other: &&Position| position.addon_to.as_ref() == Some(&other.id);
        let parent = self.positions.iter().find(is_parent);
        let item = catalogue.item(&position.item.0);
        let variation = position.variation.as_ref().map(|id| {
            let known = item.and_then(|item| item.variation(&id.0));
            known.map_or_else(
                || format!("Unknown ({id})"),
                |known| known.name().to_owned(),
            )
        });
        Ticket {
            attributes: mapping.attributes(catalogue, &position.item.0, &reference),
            reference,
            order: self.code.clone(),
            codes: vec![position.secret.clone()],
            type_id: position.item.0.clone(),
            variation,
            parent: parent.map(|parent| self.reference(parent)),
            sub_event: position.subevent.as_ref().map(|id| id.0.clone()),
            holder_name: filled(&position.attendee_name)
                .unwrap_or_default()
                .to_owned(),
            email: filled(&position.attendee_email).map(str::to_owned),
            state: self.state(position),
            valid_from: position.valid_from.map(Timestamp::as_second),
            valid_until: position.valid_until.map(Timestamp::as_second),
            details: self.details(position, catalogue),
            updated: self.last_modified.map(Timestamp::as_second),
        }
    }

    fn reference(&self, position: &Position) -> String {
        format!("{}-{}", self.code, position.positionid)
    }

    fn state(&self, position: &Position) -> TicketState {
        let is_blocked = position.blocked.as_ref().is_some_and(|why| !why.is_empty());
        match self.status.as_str() {
            _ if position.canceled => TicketState::Canceled,
            "p" | "n" if is_blocked => TicketState::Blocked,
            "p" => TicketState::Valid,
            "n" if self.valid_if_pending && !self.require_approval => TicketState::Valid,
            "n" => TicketState::Pending,
            _ => TicketState::Canceled,
        }
    }

    fn details(&self, position: &Position, catalogue: &Catalogue) -> Vec<(String, String)> {
        let item = catalogue.item(&position.item.0);
        let variation = position.variation.as_ref().zip(item);
        let variation = variation.and_then(|(id, item)| item.variation(&id.0));
        let notices = [
            item.map(|item| &item.notice),
            variation.map(|variation| &variation.notice),
            Some(&self.notice),
        ];
        let notices = notices.into_iter().flatten().filter_map(Notice::text);
        let seat = position.seat.as_ref().and_then(|seat| filled(&seat.name));
        let details = seat.map(|seat| ("seat", seat)).into_iter();
        let details = details.chain(filled(&position.company).map(|company| ("company", company)));
        let test = self
            .testmode
            .then_some(("testMode", "ordered in test mode"));
        let details = details.chain(test);
        let details = details.chain(notices.map(|notice| ("notice", notice)));
        let details = details.map(|(name, text)| (name.to_owned(), text.to_owned()));
        details.collect()
    }
}

/// The ticket as blocked, though it may be paid.
pub fn blocked(ticket: Ticket) -> Ticket {
    let state = match ticket.state {
        TicketState::Valid => TicketState::Blocked,
        state => state,
    };
    Ticket { state, ..ticket }
}

fn filled(text: &Option<String>) -> Option<&str> {
    let text = text.as_deref().map(str::trim);
    text.filter(|text| !text.is_empty())
}
