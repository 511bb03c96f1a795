//! The claims of signed tokens: `gatewit-api.md` §4 for tickets, `event-check-in.txt` ("JWT Credentials") for scanners.

use serde::{Deserialize, Serialize};

use crate::id::{EventId, ScannerId, TicketId};

/// The claims of a token. `type` always distinguishes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Claims {
    /// A ticket (`gatewit-api.md` §4).
    Ticket(TicketClaims),
    /// A ticket in a shorter form.
    #[serde(rename = "ticket", skip_deserializing)]
    CompactTicket(CompactTicketClaims),
    /// A scanner's credentials, which never count as a ticket.
    ScannerCredential(ScannerClaims),
}

/// The claims of a ticket's token that the server uses. It skips the rest, which is for offline readers, to save time.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TicketProof {
    /// Distinguishes it from every other kind of token.
    #[serde(rename = "type")]
    _kind: TicketKind,
    /// The ticket that the token is for. The caller must still look it up.
    pub ticket_instance_id: TicketId,
    /// The event whose key signed the token.
    pub event_id: EventId,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TicketKind {
    Ticket,
}

/// The claims in a ticket's QR code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TicketClaims {
    /// The ticket that the token is for.
    pub ticket_instance_id: TicketId,
    /// The event whose key signs the token.
    pub event_id: EventId,
    /// The id of the ticket's type, in the event's spelling.
    pub ticket_type_id: String,
    /// The type's name when the token was signed.
    pub ticket_type_name: String,
    /// Its number within its type, such as `VIP-0001`, or the reference in its ticketing system.
    pub ticket_series: String,
    /// Empty if unknown.
    pub attendee_name: String,
    /// None if unknown.
    pub attendee_email: Option<String>,
    /// The order it was bought with.
    pub booking_reference: String,
    /// The days on which the ticket's type is valid, for offline readers. The server uses the event's current days.
    pub event_schedules: Vec<Schedule>,
    /// Seconds since the Unix epoch.
    pub iat: i64,
    /// Seconds since the Unix epoch: the end of the last day plus two days. For offline readers.
    pub exp: i64,
}

/// The claims in a QR code that has no room for [`TicketClaims`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompactTicketClaims {
    /// As in [`TicketClaims`].
    pub ticket_instance_id: TicketId,
    /// As in [`TicketClaims`].
    pub event_id: EventId,
    /// As in [`TicketClaims`].
    pub ticket_type_id: String,
    /// As in [`TicketClaims`].
    pub iat: i64,
    /// As in [`TicketClaims`].
    pub exp: i64,
}

/// One event day in a ticket's claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// The name of the event day.
    pub day_name: String,
    /// RFC 3339 with the event's offset at that moment.
    pub start_date_time: String,
    /// RFC 3339 with the event's offset at that moment.
    pub end_date_time: String,
}

/// The claims of a scanner's credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScannerClaims {
    /// The scanner that the credentials prove.
    pub scanner_id: ScannerId,
    /// The event whose key signs the credentials, and at whose doors the scanner may scan.
    pub event_id: EventId,
    /// Seconds since the Unix epoch.
    pub iat: i64,
    /// Seconds since the Unix epoch: one year after `iat`.
    pub exp: i64,
}
