//! The record of scans, and checking in without a code: `gatewit-api.md` §12.

use axum::body::Body as Stream;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use gatewit_desk::{CheckInPage, CheckInQuery, DeskError, Happened};
use gatewit_domain::id::{EventId, ScannerId};
use gatewit_domain::problem::{CheckInCode, EventCode, RequestCode};
use gatewit_domain::scan::ManualCheckIn;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Done, Envelope, Failure};
use crate::http::dialects::event_check_in::ValidateTicketResponse;
use crate::http::extract::{
    Body, FromQuery, Id, IdempotencyHeader, Organizer, Params, QueryFields,
};
use crate::http::openapi::failures::failures;
use crate::http::schema;
use crate::http::state::Shared;

mod export;
mod record;
use record::CheckInRecord;

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1_000;

#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListParams {
    /// A day of the event by its name, its date or its weekday: `Day 1`, `2025-12-15`, `monday`.
    day: Option<String>,
    #[param(value_type = Option<schema::ScannerId>)]
    scanner_id: Option<ScannerId>,
    #[param(inline)]
    outcome: Option<OutcomeParam>,
    /// The `nextCursor` of the previous page.
    cursor: Option<u64>,
    /// At most 1000. Default: 100.
    limit: Option<usize>,
}

#[derive(Clone, Copy, ToSchema)]
#[schema(rename_all = "lowercase")]
enum OutcomeParam {
    Admitted,
    Refused,
    Undone,
}

impl FromQuery for ListParams {
    fn read(query: &QueryFields) -> Result<Self, Failure> {
        let outcomes = [
            ("admitted", OutcomeParam::Admitted),
            ("refused", OutcomeParam::Refused),
            ("undone", OutcomeParam::Undone),
        ];
        Ok(Self {
            day: query.text("day")?.map(str::to_owned),
            scanner_id: query.read("scannerId", "the id of a scanner", |id| id.parse().ok())?,
            outcome: query.one_of("outcome", &outcomes)?,
            cursor: query.cursor()?,
            limit: query.limit()?,
        })
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CheckInPage)]
pub struct ListResponse {
    check_ins: Vec<CheckInRecord>,
    #[schema(example = "100")]
    next_cursor: Option<String>,
}

/// One ticket, or every ticket of an order.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeskRequest {
    #[schema(example = "019b2045-5a00-7c3e-9d5e-2f1a8b7c6d5e")]
    ticket_instance_id: Option<String>,
    /// The booking reference.
    order: Option<String>,
    /// A name for the request that makes repeating it safe, as the header `Idempotency-Key` does.
    scan_id: Option<String>,
}

impl From<CheckInPage> for ListResponse {
    fn from(page: CheckInPage) -> Self {
        let event = &page.event.event;
        let records = page.check_ins.into_iter();
        Self {
            check_ins: records
                .map(|check_in| CheckInRecord::new(check_in, event))
                .collect(),
            next_cursor: page.next.map(|next| next.to_string()),
        }
    }
}

/// Lists what happened: scans, and admissions that were taken back, in the order of their commits.
///
/// One page as JSON, or with `Accept: application/x-ndjson` or `text/csv` all records as a stream.
#[utoipa::path(
    get, path = "/api/v1/events/{eventId}/check-ins", tag = "Scans", operation_id = "list_check_ins",
    params(("eventId" = schema::EventId, Path), ListParams),
    responses((
        status = 200, description = "A page, or all of it.",
        content(
            (Envelope<ListResponse> = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv")
        )
    ))
)]
pub async fn list(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(event): Id<EventId>,
    Params(params): Params<ListParams>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let form = export::Form::accepted(&headers);
    let limit = match form {
        None => params.limit.unwrap_or(LIMIT_DEFAULT),
        Some(_) => LIMIT_MAX,
    };
    let query = CheckInQuery {
        day: params.day,
        scanner: params.scanner_id,
        outcome: params.outcome.map(|outcome| match outcome {
            OutcomeParam::Admitted => Happened::Admitted,
            OutcomeParam::Refused => Happened::Refused,
            OutcomeParam::Undone => Happened::Undone,
        }),
        cursor: params.cursor,
        limit: limit.clamp(1, LIMIT_MAX),
    };
    let first = desk.admissions.check_ins(&caller, event, &query).await?;
    match form {
        None => Ok(Done::ok("Check-ins", ListResponse::from(first)).into_response()),
        Some(form) => {
            let content_type = [(header::CONTENT_TYPE, form.content_type())];
            let rows = export::rows(desk, caller, event, query, first, form);
            Ok((content_type, Stream::from_stream(rows)).into_response())
        }
    }
}

failures!(CreateFailures:
    CONFLICT [RequestCode::IdempotencyMismatch]
    UNPROCESSABLE_ENTITY [
        CheckInCode::Invalid, CheckInCode::UnknownTicket, CheckInCode::UnknownOrder, EventCode::NotPublished
    ]
);

/// Checks in without a code: one ticket, or every ticket of an order.
#[utoipa::path(
    post, path = "/api/v1/events/{eventId}/check-ins", tag = "Scans", operation_id = "check_in_without_code",
    params(("eventId" = schema::EventId, Path), ("Idempotency-Key" = Option<String>, Header, description = "The request's own name.")),
    request_body = DeskRequest,
    responses(
        (status = 200, body = Envelope<Vec<ValidateTicketResponse>>, description = "Each ticket's outcome."),
        CreateFailures
    )
)]
pub async fn create(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(event): Id<EventId>,
    key: IdempotencyHeader,
    Body(request): Body<DeskRequest>,
) -> Result<Response, Failure> {
    let key = key.or(request.scan_id.as_deref())?;
    let found = ManualCheckIn::parse(request.ticket_instance_id, request.order)
        .map_err(DeskError::Unacceptable)?;
    let answers = desk
        .admissions
        .check_in_manually(&caller, event, &found, key.as_ref())
        .await?;
    let outcomes: Vec<_> = answers.iter().map(ValidateTicketResponse::from).collect();
    let words = match outcomes.iter().all(|outcome| outcome.valid) {
        true => "Checked in without a code",
        false => "Not every ticket was let in",
    };
    Ok(Done::ok(words, outcomes).into_response())
}
