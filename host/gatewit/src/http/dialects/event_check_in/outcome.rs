//! An outcome in the words of the contract: `event-check-in.txt` "ValidateTicketResponse", `gatewit-api.md` §6.

use gatewit_decision::{Inactive, Refusal};
use gatewit_desk::Answered;
use gatewit_domain::calendar::Calendar;
use gatewit_domain::id::{CheckInId, TicketId};
use gatewit_domain::scan::Verdict;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::schema;

/// The outcome of one scan.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidateTicketResponse<'a> {
    pub valid: bool,
    status: Status,
    #[schema(example = "✅ Entry granted for Day 1. Welcome!")]
    pub message: String,
    /// The rule that refused the ticket, such as `already_used`; null for an admission.
    reason: Option<&'static str>,
    /// When doors open, for `not_open`.
    #[schema(format = DateTime)]
    opens_at: Option<String>,
    #[schema(value_type = Option<schema::CheckInId>)]
    check_in_id: Option<CheckInId>,
    #[schema(value_type = Option<schema::TicketId>)]
    ticket_instance_id: Option<TicketId>,
    #[schema(example = "VIP Pass")]
    ticket_type_name: Option<&'a str>,
    #[schema(example = "VIP-0001")]
    ticket_series: Option<&'a str>,
    #[schema(example = "John Doe")]
    attendee_name: Option<&'a str>,
    #[schema(example = "john@example.com")]
    attendee_email: Option<&'a str>,
    #[schema(example = "East African Tech Summit 2025")]
    event_name: &'a str,
    #[schema(example = "EVT-A3F4B21C")]
    booking_reference: Option<&'a str>,
    already_checked_in: bool,
    #[schema(format = DateTime)]
    previous_check_in_time: Option<String>,
    previous_check_in_location: Option<&'a str>,
    #[schema(format = DateTime, example = "2025-12-15T09:15:00+03:00")]
    current_check_in_time: Option<String>,
    #[schema(example = "ONLINE")]
    validation_mode: &'static str,
    /// Null for a check-in at the desk.
    scanner_name: Option<&'a str>,
    #[schema(example = "Day 1")]
    day_name: Option<&'a str>,
}

/// The six statuses of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    Valid,
    Duplicate,
    InvalidSignature,
    Expired,
    NotFound,
    Revoked,
}

impl<'a> From<&'a Answered> for ValidateTicketResponse<'a> {
    fn from(answered: &'a Answered) -> Self {
        let outcome = &answered.outcome;
        let event = &answered.event.event;
        let calendar = &event.calendar;
        let refusal = match &outcome.verdict {
            Verdict::Refused(refusal) => Some(refusal),
            Verdict::Admitted { .. } => None,
        };
        let valid = refusal.is_none();
        let previous = match refusal {
            Some(Refusal::AlreadyUsed { at, location }) => Some((at, location)),
            _ => None,
        };
        let opens_at = match refusal {
            Some(Refusal::NotOpen { opens_at }) => Some(calendar.rfc3339(*opens_at)),
            _ => None,
        };
        let ticket = outcome.ticket.as_ref();
        Self {
            valid,
            status: status(refusal),
            message: message(refusal, outcome.day_name.as_deref(), calendar),
            reason: refusal.map(Refusal::code),
            opens_at,
            check_in_id: valid.then_some(outcome.check_in_id),
            ticket_instance_id: ticket.map(|ticket| ticket.id),
            ticket_type_name: ticket.map(|ticket| ticket.type_name.as_str()),
            ticket_series: ticket.map(|ticket| ticket.series.as_str()),
            attendee_name: ticket.map(|ticket| ticket.attendee_name.as_str()),
            attendee_email: ticket.and_then(|ticket| ticket.attendee_email.as_deref()),
            event_name: &event.name,
            booking_reference: ticket.map(|ticket| ticket.booking_reference.as_str()),
            already_checked_in: previous.is_some(),
            previous_check_in_time: previous.map(|(at, _)| calendar.rfc3339(*at)),
            previous_check_in_location: previous.and_then(|(_, location)| location.as_deref()),
            current_check_in_time: valid.then(|| calendar.rfc3339(outcome.at)),
            validation_mode: "ONLINE",
            scanner_name: outcome.scanner_name.as_deref(),
            day_name: outcome.day_name.as_deref(),
        }
    }
}

