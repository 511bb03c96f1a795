//! `/api/v1/events/{eventId}/tickets` and `/api/v1/tickets`. `gatewit-api.md` §4.

use std::collections::BTreeMap;

use axum::extract::State;
use gatewit_desk::{ShownTicket, TicketQuery};
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::ticket::{ShownState, TicketAction, TicketChange, TicketDraft};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Done, Envelope, Failure};
use crate::http::extract::{
    Body, FromQuery, Id, IdempotencyHeader, Organizer, Params, QueryFields,
};
use crate::http::state::Shared;

const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 200;
const STATES: [(&str, ShownState); 5] = [
    ("ACTIVE", ShownState::Active),
    ("USED", ShownState::Used),
    ("CANCELLED", ShownState::Cancelled),
    ("REFUNDED", ShownState::Refunded),
    ("PENDING", ShownState::Pending),
];

/// One ticket, or several under `tickets` that are issued together or not at all.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum IssueRequest {
    Many { tickets: Vec<TicketDraft> },
    One(TicketDraft),
}

impl<'de> Deserialize<'de> for IssueRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut body = serde_json::Value::deserialize(deserializer)?;
        let request = match body.get_mut("tickets").map(serde_json::Value::take) {
            Some(tickets) => serde_json::from_value(tickets).map(|tickets| Self::Many { tickets }),
            None => serde_json::from_value(body).map(Self::One),
        };
        request.map_err(serde::de::Error::custom)
    }
}

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
    ticket_instance_id: TicketId,
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
    qr_code: String,
    /// The signed code, with everything an offline reader needs; null if a ticketing system sold the ticket.
    jwt_token: Option<String>,
    /// Problems other than its state that keep it from opening a door: a type that its source does not list, or a code
    /// that another ticket has.
    warnings: Vec<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// A name in any spelling, an e-mail address, an order, a series or a ticket's id; the best matches come first.
    query: Option<String>,
    #[param(inline)]
    state: Option<ShownState>,
    /// The `nextCursor` of the previous page.
    cursor: Option<TicketId>,
    /// At most 200. Default: 50.
    limit: Option<usize>,
}

impl FromQuery for ListParams {
    fn read(query: &QueryFields) -> Result<Self, Failure> {
        Ok(Self {
            query: query.text("query")?.map(str::to_owned),
            state: query.one_of("state", &STATES)?,
            cursor: query.cursor()?,
            limit: query.limit()?,
        })
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TicketPage)]
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
            qr_code: shown.code,
            jwt_token: shown.token,
            warnings: shown.warnings,
        }
    }
}

/// Issues one ticket, or several: all of them or none.
///
/// The answer is one ticket or an array, like the request. Repeating a request under its `Idempotency-Key` within 24
/// hours issues nothing, and returns the same tickets in their current state.
#[utoipa::path(
    post, path = "/events/{eventId}/tickets", tag = "Tickets", operation_id = "issue_tickets",
    params(("eventId" = EventId, Path), ("Idempotency-Key" = Option<String>, Header, description = "The request's own name.")),
    request_body = IssueRequest,
    responses(
        (status = 201, body = Envelope<IssueResponse>, description = "What was issued, with its signed code."),
        (status = 409, description = "`credential_code_taken`, `idempotency_mismatch`"),
        (status = 422, description = "`invalid_ticket_request`, `unknown_ticket_type`, `event_not_published`")
    )
)]
pub async fn issue(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(event): Id<EventId>,
    key: IdempotencyHeader,
    Body(request): Body<IssueRequest>,
) -> Result<Done<IssueResponse>, Failure> {
    let key = key.or(None)?;
    match request {
        IssueRequest::Many { tickets } => {
            let issued = desk
                .tickets
                .issue_all(&caller, event, tickets, key.as_ref())
                .await?;
            let tickets = issued.into_iter().map(TicketResponse::from).collect();
            Ok(Done::created(
                "Tickets issued",
                IssueResponse::Many(tickets),
            ))
        }
        IssueRequest::One(draft) => {
            let issued = desk
                .tickets
                .issue(&caller, event, draft, key.as_ref())
                .await?;
            Ok(Done::created(
                "Ticket issued",
                IssueResponse::One(Box::new(issued.into())),
            ))
        }
    }
}

