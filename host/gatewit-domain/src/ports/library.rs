//! The library of plugins: what operators ask of it, and what it has kept for it.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use gatewit_decision::Window;

use crate::plugin::{
    CallError, KeptPlugin, LibraryError, PluginEvent, PluginKind, PluginUpload, PluginUse,
};
use crate::window::{DoorRule, Holder};

/// Loads plugins, and replaces them while the server runs.
#[async_trait]
pub trait PluginLibrary: Send + Sync {
    /// What a plugin has cost since the start; None if there is no plugin of this name.
    fn used(&self, plugin: &str) -> Option<PluginUse>;

    /// Loads a component, tries it, and lets it serve under its name from then on. A component that serves already
    /// changes nothing.
    async fn upload(&self, upload: PluginUpload) -> Result<(), LibraryError>;

    /// Loads a component, and tries it as an upload is tried, beside what serves under its name. It never serves because of
    /// this. It is compared with what serves, or with the kept component that has this digest.
    async fn try_out(
        &self,
        plugin: &str,
        component: Bytes,
        against: Option<&str>,
    ) -> Result<TriedPlugin, LibraryError>;

    /// Lets the generation before serve again.
    async fn roll_back(&self, plugin: &str, by: &str) -> Result<(), LibraryError>;

    /// Lets nothing serve under a name any more; `force` even if something uses the plugin.
    async fn remove(&self, plugin: &str, force: bool, by: &str) -> Result<(), LibraryError>;
}

/// A component that was tried, beside the one that it is compared with.
#[derive(Clone)]
pub struct TriedPlugin {
    /// Its purpose.
    pub kind: PluginKind,
    /// Its description of itself.
    pub version: String,
    /// `sha256:` and the hex digest of the component.
    pub digest: String,
    /// The digest of the component that it is compared with; None if there is none.
    pub from: Option<String>,
    /// What that one answers; None if it is no strategy.
    pub before: Option<Arc<dyn TriedStrategy>>,
    /// What the component answers; None if it is no strategy.
    pub after: Option<Arc<dyn TriedStrategy>>,
}

/// A strategy of a certain component, whatever serves under its name.
#[async_trait]
pub trait TriedStrategy: Send + Sync {
    /// Asks when doors are open, without a cache.
    async fn windows(
        &self,
        rule: &Arc<DoorRule>,
        holder: &Holder,
    ) -> Result<Vec<Window>, CallError>;
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
