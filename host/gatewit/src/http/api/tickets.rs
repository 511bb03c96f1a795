//! `/api/v1/events/{eventId}/tickets` and `/api/v1/tickets`. `gatewit-api.md` §4.

use axum::extract::State;
use gatewit_desk::TicketQuery;
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::problem::{EventCode, RequestCode, TicketCode};
use gatewit_domain::ticket::{self, TicketAction};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Done, Envelope, Failure};
use crate::http::extract::{
    Body, FromQuery, Id, IdempotencyHeader, Organizer, Params, QueryFields,
};
use crate::http::openapi::failures::failures;
use crate::http::schema;
use crate::http::state::Shared;

pub mod explain;
mod request;
mod response;

use request::{IssueRequest, TicketChange};
use response::{IssueResponse, ShownState, TicketResponse};

const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 200;
const STATES: [(&str, ticket::ShownState); 5] = [
    ("ACTIVE", ticket::ShownState::Active),
    ("USED", ticket::ShownState::Used),
    ("CANCELLED", ticket::ShownState::Cancelled),
    ("REFUNDED", ticket::ShownState::Refunded),
    ("PENDING", ticket::ShownState::Pending),
];

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// A name in any spelling, an e-mail address, an order, a series or a ticket's id; the best matches come first.
    query: Option<String>,
    #[param(inline, value_type = Option<ShownState>)]
    state: Option<ticket::ShownState>,
    /// The `nextCursor` of the previous page.
    #[param(value_type = Option<schema::TicketId>)]
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
    #[schema(value_type = Option<schema::TicketId>)]
    next_cursor: Option<TicketId>,
}

failures!(IssueFailures:
    CONFLICT [TicketCode::CredentialCodeTaken, RequestCode::IdempotencyMismatch]
    UNPROCESSABLE_ENTITY [TicketCode::Invalid, TicketCode::UnknownType, EventCode::NotPublished]
);

/// Issues one ticket, or several: all of them or none.
///
/// The answer is one ticket or an array, like the request. Repeating a request under its `Idempotency-Key` within 24
/// hours issues nothing, and returns the same tickets in their current state.
#[utoipa::path(
    post, path = "/api/v1/events/{eventId}/tickets", tag = "Tickets", operation_id = "issue_tickets",
    params(("eventId" = schema::EventId, Path), ("Idempotency-Key" = Option<String>, Header, description = "The request's own name.")),
    request_body = IssueRequest,
    responses(
        (status = 201, body = Envelope<IssueResponse>, description = "What was issued, with its signed code."),
        IssueFailures
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
            let drafts = tickets.into_iter().map(Into::into).collect();
            let issued = desk
                .tickets
                .issue_all(&caller, event, drafts, key.as_ref())
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
                .issue(&caller, event, draft.into(), key.as_ref())
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
    get, path = "/api/v1/events/{eventId}/tickets", tag = "Tickets", operation_id = "list_tickets",
    params(("eventId" = schema::EventId, Path), ListParams),
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
    get, path = "/api/v1/tickets/{ticketId}", tag = "Tickets", operation_id = "show_ticket",
    params(("ticketId" = schema::TicketId, Path)),
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

failures!(ChangeFailures:
    CONFLICT [TicketCode::CredentialCodeTaken, TicketCode::OfSource]
    UNPROCESSABLE_ENTITY [TicketCode::Invalid]
);

/// Replaces the fields that the request names, all at once.
///
/// A ticket that a ticketing system sold can be changed only there.
#[utoipa::path(
    patch, path = "/api/v1/tickets/{ticketId}", tag = "Tickets", operation_id = "change_ticket",
    params(("ticketId" = schema::TicketId, Path)),
    request_body = TicketChange,
    responses(
        (status = 200, body = Envelope<TicketResponse>, description = "The ticket as it is now, its signed code too."),
        ChangeFailures
    )
)]
pub async fn change(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<TicketId>,
    Body(change): Body<TicketChange>,
) -> Result<Done<TicketResponse>, Failure> {
    let ticket = desk.tickets.change(&caller, id, change.into()).await?;
    Ok(Done::ok("Ticket changed", ticket.into()))
}

failures!(CancelFailures:
    CONFLICT [TicketCode::Refunded]
);

/// Cancels a ticket: it gives no entry until it is reinstated.
#[utoipa::path(
    post, path = "/api/v1/tickets/{ticketId}/cancel", tag = "Tickets", operation_id = "cancel_ticket",
    params(("ticketId" = schema::TicketId, Path)),
    responses(
        (status = 200, body = Envelope<TicketResponse>, description = "The ticket as it is now."),
        CancelFailures
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
    post, path = "/api/v1/tickets/{ticketId}/refund", tag = "Tickets", operation_id = "refund_ticket",
    params(("ticketId" = schema::TicketId, Path)),
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

failures!(ReinstateFailures:
    CONFLICT [TicketCode::CredentialCodeTaken]
);

/// Makes a ticket valid again.
#[utoipa::path(
    post, path = "/api/v1/tickets/{ticketId}/reinstate", tag = "Tickets", operation_id = "reinstate_ticket",
    params(("ticketId" = schema::TicketId, Path)),
    responses(
        (status = 200, body = Envelope<TicketResponse>, description = "The ticket as it is now."),
        ReinstateFailures
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
