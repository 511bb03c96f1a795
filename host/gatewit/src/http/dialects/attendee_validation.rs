//! `/tickets/*`: whether somebody is an attendee. The contract `attendee-validation.txt`, as `gatewit-api.md` §9 settles
//! it; statuses and bodies are those of `fact-check-in.md` §1.

use axum::Json;
use axum::extract::State;
use axum::middleware::from_fn;
use axum::response::Response;
use gatewit_desk::DeskError;
use gatewit_domain::attendees::{AttendeeQuestion, NameQuestion};
use gatewit_domain::problem::{Problem, SourceCode};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::state::{App, Shared};

mod answer;
mod bodies;
mod client;
mod fields;
mod paths;
mod question;
mod refresh;
mod refusal;

pub use paths::{is_contract_path, is_refresh, no_such_method};
pub use refusal::{failure_response, refusal};

use answer::ValidatedResponse;
use bodies::{
    AddonStatistics, AttendeeAnswer, EmailAnswer, NameAnswer, TicketCount, TicketTypeRow,
    TicketTypes,
};
use client::ValidatorClient;
use fields::{AttendeeRequest, EmailQuestion, EmailRequest, NameRequest};
use paths::refuse_head;
use question::{Question, ValidationErrors};
use refresh::{Refresh, Refreshed, refresh};
use refusal::{Detail, Refusal, panicked};

/// The paths of the contract.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(validate_attendee))
        .routes(routes!(validate_name))
        .routes(routes!(validate_email))
        .routes(routes!(ticket_types))
        .routes(routes!(ticket_count))
        .routes(routes!(refresh_all))
        .routes(routes!(addon_statistics))
        .routes(routes!(refresh_addon_statistics))
        .layer(from_fn(refuse_head))
        .layer(CatchPanicLayer::custom(panicked))
}

/// Checks whether somebody of this name has a ticket, by the order or by the ticket's own reference.
///
/// If the request gives both, the order decides. A name that is close but not the same is 406.
#[utoipa::path(
    post, path = "/tickets/validate_attendee/", tag = "Attendees",
    request_body = AttendeeRequest,
    responses(
        (status = 200, body = AttendeeAnswer, description = "This is an attendee; the ticket is told."),
        (status = 404, body = AttendeeAnswer, description = "There is no such order or ticket, or nobody of this name on it."),
        (status = 406, body = AttendeeAnswer, description = "The name is close to one on the order, or the ticket's type makes no attendee."),
        (status = 422, body = ValidationErrors, description = "The request is not as expected.")
    )
)]
pub async fn validate_attendee(
    State(desk): State<Shared>,
    question: Question<AttendeeQuestion>,
) -> Result<ValidatedResponse<AttendeeAnswer>, Refusal> {
    let validated = desk.sources.validate_attendee(&question.query).await;
    let validated = validated.map_err(|error| question.not_answered(error))?;
    Ok(ValidatedResponse::attendee(validated, &question))
}

/// Checks whether a ticket belongs to somebody of this name.
///
/// The body says whether the name is right: a close name and a wrong one are 200, too.
#[utoipa::path(
    post, path = "/tickets/validate_name/", tag = "Attendees",
    request_body = NameRequest,
    responses(
        (status = 200, body = NameAnswer, description = "There is such a ticket; `is_attendee` tells whether the name is right."),
        (status = 404, body = NameAnswer, description = "There is no such ticket."),
        (status = 406, body = NameAnswer, description = "The ticket's type makes no attendee."),
        (status = 422, body = ValidationErrors, description = "The request is not as expected.")
    )
)]
pub async fn validate_name(
    State(desk): State<Shared>,
    question: Question<NameQuestion>,
) -> Result<ValidatedResponse<NameAnswer>, Refusal> {
    let validated = desk.sources.validate_name(&question.query).await;
    let validated = validated.map_err(|error| question.not_answered(error))?;
    Ok(ValidatedResponse::name(validated, &question))
}

