//! `GET /api/v1/plugins`. `gatewit-api.md` §10.

use axum::extract::State;
use gatewit_domain::plugin;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Done, Envelope};
use crate::http::extract::Organizer;
use crate::http::state::Shared;

/// One plugin name and the generation that serves under it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginRow {
    /// The stem of the file's name.
    #[schema(example = "hours-before")]
    name: String,
    /// None for a file that is not a plugin.
    kind: Option<PluginKind>,
    /// The plugin's description of itself; informative only.
    version: Option<String>,
    /// `sha256:` and the hex digest of the file.
    digest: Option<String>,
    /// Increases with every swap; 0 if nothing serves.
    generation: u64,
    state: PluginState,
    #[schema(value_type = Option<String>, format = DateTime)]
    loaded_at: Option<Timestamp>,
    /// Why the newest file was refused, or how the plugin fails. Operators also see the plugin's own text here.
    error: Option<String>,
}

/// A plugin's purpose: the world that it exports.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PluginKind {
    Backend,
    Strategy,
}

/// Whether a plugin serves.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum PluginState {
    Active,
    Rejected,
}

impl From<plugin::PluginRow> for PluginRow {
    fn from(row: plugin::PluginRow) -> Self {
        Self {
            name: row.name,
            kind: row.kind.map(|kind| match kind {
                plugin::PluginKind::Backend => PluginKind::Backend,
                plugin::PluginKind::Strategy => PluginKind::Strategy,
            }),
            version: row.version,
            digest: row.digest,
            generation: row.generation,
            state: match row.state {
                plugin::PluginState::Active => PluginState::Active,
                plugin::PluginState::Rejected => PluginState::Rejected,
            },
            loaded_at: row.loaded_at,
            error: row.error,
        }
    }
}

/// Lists every plugin, active or rejected.
///
/// `error` says how a plugin or its ticket sources fail. Operators see all errors, in the plugin's own words too; other
/// organizers see those of their own events.
#[utoipa::path(
    get, path = "/api/v1/plugins", tag = "Plugins",
    responses((status = 200, body = Envelope<Vec<PluginRow>>, description = "One row a name."))
)]
pub async fn list(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
) -> Done<Vec<PluginRow>> {
    let rows = desk.plugins.shown_to(&caller).into_iter();
    Done::ok("Plugins", rows.map(PluginRow::from).collect())
}
