//! A ticket: its holder, its type and its state. `gatewit-api.md` §4.

use std::collections::BTreeMap;

use gatewit_decision::{DayId, Inactive};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::claims::{CompactTicketClaims, Schedule, TicketClaims};
use crate::email::{self, EmailAddress};
use crate::event::{Event, TicketType};
use crate::id::{EventId, IssueId, TicketId};
use crate::problem::{Problem, TicketCode};
use crate::scanned::clean;
use crate::source::SourceState;
use crate::text::bounded_text;
use crate::window::Holder;

mod change;
mod of_source;
mod origin;
mod state;
pub use change::TicketChange;
pub use origin::{Origin, code_of};
pub use state::{ShownState, TicketAction, TicketState};

const TEXT_MAX: usize = 200;
const EMAIL_MAX: usize = 254;
const DETAIL_MAX: usize = 1_000;
const FIELDS_MAX: usize = 64;
/// How long after the last day a ticket's signature can be verified offline.
const AFTER_LAST_DAY: SignedDuration = SignedDuration::from_hours(48);

/// A ticket as stored. Its entries and its signed code are stored separately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// Unique across all events: `ticketInstanceId` in the contracts.
    pub id: TicketId,
    /// The event that it was issued for, or whose source lists it.
    pub event_id: EventId,
    /// The id of its type, in the spelling of its ticketing system if it has one.
    pub type_id: String,
    /// The type's id in capitals and a counter: `VIP-0001`.
    pub series: String,
    /// As last set by an organizer or by a change in its ticketing system.
    pub state: TicketState,
    /// Empty if its ticketing system does not know the holder.
    pub attendee_name: String,
    /// One or more addresses, separated by `; `.
    pub attendee_email: Option<String>,
    /// The order it was bought with.
    pub booking_reference: String,
    /// The code on a badge or wristband, unique among the event's tickets that are not withdrawn.
    pub credential_code: Option<String>,
    /// Each is true or false. Strategies see the names of those that are true.
    pub attributes: BTreeMap<String, bool>,
    /// Text shown to staff.
    pub details: BTreeMap<String, String>,
    /// The time at which it was issued here, or first read from its source.
    pub issued_at: Timestamp,
    /// The issue it belongs to. Readers do not see the ticket until the issue is complete. None if a ticketing system
    /// sold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<IssueId>,
    /// Set if a ticketing system sold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// A ticket as an organizer requests it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TicketDraft {
    /// The id of one of the event's types, in any case.
    pub ticket_type_id: String,
    /// 1 to 200 characters.
    pub attendee_name: String,
    /// An address, or several as people paste them. None: unknown.
    pub attendee_email: Option<String>,
    /// Default: `EVT-` and eight hex digits.
    pub booking_reference: Option<String>,
    /// The code on a badge or wristband, unique within the event.
    pub credential_code: Option<String>,
    /// Each is true or false. Strategies see them.
    #[serde(default)]
    pub attributes: BTreeMap<String, bool>,
    /// Text shown to staff.
    #[serde(default)]
    pub details: BTreeMap<String, String>,
}

/// The numbers for an event's next ticket.
#[derive(Clone, Copy, Debug)]
pub struct TicketNumbers {
    /// Counts the tickets of its type.
    pub series: u64,
    /// Counts the generated booking references.
    pub booking: u64,
}

impl TicketNumbers {
    /// The numbers for an event's first ticket.
    pub const FIRST: Self = Self {
        series: 1,
        booking: 1,
    };
}

