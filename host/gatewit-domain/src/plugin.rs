//! The list of plugins, as in `gatewit-api.md` §10.

mod call_error;
mod library;
mod used;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use call_error::{CallError, FailureKind, NotLoaded};
pub use library::{
    GENERATIONS_MAX, KeptPlugin, LibraryError, PluginAction, PluginEvent, PluginUpload,
};
pub use used::PluginUse;

/// Whether this is a plugin's name: lower-case letters and digits, in words joined by `-`. Different names are different
/// strategies.
pub fn is_plugin_name(name: &str) -> bool {
    let is_word = |word: &str| {
        let mut letters = word.bytes();
        !word.is_empty()
            && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
    };
    name.split('-').all(is_word)
}

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
    /// Increases with every swap; 0 if none ever served.
    pub generation: u64,
    /// Whether any generation serves, and how it does.
    pub state: PluginState,
    /// When the serving generation was loaded; None if none serves.
    pub loaded_at: Option<Timestamp>,
    /// Why the newest component was refused, or how the plugin fails. Operators also see the plugin's own text here.
    pub error: Option<String>,
    /// The plugin's own text about its last failure, or that of the component that was refused.
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

    /// Adds a plugin's own text, if there is one, to a reason of the host's. The result is for the same readers.
    pub fn added_to(reason: impl fmt::Display, words: Option<&Self>) -> String {
        match words {
            Some(words) => format!("{reason}: {}", words.0),
            None => reason.to_string(),
        }
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

impl fmt::Display for PluginKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Backend => "backend",
            Self::Strategy => "strategy",
        })
    }
}

/// Whether a plugin serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginState {
    /// No generation serves yet: its component is being loaded.
    Loading,
    /// A generation serves, even if a newer component was refused.
    Active,
    /// A generation serves, and its last call failed.
    Failing,
    /// No generation serves: the component was refused.
    Rejected,
    /// No generation serves: the component failed too often before, and is not loaded again.
    Quarantined,
}

impl PluginState {
    /// Whether a generation serves.
    pub fn serves(self) -> bool {
        matches!(self, Self::Active | Self::Failing)
    }
}

/// The code that gave an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginIdentity {
    /// The plugin's name: the stem of its file's name.
    pub name: String,
    /// `sha256:` and the hex digest of the component.
    pub digest: String,
}

#[cfg(test)]
mod tests {
    use super::is_plugin_name;

    #[track_caller]
    fn check(name: &str, is_good: bool) {
        assert_eq!(is_plugin_name(name), is_good, "{name}");
    }

    #[test]
    fn a_plugin_is_named_in_lower_case_words() {
        check("early-vip", true);
        check("a1-2b", true);
        check("early_vip", false);
        check("Early-vip", false);
        check("early--vip", false);
        check("-early", false);
        check("early-", false);
        check(".early", false);
        check("frühe", false);
        check("", false);
    }
}
