//! Whether the server lives, and whether it can do its work. `gatewit-api.md` §11.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gatewit_domain::plugin::PluginState;
use gatewit_domain::service::SourceStatus;
use gatewit_domain::source::SourceName;
use jiff::Timestamp;
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
    sources: Vec<SourceRow>,
}

/// A source of tickets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceRow {
    name: SourceName,
    /// Null until it was read for the first time.
    tickets: Option<usize>,
    /// How old what is served is.
    age_seconds: Option<i64>,
    /// Whether the last try to read it failed; the log says why.
    stale: bool,
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
/// 503 while the store cannot, and until the sources that `/tickets/*` serves have been read once. A plugin that was
/// refused hurts its own events only, and a ticketing system that is down nobody: what it said last serves.
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
    let is_synced = |source: &SourceStatus| {
        source.tickets.is_some() || !desk.served_sources().contains(&source.name)
    };
    let sources = desk.sources();
    let ready = store && sources.iter().all(is_synced);
    let body = Ready {
        ready,
        store,
        plugins: PluginCount {
            active: count(PluginState::Active),
            rejected: count(PluginState::Rejected),
        },
        sources: sources
            .into_iter()
            .map(|source| row(source, desk.now()))
            .collect(),
    };
    let status = match ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(body)).into_response()
}

fn row(source: SourceStatus, now: Timestamp) -> SourceRow {
    let age = |synced_at| now.duration_since(synced_at).as_secs();
    SourceRow {
        name: source.name,
        tickets: source.tickets,
        age_seconds: source.synced_at.map(age),
        stale: source.trouble.is_some(),
    }
}
