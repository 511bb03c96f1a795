//! A ticket as organizers see it.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatewit_desk::ShownTicket;
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::ticket;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::schema;

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum IssueResponse {
    Many(Vec<TicketResponse>),
    One(Box<TicketResponse>),
}

/// A ticket as organizers see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketResponse {
    #[schema(value_type = schema::TicketId)]
    ticket_instance_id: TicketId,
    #[schema(value_type = schema::EventId)]
    event_id: EventId,
    #[schema(example = "vip")]
    ticket_type_id: String,
    #[schema(example = "VIP Pass")]
    ticket_type_name: String,
    #[schema(example = "VIP-0001")]
    ticket_series: String,
    #[schema(example = "John Doe")]
    attendee_name: String,
    #[schema(example = "john@example.com")]
    attendee_email: Option<String>,
    #[schema(example = "EVT-A3F4B21C")]
    booking_reference: String,
    credential_code: Option<String>,
    attributes: BTreeMap<String, bool>,
    details: BTreeMap<String, String>,
    state: ShownState,
    #[schema(format = DateTime, example = "2025-12-01T12:00:00+03:00")]
    issued_at: String,
    /// The content of the QR code: the signed code, a compact one if that exceeds 1,500 characters, or the code of the
    /// ticketing system that sold the ticket.
    #[schema(value_type = String)]
    qr_code: Arc<str>,
    /// The signed code, with everything an offline reader needs; null if a ticketing system sold the ticket.
    #[schema(value_type = Option<String>)]
    jwt_token: Option<Arc<str>>,
    /// Problems other than its state that keep it from opening a door: a type that its source does not list, or a code
    /// that another ticket has.
    warnings: Vec<String>,
}

/// A ticket's state as clients see it.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ShownState {
    Active,
    Used,
    Cancelled,
    Refunded,
    Pending,
}

impl From<ShownTicket> for TicketResponse {
    fn from(shown: ShownTicket) -> Self {
        let ticket = shown.ticket;
        let calendar = &shown.event.event.calendar;
        Self {
            ticket_instance_id: ticket.id,
            event_id: ticket.event_id,
            ticket_type_id: ticket.type_id,
            ticket_type_name: shown.type_name,
            ticket_series: ticket.series,
            attendee_name: ticket.attendee_name,
            attendee_email: ticket.attendee_email,
            booking_reference: ticket.booking_reference,
            credential_code: ticket.credential_code,
            attributes: ticket.attributes,
            details: ticket.details,
            state: shown.state.into(),
            issued_at: calendar.rfc3339(ticket.issued_at),
            qr_code: shown.code,
            jwt_token: shown.token,
            warnings: shown.warnings,
        }
    }
}

impl From<ticket::ShownState> for ShownState {
    fn from(state: ticket::ShownState) -> Self {
        match state {
            ticket::ShownState::Active => Self::Active,
            ticket::ShownState::Used => Self::Used,
            ticket::ShownState::Cancelled => Self::Cancelled,
            ticket::ShownState::Refunded => Self::Refunded,
            ticket::ShownState::Pending => Self::Pending,
        }
    }
}
