//! `POST /api/v1/check-in/validate`: `event-check-in.txt` 7, `gatewit-api.md` §6.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use gatewit_domain::calendar::Calendar;
use gatewit_domain::id::{CheckInId, TicketId};
use gatewit_domain::problem::{DeskError, Problem};
use gatewit_domain::scan::{Contract, Presented, Refusal, RepeatKey, Scan, Verdict};
use gatewit_domain::service::Answered;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::answer::{Envelope, Failure};
use super::extract::{Body, Device};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidateRequest {
    jwt_token: String,
    scanner_id: String,
    device_fingerprint: String,
    check_in_location: Option<String>,
    /// The scan's own name, so that sending it again does nothing twice; so does the header `Idempotency-Key`.
    scan_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidateTicketResponse {
    valid: bool,
    /// One of the contract's six.
    status: &'static str,
    message: String,
    /// The code of `gatewit-api.md` §5; null for an admission.
    reason: Option<&'static str>,
    /// When doors open, for `not_open`.
    opens_at: Option<String>,
    check_in_id: Option<CheckInId>,
    ticket_instance_id: Option<TicketId>,
    ticket_type_name: Option<String>,
    ticket_series: Option<String>,
    attendee_name: Option<String>,
    attendee_email: Option<String>,
    event_name: String,
    booking_reference: Option<String>,
    already_checked_in: bool,
    previous_check_in_time: Option<String>,
    previous_check_in_location: Option<String>,
    current_check_in_time: Option<String>,
    validation_mode: &'static str,
    scanner_name: String,
    day_name: Option<String>,
}

pub async fn validate(
    State(desk): State<Shared>,
    Device(credential): Device,
    headers: HeaderMap,
    Body(request): Body<ValidateRequest>,
) -> Result<Response, Failure> {
    let scan = Scan {
        repeat_key: repeat_key(&headers, request.scan_id.as_deref())?,
        presented: Presented::Token(request.jwt_token),
        contract: Contract::EventCheckIn,
        credential,
        claimed_scanner: request.scanner_id,
        claimed_fingerprint: request.device_fingerprint,
        location: request.check_in_location,
    };
    print(desk.admit(&scan).await?)
}

/// The header wins over the field.
fn repeat_key(headers: &HeaderMap, scan_id: Option<&str>) -> Result<Option<RepeatKey>, Failure> {
    let header = headers.get("idempotency-key");
    let header = header.map(|value| String::from_utf8_lossy(value.as_bytes()));
    let key = header.as_deref().or(scan_id);
    Ok(key
        .map(RepeatKey::parse)
        .transpose()
        .map_err(DeskError::Malformed)?)
}

/// Prints an outcome in the words of the contract.
fn print(answered: Answered) -> Result<Response, Failure> {
    let Answered { outcome, event } = answered;
    let calendar = &event.event.calendar;
    let refusal = match &outcome.verdict {
        Verdict::Refused(Refusal::ScannerMismatch) => {
            let words =
                "these credentials belong to another scanner or another device; register this one";
            return Err(DeskError::Forbidden(Problem::new("scanner_mismatch", words)).into());
        }
        Verdict::Refused(refusal) => Some(refusal),
        Verdict::Admitted => None,
    };
    let valid = refusal.is_none();
    let message = message(refusal, outcome.day_name.as_deref(), calendar);
    let previous = match refusal {
        Some(Refusal::AlreadyUsed { at, location }) => {
            Some((calendar.rfc3339(*at), location.clone()))
        }
        _ => None,
    };
    let opens_at = match refusal {
        Some(Refusal::NotOpen { opens_at }) => Some(calendar.rfc3339(*opens_at)),
        _ => None,
    };
    let status = status(refusal);
    let reason = refusal.map(Refusal::code);
    let (previous_check_in_time, previous_check_in_location) = previous.unzip();
    let ticket = outcome.ticket;
    let of_ticket = ticket.as_ref();
    let data = ValidateTicketResponse {
        valid,
        status,
        message: message.clone(),
        reason,
        opens_at,
        check_in_id: valid.then_some(outcome.check_in_id),
        ticket_instance_id: of_ticket.map(|ticket| ticket.id),
        ticket_type_name: of_ticket.map(|ticket| ticket.type_name.clone()),
        ticket_series: of_ticket.map(|ticket| ticket.series.clone()),
        attendee_name: of_ticket.map(|ticket| ticket.attendee_name.clone()),
        attendee_email: of_ticket.and_then(|ticket| ticket.attendee_email.clone()),
        event_name: event.event.name.clone(),
        booking_reference: of_ticket.map(|ticket| ticket.booking_reference.clone()),
        already_checked_in: previous_check_in_time.is_some(),
        previous_check_in_time,
        previous_check_in_location: previous_check_in_location.flatten(),
        current_check_in_time: valid.then(|| calendar.rfc3339(outcome.at)),
        validation_mode: "ONLINE",
        scanner_name: outcome.scanner_name,
        day_name: outcome.day_name,
    };
    let envelope = Envelope {
        success: valid,
        message,
        data,
    };
    Ok((StatusCode::OK, Json(envelope)).into_response())
}

fn status(refusal: Option<&Refusal>) -> &'static str {
    match refusal {
        None => "VALID",
        Some(Refusal::AlreadyUsed { .. }) => "DUPLICATE",
        Some(Refusal::InvalidSignature) => "INVALID_SIGNATURE",
        Some(Refusal::NotFound | Refusal::WrongEvent) => "NOT_FOUND",
        Some(Refusal::ScannerRevoked) => "REVOKED",
        Some(_) => "EXPIRED",
    }
}

fn message(refusal: Option<&Refusal>, day: Option<&str>, calendar: &Calendar) -> String {
    let day = day.unwrap_or("this day");
    let why = match refusal {
        None => return format!("✅ Entry granted for {day}. Welcome!"),
        Some(Refusal::AlreadyUsed { .. }) => format!("Ticket already used for {day}."),
        Some(Refusal::InvalidSignature) => "Ticket signature is invalid.".to_owned(),
        Some(Refusal::NotFound) => "Ticket not found.".to_owned(),
        Some(Refusal::WrongEvent) => "Ticket is for another event.".to_owned(),
        Some(Refusal::ScannerRevoked | Refusal::ScannerMismatch) => {
            return "❌ Scanner revoked. Ask an organizer to register it again.".to_owned();
        }
        Some(Refusal::NotActive) => "Ticket is not active.".to_owned(),
        Some(Refusal::WrongDay) => "Ticket is not valid today.".to_owned(),
        Some(Refusal::NotOpen { opens_at }) => {
            let at = calendar.local(*opens_at).strftime("%A %d %B, %H:%M");
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