impl Ticket {
    /// Makes a ticket of a type from a checked draft, which may spell the type's id differently.
    pub fn issue(
        id: TicketId,
        draft: TicketDraft,
        kind: &TicketType,
        numbers: TicketNumbers,
        event: EventId,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            event_id: event,
            type_id: kind.id.clone(),
            series: format!("{}-{:04}", kind.id.to_uppercase(), numbers.series),
            state: TicketState::Active,
            attendee_name: draft.attendee_name,
            attendee_email: draft.attendee_email,
            booking_reference: (draft.booking_reference)
                .unwrap_or_else(|| booking_reference(event, numbers.booking)),
            credential_code: draft.credential_code,
            attributes: draft.attributes,
            details: draft.details,
            issued_at: now,
            issue: None,
            origin: None,
        }
    }

    /// Whether this is one of the ticket's codes other than the signed ones.
    pub fn bears(&self, code: &str) -> bool {
        let code = clean(code);
        let mut of_source = self.origin.iter().flat_map(Origin::code_spellings);
        let credential = self.credential_code.as_deref().map(clean);
        of_source.any(|own| own == code)
            || credential == Some(code)
            || code.parse().is_ok_and(|id: TicketId| id == self.id)
    }

    /// Whether the event currently includes the ticket, which was issued for it or came from a source.
    pub fn belongs_to(&self, event: &Event) -> bool {
        let origin = self.origin.as_ref();
        origin.is_none_or(|origin| event.ticket_sources.contains(&origin.source))
    }

    /// Returns why its state prevents entry; None if it is active.
    pub fn inactive(&self) -> Option<Inactive> {
        let told = self.origin.as_ref().and_then(|origin| origin.state);
        match self.state {
            TicketState::Active => None,
            TicketState::Pending => Some(Inactive::Unpaid),
            TicketState::Refunded => Some(Inactive::Refunded),
            TicketState::Cancelled if told == Some(SourceState::Blocked) => Some(Inactive::Blocked),
            TicketState::Cancelled => Some(Inactive::Cancelled),
        }
    }

    /// Returns the state to show of a ticket with entries on these days.
    pub fn shown_state(&self, event: &Event, entered: &[DayId]) -> ShownState {
        let is_used = match event.calendar.days.as_slice() {
            [only] => entered.contains(&only.id),
            _ => false,
        };
        match self.state {
            TicketState::Active if is_used => ShownState::Used,
            TicketState::Active => ShownState::Active,
            TicketState::Cancelled => ShownState::Cancelled,
            TicketState::Refunded => ShownState::Refunded,
            TicketState::Pending => ShownState::Pending,
        }
    }

    /// Returns the holder that a strategy is asked about.
    pub fn holder(&self) -> Holder {
        let held = self.attributes.iter().filter(|(_, is_true)| **is_true);
        Holder {
            ticket_type: self.type_id.clone(),
            attributes: held.map(|(name, _)| name.clone()).collect(),
        }
    }

    /// Returns the claims of the ticket's signed code. They spell its type as the event does: offline readers compare
    /// type ids literally.
    pub fn claims(&self, event: &Event, kind: &TicketType) -> TicketClaims {
        let calendar = &event.calendar;
        let days = calendar.days.iter().enumerate();
        let days = days.filter(|(index, _)| kind.is_good_for(*index, calendar));
        let schedules = days.map(|(_, day)| Schedule {
            day_name: day.name.clone(),
            start_date_time: calendar.rfc3339(day.starts),
            end_date_time: calendar.rfc3339(day.ends),
        });
        TicketClaims {
            ticket_instance_id: self.id,
            event_id: self.event_id,
            ticket_type_id: kind.id.clone(),
            ticket_type_name: kind.name.clone(),
            ticket_series: self.series.clone(),
            attendee_name: self.attendee_name.clone(),
            attendee_email: self.attendee_email.clone(),
            booking_reference: self.booking_reference.clone(),
            event_schedules: schedules.collect(),
            iat: self.issued_at.as_second(),
            exp: self.readable_until(event).as_second(),
        }
    }

    /// Returns the claims of the ticket's QR code, for when the signed code is too long for one.
    pub fn compact_claims(&self, event: &Event, kind: &TicketType) -> CompactTicketClaims {
        CompactTicketClaims {
            ticket_instance_id: self.id,
            event_id: self.event_id,
            ticket_type_id: kind.id.clone(),
            iat: self.issued_at.as_second(),
            exp: self.readable_until(event).as_second(),
        }
    }

    /// Until when the ticket's signature can be verified offline.
    fn readable_until(&self, event: &Event) -> Timestamp {
        let ends = event.calendar.days.iter().map(|day| day.ends).max();
        ends.unwrap_or(self.issued_at) + AFTER_LAST_DAY
    }
}

