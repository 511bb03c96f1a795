//! `GET /api/v1/plugins`. `gatewit-api.md` §10.

use axum::extract::State;
use gatewit_domain::plugin::PluginRow;

use super::Shared;
use super::answer::{Done, Envelope};
use super::extract::Organizer;

/// Lists every plugin, serving or refused.
///
/// `error` tells how a plugin fails, and how its ticket sources do: all of them to operators, in the plugin's own words
/// too; to other organizers those of their own events.
#[utoipa::path(
    get, path = "/plugins", tag = "Plugins",
    responses((status = 200, body = Envelope<Vec<PluginRow>>, description = "One row a name."))
)]
pub async fn list(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
) -> Done<Vec<PluginRow>> {
    Done::ok("Plugins", desk.plugins_for(&caller))
}
