//! The answer of a strategy, named by its contents.

use gatewit_decision::Window;

use super::Holder;
use crate::digest::Digest;
use crate::plugin::PluginIdentity;

/// A strategy's windows for one rule and holder, and the plugin that gave them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowsAnswer {
    /// Sorted by opening.
    pub windows: Vec<Window>,
    /// The code that gave them, as the record of a scan names it.
    pub plugin: PluginIdentity,
    /// Identifies the answer by its contents and its question.
    pub digest: Digest,
}

impl WindowsAnswer {
    /// Makes the answer to a question.
    pub fn new(
        rule: &[u8; 32],
        holder: &Holder,
        windows: Vec<Window>,
        plugin: PluginIdentity,
    ) -> Self {
        let contents = serde_json::json!([holder, windows, plugin]);
        let digest = Digest::of(&[rule, contents.to_string().as_bytes()]);
        Self {
            windows,
            plugin,
            digest,
        }
    }
}