impl TicketDraft {
    /// Checks and trims each field of the draft by itself.
    pub fn check(mut self) -> Result<Self, Problem> {
        self.attendee_name = text("attendeeName", &self.attendee_name, TEXT_MAX)?;
        self.attendee_email = self.attendee_email.as_deref().map(email_of).transpose()?;
        let reference = self.booking_reference.as_deref().map(clean);
        self.booking_reference = optional("bookingReference", reference)?;
        let code = self.credential_code.as_deref().map(clean);
        self.credential_code = optional("credentialCode", code)?;
        if self.attributes.len() > FIELDS_MAX {
            return Err(invalid(format!(
                "attributes must hold at most {FIELDS_MAX} entries"
            )));
        }
        for name in self.attributes.keys() {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if name.is_empty() || name.len() > TEXT_MAX || !name.chars().all(is_plain) {
                return Err(invalid(format!(
                    "attributes: \"{name}\" must be letters, digits and underscores, such as is_speaker"
                )));
            }
        }
        check_details(&self.details)?;
        Ok(self)
    }
}

fn check_details(details: &BTreeMap<String, String>) -> Result<(), Problem> {
    if details.len() > FIELDS_MAX {
        return Err(invalid(format!(
            "details must hold at most {FIELDS_MAX} entries"
        )));
    }
    for (name, value) in details {
        text("details: name", name, TEXT_MAX)?;
        if value.chars().count() > DETAIL_MAX {
            return Err(invalid(format!(
                "details: {name} is longer than {DETAIL_MAX} characters"
            )));
        }
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> Problem {
    Problem::new(TicketCode::Invalid, message)
}

fn text(field: &str, text: &str, max: usize) -> Result<String, Problem> {
    bounded_text(field, text, max).map_err(invalid)
}

fn optional(field: &str, value: Option<&str>) -> Result<Option<String>, Problem> {
    value.map(|value| text(field, value, TEXT_MAX)).transpose()
}

/// Reads an address, alone or as people paste it, and keeps only the address. Does not change its case.
fn email_of(address: &str) -> Result<String, Problem> {
    let address = text("attendeeEmail", address, EMAIL_MAX)?;
    let refused = |fault| invalid(format!("attendeeEmail is not an e-mail address: {fault}"));
    EmailAddress::parse_all(&address).map_err(refused)?;
    let written = email::split(&address).map_err(refused)?;
    Ok(written.join("; "))
}

/// Maps each of an event's running numbers to a different reference of eight hex digits. References must be unique:
/// checking in by reference must not admit a stranger.
fn booking_reference(event: EventId, number: u64) -> String {
    // Multiplying by an odd number is a bijection on 32-bit numbers.
    let spread = (number as u32 ^ event.salt()).wrapping_mul(0x9E37_79B1);
    format!("EVT-{spread:08X}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_booking_references_of_an_event_are_the_same() {
        let event = "00000000-0000-7000-8000-0000deadbeef".parse().unwrap();
        let references: HashSet<_> = (0..200_000)
            .map(|number| booking_reference(event, number))
            .collect();
        assert_eq!(references.len(), 200_000);
    }

    #[track_caller]
    fn check_draft(fields: serde_json::Value, problem: Option<&str>) {
        let mut draft = serde_json::json!({"ticketTypeId": "vip", "attendeeName": "John Doe"});
        for (name, value) in fields.as_object().unwrap() {
            draft[name] = value.clone();
        }
        let draft: TicketDraft = serde_json::from_value(draft).unwrap();
        match (draft.check(), problem) {
            (Ok(_), None) => {}
            (Err(found), Some(words)) => assert!(found.message.contains(words), "{found}"),
            (found, words) => panic!("{found:?}, not {words:?}"),
        }
    }

    #[test]
    fn a_draft_is_checked_field_by_field() {
        use serde_json::json;
        check_draft(json!({}), None);
        check_draft(json!({"attendeeEmail": "john@example.com"}), None);
        check_draft(
            json!({"attendeeName": "  "}),
            Some("attendeeName must have"),
        );
        check_draft(json!({"attendeeEmail": "john"}), Some("not an e-mail"));
        check_draft(json!({"attendeeEmail": "a@b@c"}), Some("not an e-mail"));
        check_draft(json!({"attendeeEmail": "a b@c"}), Some("not an e-mail"));
        check_draft(json!({"attendeeEmail": "John <john@example.com>"}), None);
        check_draft(json!({"credentialCode": ""}), Some("credentialCode must"));
        check_draft(
            json!({"attributes": {"is speaker": true}}),
            Some("is speaker"),
        );
        check_draft(
            json!({"details": {"seat": "x".repeat(1_001)}}),
            Some("seat"),
        );
    }
}
