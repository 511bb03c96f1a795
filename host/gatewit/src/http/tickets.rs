//! `/api/v1/events/{eventId}/tickets` and `/api/v1/tickets`. `gatewit-api.md` §4.

use std::collections::BTreeMap;

use axum::extract::State;
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::service::{ShownTicket, TicketQuery};
use gatewit_domain::ticket::{ShownState, TicketAction, TicketDraft};
use serde::{Deserialize, Deserializer, Serialize};

use super::Shared;
use super::answer::{Done, Failure};
use super::extract::{Body, Id, Organizer, Params};

const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 200;

/// One ticket, or several under `tickets` that are issued together or not at all.
pub enum IssueRequest {
    Many(Vec<TicketDraft>),
    One(TicketDraft),
}

impl<'de> Deserialize<'de> for IssueRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut body = serde_json::Value::deserialize(deserializer)?;
        let request = match body.get_mut("tickets").map(serde_json::Value::take) {
            Some(tickets) => serde_json::from_value(tickets).map(Self::Many),
            None => serde_json::from_value(body).map(Self::One),
        };
        request.map_err(serde::de::Error::custom)
    }
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum IssueResponse {
    Many(Vec<TicketResponse>),
    One(Box<TicketResponse>),
}

/// A ticket as organizers see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TicketResponse {
    ticket_instance_id: TicketId,
    event_id: EventId,
    ticket_type_id: String,
    ticket_type_name: String,
    ticket_series: String,
    attendee_name: String,
    attendee_email: Option<String>,
    booking_reference: String,
    credential_code: Option<String>,
    attributes: BTreeMap<String, bool>,
    details: BTreeMap<String, String>,
    state: ShownState,
    issued_at: String,
    /// What the QR code shows.
    qr_code: String,
    /// The same.
    jwt_token: String,
}

#[derive(Deserialize)]
pub struct ListParams {
    query: Option<String>,
    state: Option<ShownState>,
    cursor: Option<TicketId>,
    limit: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListResponse {
    tickets: Vec<TicketResponse>,
    next_cursor: Option<TicketId>,
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
            state: shown.state,
            issued_at: calendar.rfc3339(ticket.issued_at),
            qr_code: shown.token.clone(),
            jwt_token: shown.token,
        }
    }
}

pub async fn issue(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(event): Id<EventId>,
    Body(request): Body<IssueRequest>,
) -> Result<Done<IssueResponse>, Failure> {
    match request {
        IssueRequest::Many(drafts) => {
            let issued = desk.issue_tickets(&caller, event, drafts).await?;
            let tickets = issued.into_iter().map(TicketResponse::from).collect();
            Ok(Done::created(
                "Tickets issued",
                IssueResponse::Many(tickets),
            ))
        }
        IssueRequest::One(draft) => {
            let issued = desk.issue_ticket(&caller, event, draft).await?;
            Ok(Done::created(
                "Ticket issued",
                IssueResponse::One(Box::new(issued.into())),
            ))
        }
    }
}

pub async fn list(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(event): Id<EventId>,
    Params(params): Params<ListParams>,
) -> Result<Done<ListResponse>, Failure> {
    let query = TicketQuery {
        text: params.query,
        state: params.state,
        cursor: params.cursor,
        limit: params.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX),
    };
    let page = desk.tickets(&caller, event, query).await?;
    let response = ListResponse {
        tickets: page.tickets.into_iter().map(TicketResponse::from).collect(),
        next_cursor: page.next,
    };
    Ok(Done::ok("Tickets", response))
}

pub async fn show(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<TicketId>,
) -> Result<Done<TicketResponse>, Failure> {
    let ticket = desk.ticket(&caller, id).await?;
    Ok(Done::ok("Ticket", ticket.into()))
}

pub async fn cancel(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<TicketId>,
) -> Result<Done<TicketResponse>, Failure> {
    let ticket = desk
        .act_on_ticket(&caller, id, TicketAction::Cancel)
        .await?;
    Ok(Done::ok("Ticket cancelled", ticket.into()))
}

pub async fn refund(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<TicketId>,
) -> Result<Done<TicketResponse>, Failure> {
    let ticket = desk
        .act_on_ticket(&caller, id, TicketAction::Refund)
        .await?;
    Ok(Done::ok("Ticket refunded", ticket.into()))
}

pub async fn reinstate(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<TicketId>,
) -> Result<Done<TicketResponse>, Failure> {
    let ticket = desk
        .act_on_ticket(&caller, id, TicketAction::Reinstate)
        .await?;
    Ok(Done::ok("Ticket reinstated", ticket.into()))
}
