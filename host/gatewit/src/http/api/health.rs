//! Whether the server is alive and ready to work. `gatewit-api.md` §11.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gatewit_desk::SourceStatus;
use gatewit_domain::plugin::{PluginRow, PluginState};
use gatewit_domain::source::SourceName;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::schema;
use crate::http::state::Shared;

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
    events: EventCount,
    sources: Vec<SourceRow>,
}

/// A ticket source.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceRow {
    #[schema(value_type = schema::SourceName)]
    name: SourceName,
    /// Null until the source has been read once.
    tickets: Option<usize>,
    /// The age of the tickets that are served.
    age_seconds: Option<i64>,
    /// Whether the last attempt to read the source failed; the log says why.
    stale: bool,
}

#[derive(Serialize, ToSchema)]
pub struct PluginCount {
    active: usize,
    failing: usize,
    rejected: usize,
    quarantined: usize,
    /// The plugins that are still being loaded.
    loading: Vec<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventCount {
    /// The events of the configuration that are not set up yet: their strategies are being loaded or asked.
    setting_up: usize,
}

/// Checks that the process is alive.
#[utoipa::path(
    get, path = "/", tag = "Health",
    responses((status = 200, body = Alive, description = "It does."))
)]
pub async fn root() -> Json<Alive> {
    alive().await
}

/// Checks that the process is alive.
#[utoipa::path(
    get, path = "/healthcheck/alive", tag = "Health",
    responses((status = 200, body = Alive, description = "It does."))
)]
pub async fn alive() -> Json<Alive> {
    Json(Alive { alive: true })
}

/// Checks whether the server can answer scans.
///
/// 503 while the store does not answer, while a plugin is being loaded that something uses or an event of the configuration may wait for, and until the sources that
/// `/tickets/*` serves have been read once. A rejected plugin affects its own events only. While a ticketing system is down, the tickets read last are served.
#[utoipa::path(
    get, path = "/healthcheck/ready", tag = "Health",
    responses(
        (status = 200, body = Ready, description = "They can."),
        (status = 503, body = Ready, description = "They cannot.")
    )
)]
pub async fn ready(State(desk): State<Shared>) -> Response {
    let store = desk.check_store().await.is_ok();
    let plugins = desk.plugins.list();
    let count = |state| plugins.iter().filter(|row| row.state == state).count();
    let served = desk.sources.served();
    let is_synced =
        |source: &SourceStatus| source.tickets.is_some() || !served.contains(&source.name);
    let sources = desk.sources.statuses();
    let is_loading = |row: &&PluginRow| row.state == PluginState::Loading;
    let loading = plugins.iter().filter(is_loading);
    let loading: Vec<_> = loading.map(|row| row.name.clone()).collect();
    let setting_up = desk.events.being_set_up();
    let is_needed = |name: &String| setting_up > 0 || desk.plugins.is_used(name);
    let is_complete = !loading.iter().any(is_needed);
    let ready = store && is_complete && sources.iter().all(is_synced);
    let body = Ready {
        ready,
        store,
        plugins: PluginCount {
            active: count(PluginState::Active),
            failing: count(PluginState::Failing),
            rejected: count(PluginState::Rejected),
            quarantined: count(PluginState::Quarantined),
            loading,
        },
        events: EventCount { setting_up },
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
