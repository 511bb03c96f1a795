//! Whether the server lives, and whether it can do its work. `gatewit-api.md` §11.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gatewit_domain::plugin::PluginState;
use serde::Serialize;

use super::Shared;

#[derive(Serialize)]
pub struct Alive {
    alive: bool,
}

#[derive(Serialize)]
pub struct Ready {
    ready: bool,
    /// Whether the store answers.
    store: bool,
    plugins: PluginCount,
}

#[derive(Serialize)]
pub struct PluginCount {
    active: usize,
    rejected: usize,
}

/// Tells that the process lives.
pub async fn alive() -> Json<Alive> {
    Json(Alive { alive: true })
}

/// Tells whether scans can be answered: 503 while the store cannot. A plugin that was refused hurts its own events only.
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
