//! What operators do with the library of plugins, and what is kept of each name. `gatewit-api.md` §10.

use std::collections::VecDeque;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many generations of a plugin are kept.
pub const GENERATIONS_MAX: usize = 3;
/// How many digests of a plugin stay in quarantine; the oldest is let out first.
const QUARANTINED_MAX: usize = 16;

/// What is kept of a plugin's name, so that a restart serves what was served before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeptPlugin {
    /// How many swaps there were.
    pub generation: u64,
    /// The digests of the last generations, at most [`GENERATIONS_MAX`]. The last one is to serve; empty if none is.
    pub generations: VecDeque<String>,
    /// The digest that the plugin directory's file had when it was judged. It is judged again once its digest changes.
    pub in_directory: Option<String>,
    /// The digests of components that failed too often.
    pub quarantined: VecDeque<String>,
    /// Whether an operator removed it: then its file in the directory counts again once its digest changes.
    pub is_removed: bool,
}

impl KeptPlugin {
    /// The digest of the component that is to serve.
    pub fn wanted(&self) -> Option<&str> {
        self.generations.back().map(String::as_str)
    }

    /// The digest of the generation before it.
    pub fn previous(&self) -> Option<&str> {
        let previous = self.generations.len().checked_sub(2)?;
        self.generations.get(previous).map(String::as_str)
    }

    /// Lets a new component serve, which is in quarantine no more.
    pub fn swap_to(&mut self, digest: &str) {
        self.generation += 1;
        self.is_removed = false;
        self.quarantined.retain(|quarantined| quarantined != digest);
        self.generations.retain(|known| known != digest);
        self.generations.push_back(digest.to_owned());
        if self.generations.len() > GENERATIONS_MAX {
            self.generations.pop_front();
        }
    }

    /// Lets the generation before serve again, and forgets the present one.
    pub fn roll_back(&mut self) {
        self.generation += 1;
        self.generations.pop_back();
    }

    /// Keeps a component from being loaded again.
    pub fn quarantine(&mut self, digest: &str) {
        self.generations.retain(|known| known != digest);
        self.quarantined.push_back(digest.to_owned());
        if self.quarantined.len() > QUARANTINED_MAX {
            self.quarantined.pop_front();
        }
    }

    /// Whether a component failed too often.
    pub fn is_quarantined(&self, digest: &str) -> bool {
        self.quarantined.iter().any(|known| known == digest)
    }
}

/// Something that happened to a plugin's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginEvent {
    /// When it happened.
    pub at: Timestamp,
    /// Who or what did it: an identity (`sub`), `plugin directory` or `error budget`.
    pub by: String,
    /// What was done.
    pub action: PluginAction,
    /// The digest that served before.
    pub from: Option<String>,
    /// The digest that serves from then on, or that was refused or quarantined.
    pub to: Option<String>,
    /// Why, with the plugin's own text.
    pub why: Option<String>,
}

/// What was done to a plugin's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginAction {
    /// A component serves where none did.
    Loaded,
    /// A component was refused; what served before serves on.
    Refused,
    /// A component serves in the place of another.
    Swapped,
    /// The generation before serves again.
    RolledBack,
    /// A component failed too often, and is not loaded again unless an operator forces it.
    Quarantined,
    /// Nothing serves any more.
    Removed,
}

/// A component that somebody uploads.
#[derive(Clone, Debug)]
pub struct PluginUpload {
    /// The plugin's name.
    pub name: String,
    /// The component.
    pub component: Bytes,
    /// Whether it is loaded even if it is in quarantine.
    pub force: bool,
    /// Who uploads it.
    pub by: String,
}

/// Why the library did not do what an operator asked for.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LibraryError {
    /// There is no plugin of this name.
    #[error("there is no plugin {0:?}")]
    Unknown(String),
    /// The component cannot serve, or failed while it was tried. The text is the host's and the plugin's.
    #[error("{0}")]
    Refused(String),
    /// The component is in quarantine. The text says so, and how to load it all the same.
    #[error("{0}")]
    Quarantined(String),
    /// No component with this digest is kept under the plugin's name.
    #[error(
        "no component {0} is kept: compare with what serves, or with one of the last {GENERATIONS_MAX} that served"
    )]
    NotOneKept(String),
    /// There is no generation before this one, or its component is gone.
    #[error("{0}")]
    NothingBefore(String),
    /// Events or ticket sources use the plugin. The text names them, and says what to do.
    #[error("{0}")]
    InUse(String),
    /// It could not be kept, so nothing was changed.
    #[error("{0}")]
    NotKept(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_three_generations_are_kept_and_each_roll_back_goes_one_back() {
        let mut kept = KeptPlugin::default();
        assert_eq!((kept.wanted(), kept.previous()), (None, None));
        for digest in ["a", "b", "c", "d"] {
            kept.swap_to(digest);
        }
        assert_eq!(kept.generations, ["b", "c", "d"]);
        kept.roll_back();
        assert_eq!((kept.wanted(), kept.previous()), (Some("c"), Some("b")));
        kept.roll_back();
        assert_eq!((kept.wanted(), kept.previous()), (Some("b"), None));
        assert_eq!(kept.generation, 6);
    }

    #[test]
    fn a_component_in_quarantine_is_never_rolled_back_to() {
        let mut kept = KeptPlugin::default();
        for digest in ["b", "a", "b"] {
            kept.swap_to(digest);
        }
        assert_eq!(kept.generations, ["a", "b"]);
        kept.roll_back();
        kept.quarantine("b");
        assert_eq!((kept.wanted(), kept.previous()), (Some("a"), None));
        kept.swap_to("c");
        kept.quarantine("a");
        assert_eq!(kept.generations, ["c"]);
    }

    #[test]
    fn a_component_stays_in_quarantine_until_it_serves() {
        let mut kept = KeptPlugin::default();
        for number in 0..=QUARANTINED_MAX {
            kept.quarantine(&number.to_string());
        }
        assert!(!kept.is_quarantined("0") && kept.is_quarantined("1"));
        kept.swap_to("1");
        assert!(!kept.is_quarantined("1"));
    }
}