/// Lists and searches an event's tickets.
#[utoipa::path(
    get, path = "/events/{eventId}/tickets", tag = "Tickets", operation_id = "list_tickets",
    params(("eventId" = EventId, Path), ListParams),
    responses((status = 200, body = Envelope<ListResponse>, description = "A page."))
)]
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
    let page = desk.tickets.list(&caller, event, query).await?;
    let response = ListResponse {
        tickets: page.tickets.into_iter().map(TicketResponse::from).collect(),
        next_cursor: page.next,
    };
    Ok(Done::ok("Tickets", response))
}

/// Shows a ticket.
#[utoipa::path(
    get, path = "/tickets/{ticketId}", tag = "Tickets", operation_id = "show_ticket",
    params(("ticketId" = TicketId, Path)),
    responses((status = 200, body = Envelope<TicketResponse>, description = "The ticket."))
)]
pub async fn show(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<TicketId>,
) -> Result<Done<TicketResponse>, Failure> {
    let ticket = desk.tickets.get(&caller, id).await?;
    Ok(Done::ok("Ticket", ticket.into()))
}

/// Replaces the fields that the request names, all at once.
///
/// A ticket that a ticketing system sold can be changed only there.
#[utoipa::path(
    patch, path = "/tickets/{ticketId}", tag = "Tickets", operation_id = "change_ticket",
    params(("ticketId" = TicketId, Path)),
    request_body = TicketChange,
    responses(
        (status = 200, body = Envelope<TicketResponse>, description = "The ticket as it is now, its signed code too."),
        (status = 409, description = "`credential_code_taken`, `ticket_of_source`"),
        (status = 422, description = "`invalid_ticket_request`")
    )
)]
pub async fn change(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<TicketId>,
    Body(change): Body<TicketChange>,
) -> Result<Done<TicketResponse>, Failure> {
    let ticket = desk.tickets.change(&caller, id, change).await?;
    Ok(Done::ok("Ticket changed", ticket.into()))
}

/// Cancels a ticket: it gives no entry until it is reinstated.
#[utoipa::path(
    post, path = "/tickets/{ticketId}/cancel", tag = "Tickets", operation_id = "cancel_ticket",
    params(("ticketId" = TicketId, Path)),
    responses(
        (status = 409, description = "`ticket_refunded`"),
        (status = 200, body = Envelope<TicketResponse>, description = "The ticket as it is now.")
    )
)]
pub async fn cancel(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<TicketId>,
) -> Result<Done<TicketResponse>, Failure> {
    let ticket = desk.tickets.act(&caller, id, TicketAction::Cancel).await?;
    Ok(Done::ok("Ticket cancelled", ticket.into()))
}

/// Marks a ticket as refunded: it gives no entry until it is reinstated.
#[utoipa::path(
    post, path = "/tickets/{ticketId}/refund", tag = "Tickets", operation_id = "refund_ticket",
    params(("ticketId" = TicketId, Path)),
    responses((status = 200, body = Envelope<TicketResponse>, description = "The ticket as it is now."))
)]
pub async fn refund(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<TicketId>,
) -> Result<Done<TicketResponse>, Failure> {
    let ticket = desk.tickets.act(&caller, id, TicketAction::Refund).await?;
    Ok(Done::ok("Ticket refunded", ticket.into()))
}

/// Makes a ticket valid again.
#[utoipa::path(
    post, path = "/tickets/{ticketId}/reinstate", tag = "Tickets", operation_id = "reinstate_ticket",
    params(("ticketId" = TicketId, Path)),
    responses(
        (status = 200, body = Envelope<TicketResponse>, description = "The ticket as it is now."),
        (status = 409, description = "`credential_code_taken`: another ticket has its code by now")
    )
)]
pub async fn reinstate(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<TicketId>,
) -> Result<Done<TicketResponse>, Failure> {
    let ticket = desk
        .tickets
        .act(&caller, id, TicketAction::Reinstate)
        .await?;
    Ok(Done::ok("Ticket reinstated", ticket.into()))
}
