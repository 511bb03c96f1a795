//! Which plugins there are, as `gatewit-api.md` §10 lists them.

use std::fmt;

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
    /// Why the newest file was refused, or how the plugin fails. Operators also read the plugin's own words here.
    pub error: Option<String>,
    /// What the plugin itself says of its last failure.
    #[serde(skip)]
    pub words: Option<PluginWords>,
}

/// A plugin's own words. They may repeat anything that the plugin was told or read, so only operators see them.
///
/// They do not print: no log line and no answer repeats them by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct PluginWords(String);

impl PluginWords {
    pub fn verbatim(&self) -> &str {
        &self.0
    }
}

impl From<String> for PluginWords {
    fn from(words: String) -> Self {
        Self(words)
    }
}

impl From<&str> for PluginWords {
    fn from(words: &str) -> Self {
        Self(words.to_owned())
    }
}

impl fmt::Debug for PluginWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PluginWords(..)")
    }
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
