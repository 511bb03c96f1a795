//! `GET /api/v1/plugins`. `gatewit-api.md` §10.

use axum::extract::State;
use gatewit_domain::plugin::PluginRow;

use crate::http::answer::{Done, Envelope};
use crate::http::extract::Organizer;
use crate::http::state::Shared;

/// Lists every plugin, active or rejected.
///
/// `error` says how a plugin or its ticket sources fail. Operators see all errors, in the plugin's own words too; other
/// organizers see those of their own events.
#[utoipa::path(
    get, path = "/plugins", tag = "Plugins",
    responses((status = 200, body = Envelope<Vec<PluginRow>>, description = "One row a name."))
)]
pub async fn list(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
) -> Done<Vec<PluginRow>> {
    Done::ok("Plugins", desk.plugins.shown_to(&caller))
}
