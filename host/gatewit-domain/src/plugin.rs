//! The list of plugins, as in `gatewit-api.md` §10.

mod call_error;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use call_error::{CallError, FailureKind, NotLoaded};

/// One plugin name and the generation that serves under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginRow {
    /// The stem of the file's name.
    pub name: String,
    /// None for a file that is not a plugin.
    pub kind: Option<PluginKind>,
    /// The plugin's description of itself; informative only.
    pub version: Option<String>,
    /// `sha256:` and the hex digest of the file.
    pub digest: Option<String>,
    /// Increases with every swap; 0 if nothing serves.
    pub generation: u64,
    /// Whether any generation serves.
    pub state: PluginState,
    /// When the serving generation was loaded; None if none serves.
    pub loaded_at: Option<Timestamp>,
    /// Why the newest file was refused, or how the plugin fails. Operators also see the plugin's own text here.
    pub error: Option<String>,
    /// The plugin's own text about its last failure.
    pub words: Option<PluginWords>,
}

/// A plugin's own text. It may contain anything that the plugin was given or read, so only operators see it.
///
/// It has no `Display`, and `Debug` hides it, so that no log line or answer repeats it by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct PluginWords(String);

impl PluginWords {
    /// Returns the text. The caller must show it to operators only, or to the organizer whose options it is about.
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

/// A plugin's purpose: the world that it exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginKind {
    /// Reads a ticketing system: `wit/ticketing-backend.wit`.
    Backend,
    /// Gives an event's opening windows: `wit/check-in-strategy.wit`.
    Strategy,
}

/// Whether a plugin serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginState {
    /// A generation serves, even if a newer file was refused.
    Active,
    /// No generation serves: the file was refused.
    Rejected,
}

/// The code that gave an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginIdentity {
    /// The plugin's name: the stem of its file's name.
    pub name: String,
    /// `sha256:` and the hex digest of the component.
    pub digest: String,
}