/// Checks whether an e-mail address belongs to an attendee.
#[utoipa::path(
    post, path = "/tickets/validate_email/", tag = "Attendees",
    request_body = EmailRequest,
    responses(
        (status = 200, body = EmailAnswer, description = "It is.", example = json!({"valid": true})),
        (status = 404, body = EmailAnswer, description = "It is not.", example = json!({"valid": false})),
        (status = 422, body = ValidationErrors, description = "The request is not as expected.")
    )
)]
pub async fn validate_email(
    State(desk): State<Shared>,
    question: Question<EmailQuestion>,
) -> Result<ValidatedResponse<EmailAnswer>, Refusal> {
    let valid = desk.sources.is_attendee(&question.query.addresses).await?;
    Ok(ValidatedResponse::email(
        EmailAnswer { valid },
        valid,
        &question,
    ))
}

/// Lists the ticket types.
#[utoipa::path(
    get, path = "/tickets/ticket_types/", tag = "Attendees",
    responses((status = 200, body = TicketTypes, description = "In the order of the ticketing system, T-shirts included."))
)]
pub async fn ticket_types(
    _: ValidatorClient,
    State(desk): State<Shared>,
) -> Result<Json<TicketTypes>, Refusal> {
    let types = desk.sources.ticket_types()?;
    Ok(Json(TicketTypes {
        ticket_types: types.into_iter().map(TicketTypeRow::from).collect(),
    }))
}

/// Counts the tickets.
#[utoipa::path(
    get, path = "/tickets/ticket_count/", tag = "Attendees",
    responses((status = 200, body = TicketCount, description = "Add-ons included, cancelled ones not."))
)]
pub async fn ticket_count(
    _: ValidatorClient,
    State(desk): State<Shared>,
) -> Result<Json<TicketCount>, Refusal> {
    let ticket_count = desk.sources.ticket_count()?;
    Ok(Json(TicketCount { ticket_count }))
}

/// Reads changes from the ticketing system, and waits up to 25 seconds for that to finish.
#[utoipa::path(
    get, path = "/tickets/refresh_all/", tag = "Attendees",
    responses(
        (status = 200, body = Refreshed, description = "What is answered from now on is new."),
        (status = 202, body = Refreshed, description = "It takes longer, and goes on; what was read before serves meanwhile.")
    )
)]
pub async fn refresh_all(
    _: ValidatorClient,
    State(desk): State<Shared>,
) -> Result<Response, Refusal> {
    let refresh = refresh(&desk).await?;
    // Until everything has been read once, there is nothing to serve.
    desk.sources.ticket_count()?;
    Ok(refresh::answer(refresh, &desk.sources.served()))
}

/// Counts the T-shirts that were added to tickets.
#[utoipa::path(
    get, path = "/tickets/addon_statistics/", tag = "Attendees",
    responses(
        (status = 200, body = AddonStatistics, description = "The counts."),
        (status = 404, body = Detail, description = "`addon_statistics` is not configured.")
    )
)]
pub async fn addon_statistics(
    _: ValidatorClient,
    State(desk): State<Shared>,
) -> Result<Json<AddonStatistics>, Refusal> {
    Ok(Json(desk.sources.addon_statistics().await?.into()))
}

/// Reads changes from the ticketing system, then counts the T-shirts. 503 if that takes longer than 25 seconds.
#[utoipa::path(
    get, path = "/tickets/refresh_addon_statistics/", tag = "Attendees",
    responses(
        (status = 200, body = AddonStatistics, description = "The counts."),
        (status = 404, body = Detail, description = "`addon_statistics` is not configured.")
    )
)]
pub async fn refresh_addon_statistics(
    _: ValidatorClient,
    State(desk): State<Shared>,
) -> Result<Json<AddonStatistics>, Refusal> {
    match refresh(&desk).await? {
        Refresh::Ended => Ok(Json(desk.sources.addon_statistics().await?.into())),
        Refresh::GoesOn => Err(DeskError::Unavailable(Problem::new(
            SourceCode::RefreshGoesOn,
            "the tickets are still being read anew; try again in a moment",
        ))
        .into()),
    }
}
