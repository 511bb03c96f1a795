//! Which plugins there are, as `gatewit-api.md` §10 lists them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One plugin name and the generation that serves under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginRow {
    /// The stem of the file's name.
    #[schema(example = "hours-before")]
    pub name: String,
    /// None for a file that is no plugin at all.
    pub kind: Option<PluginKind>,
    /// What the plugin says of itself; informative only.
    pub version: Option<String>,
    /// `sha256:` and the hex digest of the file.
    pub digest: Option<String>,
    /// Rises with every swap; 0 where nothing serves.
    pub generation: u64,
    pub state: PluginState,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub loaded_at: Option<Timestamp>,
    /// Why the newest file was refused.
    pub error: Option<String>,
}

/// What a plugin is for: which world it exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PluginKind {
    Backend,
    Strategy,
}

/// Whether a plugin serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum PluginState {
    Active,
    Rejected,
}

/// Which code gave an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginIdentity {
    pub name: String,
    /// `sha256:` and the hex digest of the component.
    pub digest: String,
}
