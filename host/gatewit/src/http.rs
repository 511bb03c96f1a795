//! The HTTP interface: routes, and what all of them share. Handlers parse, call the desk and print; rules live there.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use gatewit_domain::service::Desk;
use tower_http::catch_panic::CatchPanicLayer;

mod answer;
mod check_in;
mod check_ins;
mod events;
mod extract;
mod health;
mod plugins;
mod scanners;
mod tickets;

use answer::Failure;

/// The largest body of most requests (`gatewit-api.md` §1).
const BODY_MAX: usize = 1024 * 1024;
/// The largest body of a request that carries many tickets.
const BULK_MAX: usize = 32 * 1024 * 1024;

type Shared = Arc<Desk>;

/// Builds every route of the server over a desk.
pub fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/", get(health::alive))
        .route("/healthcheck/alive", get(health::alive))
        .route("/healthcheck/ready", get(health::ready))
        .nest("/api/v1", management().merge(check_in_contract()))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(desk)
}

/// Events, tickets and plugins: `gatewit-api.md` §3, §4, §10.
fn management() -> Router<Shared> {
    let bulk = DefaultBodyLimit::max(BULK_MAX);
    let tickets = get(tickets::list).post(tickets::issue).layer(bulk);
    Router::new()
        .route("/events", get(events::list).post(events::create))
        .route("/events/{eventId}", get(events::show).patch(events::change))
        .route("/events/{eventId}/publish", post(events::publish))
        .route("/events/{eventId}/windows", get(events::windows))
        .route("/events/{eventId}/tickets", tickets)
        .route(
            "/events/{eventId}/check-ins",
            get(check_ins::list).post(check_ins::create),
        )
        .route("/tickets/{ticketId}", get(tickets::show))
        .route("/tickets/{ticketId}/cancel", post(tickets::cancel))
        .route("/tickets/{ticketId}/refund", post(tickets::refund))
        .route("/tickets/{ticketId}/reinstate", post(tickets::reinstate))
        .route("/plugins", get(plugins::list))
}

/// The contract `event-check-in.txt`, as `gatewit-api.md` §6 settles it.
fn check_in_contract() -> Router<Shared> {
    Router::new()
        .route("/check-in/tokens/generate", post(scanners::generate_token))
        .route(
            "/check-in/tokens/validate/{token}",
            get(scanners::validate_token),
        )
        .route("/check-in/scanners/register", post(scanners::register))
        .route(
            "/check-in/scanners/{scannerId}/stats",
            get(scanners::statistics),
        )
        .route("/check-in/scanners/event/{eventId}", get(scanners::list))
        .route(
            "/check-in/scanners/event/{eventId}/active",
            get(scanners::list_active),
        )
        .route(
            "/check-in/scanners/{scannerId}/revoke",
            post(scanners::revoke),
        )
        .route("/check-in/validate", post(check_in::validate))
        .route("/check-in/undo", post(check_in::undo))
}

async fn no_such_path() -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is nothing at this path",
    )
}

async fn no_such_method() -> Failure {
    let words = "this path does not take this method";
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", words)
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    Failure::internal().into_response()
}
