//! One plugin, and what happened to it, as JSON.

use gatewit_domain::plugin;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// One plugin name and the generation that serves under it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginRow {
    /// The stem of the file's name.
    #[schema(example = "early-vip")]
    name: String,
    /// None for a file that is not a plugin.
    kind: Option<PluginKind>,
    /// The plugin's description of itself; informative only.
    version: Option<String>,
    /// `sha256:` and the hex digest of the file.
    digest: Option<String>,
    /// Increases with every swap; 0 if none ever served.
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

/// Whether a plugin serves, and how it does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum PluginState {
    Loading,
    Active,
    Failing,
    Rejected,
    Quarantined,
}

/// Something that happened to a plugin.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginEvent {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who or what did it: an identity (`sub`), `plugin directory` or `error budget`.
    #[schema(example = "plugin directory")]
    by: String,
    action: PluginAction,
    /// The digest that served before.
    from: Option<String>,
    /// The digest that serves from then on, or that was refused or quarantined.
    to: Option<String>,
    /// Why, with the plugin's own text.
    why: Option<String>,
}

/// What was done to a plugin.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PluginAction {
    Loaded,
    Refused,
    Swapped,
    RolledBack,
    Quarantined,
    Removed,
}

impl From<plugin::PluginRow> for PluginRow {
    fn from(row: plugin::PluginRow) -> Self {
        Self {
            name: row.name,
            kind: row.kind.map(PluginKind::from),
            version: row.version,
            digest: row.digest,
            generation: row.generation,
            state: match row.state {
                plugin::PluginState::Loading => PluginState::Loading,
                plugin::PluginState::Active => PluginState::Active,
                plugin::PluginState::Failing => PluginState::Failing,
                plugin::PluginState::Rejected => PluginState::Rejected,
                plugin::PluginState::Quarantined => PluginState::Quarantined,
            },
            loaded_at: row.loaded_at,
            error: row.error,
        }
    }
}

impl From<plugin::PluginKind> for PluginKind {
    fn from(kind: plugin::PluginKind) -> Self {
        match kind {
            plugin::PluginKind::Backend => Self::Backend,
            plugin::PluginKind::Strategy => Self::Strategy,
        }
    }
}

impl From<plugin::PluginEvent> for PluginEvent {
    fn from(event: plugin::PluginEvent) -> Self {
        Self {
            at: event.at,
            by: event.by,
            action: match event.action {
                plugin::PluginAction::Loaded => PluginAction::Loaded,
                plugin::PluginAction::Refused => PluginAction::Refused,
                plugin::PluginAction::Swapped => PluginAction::Swapped,
                plugin::PluginAction::RolledBack => PluginAction::RolledBack,
                plugin::PluginAction::Quarantined => PluginAction::Quarantined,
                plugin::PluginAction::Removed => PluginAction::Removed,
            },
            from: event.from,
            to: event.to,
            why: event.why,
        }
    }
}