fn status(refusal: Option<&Refusal>) -> Status {
    match refusal {
        None => Status::Valid,
        Some(Refusal::AlreadyUsed { .. }) => Status::Duplicate,
        Some(Refusal::InvalidSignature) => Status::InvalidSignature,
        Some(Refusal::NotFound | Refusal::WrongEvent) => Status::NotFound,
        Some(Refusal::ScannerRevoked { .. }) => Status::Revoked,
        Some(
            Refusal::ScannerMismatch
            | Refusal::NotActive { .. }
            | Refusal::WrongDay
            | Refusal::NotOpen { .. }
            | Refusal::Expired
            | Refusal::StrategyFailed
            | Refusal::TicketTypeNotAccepted,
        ) => Status::Expired,
    }
}

fn message(refusal: Option<&Refusal>, day: Option<&str>, calendar: &Calendar) -> String {
    let day = day.unwrap_or("this day");
    let why = match refusal {
        None => return format!("✅ Entry granted for {day}. Welcome!"),
        Some(Refusal::AlreadyUsed { .. }) => format!("Ticket already used for {day}."),
        Some(Refusal::InvalidSignature) => "JWT signature failed.".to_owned(),
        Some(Refusal::NotFound) => "Ticket not in database.".to_owned(),
        Some(Refusal::WrongEvent) => "Ticket is for another event.".to_owned(),
        Some(Refusal::ScannerRevoked {
            replaced_by: Some(new),
        }) => {
            return format!(
                "❌ Scanner revoked. On {} this device was registered as the scanner \"{}\": scan with that one, or ask \
                 an organizer to register it again.",
                spoken(new.at, calendar),
                new.name
            );
        }
        Some(Refusal::ScannerRevoked { .. } | Refusal::ScannerMismatch) => {
            return "❌ Scanner revoked. Ask an organizer to register it again.".to_owned();
        }
        Some(Refusal::NotActive { why }) => not_active(*why).to_owned(),
        Some(Refusal::WrongDay) => "Ticket is not valid today.".to_owned(),
        Some(Refusal::NotOpen { opens_at }) => {
            let at = spoken(*opens_at, calendar);
            format!("Check-in is not open yet. It opens on {at}.")
        }
        Some(Refusal::Expired) => "Ticket validity expired.".to_owned(),
        Some(Refusal::StrategyFailed) => {
            "Check-in hours are not known: the event's check-in strategy failed.".to_owned()
        }
        Some(Refusal::TicketTypeNotAccepted) => "Ticket type is not accepted here.".to_owned(),
    };
    format!("❌ {why} Entry denied.")
}

/// Explains why a ticket gives no entry at all.
fn not_active(why: Inactive) -> &'static str {
    match why {
        Inactive::Unpaid => "Ticket is not paid yet.",
        Inactive::Cancelled => "Ticket was cancelled.",
        Inactive::Refunded => "Ticket was refunded.",
        Inactive::Blocked => "Ticket is blocked by the organizer.",
        Inactive::SourceDetached => "Ticket's source does not belong to this event any more.",
        Inactive::UnknownType => "Ticket's type is unknown at this event.",
        Inactive::AdmitsNobody => "This type of ticket gives no entry.",
    }
}

/// Formats a moment in words: `Monday 15 December, 09:00`.
fn spoken(at: Timestamp, calendar: &Calendar) -> String {
    calendar.local(at).strftime("%A %d %B, %H:%M").to_string()
}
