//! The library of plugins: what operators ask of it, and what it has kept for it.

use std::collections::BTreeMap;
use std::error::Error;

use async_trait::async_trait;

use crate::plugin::{KeptPlugin, LibraryError, PluginEvent, PluginUpload};

/// Loads plugins, and replaces them while the server runs.
#[async_trait]
pub trait PluginLibrary: Send + Sync {
    /// Loads a component, tries it, and lets it serve under its name from then on. A component that serves already
    /// changes nothing.
    async fn upload(&self, upload: PluginUpload) -> Result<(), LibraryError>;

    /// Lets the generation before serve again.
    async fn roll_back(&self, plugin: &str, by: &str) -> Result<(), LibraryError>;

    /// Lets nothing serve under a name any more; `force` even if something uses the plugin.
    async fn remove(&self, plugin: &str, force: bool, by: &str) -> Result<(), LibraryError>;
}

/// Keeps what the library needs after a restart, and knows who uses a plugin.
#[async_trait]
pub trait PluginKeeper: Send + Sync {
    /// Returns what is kept, by plugin name.
    async fn kept(&self) -> Result<BTreeMap<String, KeptPlugin>, Box<dyn Error + Send + Sync>>;

    /// Keeps the state of a name together with what happened, in one commit: both are on disk when it returns.
    async fn keep(
        &self,
        plugin: &str,
        kept: &KeptPlugin,
        events: &[PluginEvent],
    ) -> Result<(), Box<dyn Error + Send + Sync>>;

    /// Names the events and ticket sources that use a plugin.
    fn users(&self, plugin: &str) -> Vec<String>;
}
