//! The library of plugins: the one owner of what serves.

mod directory;
mod job;
mod nothing_kept;
mod shelf;
mod trial;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use gatewit_domain::plugin::KeptPlugin;
use gatewit_domain::ports::{Clock, PluginKeeper};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{RwLock, Semaphore};

use crate::load::Loader;
use crate::orders::Order;
use crate::registry::PluginRegistry;
use crate::window_cache::WindowCache;

pub(crate) use directory::{plugin_files, watch};
pub use nothing_kept::NothingKept;
pub(crate) use shelf::Shelf;

/// How many candidates are judged at once, and how many kept components are loaded at once.
pub(crate) const JUDGED_AT_ONCE: usize = 2;

/// What every job works with, and what serves because of them.
pub(crate) struct Library {
    pub loader: Arc<Loader>,
    pub registry: Arc<PluginRegistry>,
    pub cache: Arc<WindowCache>,
    pub shelf: Arc<Shelf>,
    pub keeper: Arc<dyn PluginKeeper>,
    pub clock: Arc<dyn Clock>,
    pub orders: UnboundedSender<Order>,
    /// What is kept of each name. A std mutex: held for a look or an insertion, never across an await.
    pub kept: Mutex<HashMap<String, KeptPlugin>>,
    /// Permits to judge candidates, and to load what is kept, which waits for no candidate.
    pub judging: Semaphore,
    pub kept_loads: Semaphore,
    /// Read while a component is put on the shelf that no name needs yet, written while what nobody needs is deleted.
    pub shelving: RwLock<()>,
}

impl Library {
    fn kept(&self, plugin: &str) -> KeptPlugin {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(plugin).cloned().unwrap_or_default()
    }

    fn set_kept(&self, plugin: &str, value: KeptPlugin) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(plugin.to_owned(), value);
    }

    /// The digests of all components that are kept.
    fn needed(&self) -> HashSet<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let generations = kept.values().flat_map(|kept| &kept.generations);
        generations.cloned().collect()
    }
}
