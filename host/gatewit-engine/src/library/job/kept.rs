//! The components that are kept, and what serves after a start.

use std::sync::Arc;

use gatewit_domain::plugin::{KeptPlugin, PluginAction};
use tokio::task::spawn_blocking;

use super::{BY_START, Library, note_loaded};
use crate::load::{Component, Facts, Generation, LoadError};

/// How often a component is loaded that a slow start gave too little time.
const ATTEMPTS_MAX: usize = 5;

/// Why kept components do not serve.
struct NotServing {
    reason: LoadError,
    /// Whether all of them would not at another time either. What is short for a moment is no reason to forget them.
    is_lasting: bool,
}

impl Library {
    /// Lets the component serve that served before the server was stopped; if it cannot, one before it, and notes that.
    pub(super) async fn load_kept(&self, plugin: &str) {
        let mut kept = self.kept(plugin);
        let wanted = kept.wanted().map(str::to_owned);
        let Some(found) = self.find_kept(plugin, &mut kept).await else {
            return;
        };
        let slot = self.registry.slot_or_new(plugin);
        if found.is_lasting {
            // Its file in the directory may be good.
            kept.in_directory = None;
            let change = (wanted, kept.wanted().map(str::to_owned));
            let why = Some(found.reason.whole());
            let event = self.event(BY_START, PluginAction::RolledBack, change, why);
            if let Err(reason) = self.keep(plugin, kept, vec![event]).await {
                tracing::error!(plugin.name = %plugin, "cannot note what plugin {plugin:?} serves: {reason}");
            }
        }
        self.refuse(&slot, Facts::default(), found.reason);
    }

    /// Lets what is kept serve, if it can, and notes nothing.
    pub(super) async fn serve_kept(&self, plugin: &str) {
        let mut kept = self.kept(plugin);
        if let Some(found) = self.find_kept(plugin, &mut kept).await {
            let slot = self.registry.slot_or_new(plugin);
            self.refuse(&slot, Facts::default(), found.reason);
        }
    }

    /// Lets the newest component serve that can, and forgets those that cannot; returns why the newest of them cannot.
    async fn find_kept(&self, plugin: &str, kept: &mut KeptPlugin) -> Option<NotServing> {
        let mut failed: Option<NotServing> = None;
        while let Some(digest) = kept.wanted().map(str::to_owned) {
            match self.load_patiently(plugin, &digest).await {
                Ok(generation) => {
                    let slot = self.registry.slot_or_new(plugin);
                    note_loaded(&generation);
                    slot.accept(Arc::new(generation), kept.generation);
                    self.registry.note_swap();
                    break;
                }
                Err(reason) => {
                    tracing::error!(
                        plugin.name = %plugin,
                        plugin.digest = %digest,
                        "the kept component {digest} of plugin {plugin:?} cannot serve: {reason}"
                    );
                    let is_lasting = reason.is_verdict() || reason.is_lost();
                    kept.generations.pop_back();
                    match &mut failed {
                        Some(failed) => failed.is_lasting &= is_lasting,
                        None => failed = Some(NotServing { reason, is_lasting }),
                    }
                }
            }
        }
        failed
    }

    async fn load_patiently(&self, plugin: &str, digest: &str) -> Result<Generation, LoadError> {
        let mut attempt = 1;
        loop {
            match self.load_from_shelf(plugin, digest).await {
                Err(reason)
                    if !reason.is_verdict() && !reason.is_unread() && attempt < ATTEMPTS_MAX =>
                {
                    attempt += 1;
                }
                loaded => return loaded,
            }
        }
    }

    pub(super) async fn load_from_shelf(
        &self,
        plugin: &str,
        digest: &str,
    ) -> Result<Generation, LoadError> {
        let _permit = self
            .kept_loads
            .acquire()
            .await
            .map_err(|_| LoadError::CutOff)?;
        let (shelf, wanted) = (Arc::clone(&self.shelf), digest.to_owned());
        let component = spawn_blocking(move || shelf.get(&wanted).map(Component::new)).await;
        let component = component.map_err(|_| LoadError::CutOff)?;
        let component = component.map_err(LoadError::Unreadable)?;
        let loaded = self.load(plugin, component).await;
        loaded.map_err(|(_, reason)| reason)
    }

    /// Deletes the components that no name needs any more.
    pub(super) async fn tidy_shelf(&self) {
        let _alone = self.shelving.write().await;
        let (shelf, needed) = (Arc::clone(&self.shelf), self.needed());
        let tidied = spawn_blocking(move || shelf.retain(|digest| needed.contains(digest))).await;
        if let Ok(Err(error)) = tidied {
            tracing::warn!("cannot delete components that are not needed any more: {error}");
        }
    }
}
