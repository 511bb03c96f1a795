//! Whether the server lives, and whether it can do its work. `gatewit-api.md` §11.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gatewit_domain::plugin::PluginState;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;

#[derive(Serialize, ToSchema)]
pub struct Alive {
    alive: bool,
}

#[derive(Serialize, ToSchema)]
pub struct Ready {
    ready: bool,
    /// Whether the store answers.
    store: bool,
    plugins: PluginCount,
}

#[derive(Serialize, ToSchema)]
pub struct PluginCount {
    active: usize,
    rejected: usize,
}

/// Tells that the process lives.
#[utoipa::path(
    get, path = "/", tag = "Health",
    responses((status = 200, body = Alive, description = "It does."))
)]
pub async fn root() -> Json<Alive> {
    alive().await
}

/// Tells that the process lives.
#[utoipa::path(
    get, path = "/healthcheck/alive", tag = "Health",
    responses((status = 200, body = Alive, description = "It does."))
)]
pub async fn alive() -> Json<Alive> {
    Json(Alive { alive: true })
}

/// Tells whether scans can be answered.
///
/// 503 while the store cannot. A plugin that was refused hurts its own events only.
#[utoipa::path(
    get, path = "/healthcheck/ready", tag = "Health",
    responses(
        (status = 200, body = Ready, description = "They can."),
        (status = 503, body = Ready, description = "They cannot.")
    )
)]
pub async fn ready(State(desk): State<Shared>) -> Response {
    let store = desk.check_store().await.is_ok();
    let plugins = desk.plugins();
    let count = |state| plugins.iter().filter(|row| row.state == state).count();
    let body = Ready {
        ready: store,
        store,
        plugins: PluginCount {
            active: count(PluginState::Active),
            rejected: count(PluginState::Rejected),
        },
    };
    let status = match store {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(body)).into_response()
}
