//! Lets the generation before serve again: for an operator, or because the one that serves failed too often.

use std::sync::Arc;

use gatewit_domain::plugin::{KeptPlugin, LibraryError, PluginAction};
use gatewit_domain::window::StrategyName;

use super::{BY_BUDGET, Library};
use crate::load::Generation;
use crate::slot::PluginSlot;

/// Why a generation is rolled back.
enum Cause<'a> {
    Asked { by: &'a str },
    FailedTooOften { why: String },
}

impl Library {
    pub(super) async fn roll_back(&self, plugin: &str, by: &str) -> Result<(), LibraryError> {
        let slot = self.registry.slot(plugin);
        let slot = slot.ok_or_else(|| LibraryError::Unknown(plugin.to_owned()))?;
        self.serve_previous(&slot, &Cause::Asked { by }).await
    }

    /// Takes back the generation with this digest, if it still serves, and keeps its component from being loaded again.
    pub(super) async fn take_back(&self, plugin: &str, digest: &str, why: String) {
        let slot = self.registry.slot(plugin);
        let Some(slot) = slot.filter(|_| self.kept(plugin).wanted() == Some(digest)) else {
            return;
        };
        let cause = Cause::FailedTooOften { why: why.clone() };
        match self.serve_previous(&slot, &cause).await {
            Ok(()) => tracing::error!(
                plugin.name = %plugin,
                plugin.digest = %digest,
                "plugin {plugin:?} is rolled back, and its component {digest} is in quarantine: {why}"
            ),
            Err(error) => {
                tracing::error!(
                    plugin.name = %plugin,
                    "plugin {plugin:?} should be rolled back, since {why}, and cannot: {error}"
                );
                slot.watch_swap(self.loader.policy.budget());
            }
        }
    }

    async fn serve_previous(
        &self,
        slot: &Arc<PluginSlot>,
        cause: &Cause<'_>,
    ) -> Result<(), LibraryError> {
        let plugin = slot.name();
        let mut kept = self.kept(plugin);
        let generation = self.previous(slot, &kept).await?;
        let before = kept.wanted().map(str::to_owned);
        kept.roll_back();
        let change = (before.clone(), kept.wanted().map(str::to_owned));
        let events = match cause {
            Cause::Asked { by } => vec![self.event(by, PluginAction::RolledBack, change, None)],
            Cause::FailedTooOften { why } => {
                before.iter().for_each(|digest| kept.quarantine(digest));
                let [back, quarantined] = [
                    (PluginAction::RolledBack, change),
                    (PluginAction::Quarantined, (None, before)),
                ]
                .map(|(action, change)| self.event(BY_BUDGET, action, change, Some(why.clone())));
                vec![back, quarantined]
            }
        };
        let number = kept.generation;
        let done = self.keep(plugin, kept, events).await;
        done.map_err(|reason| LibraryError::NotKept(reason.to_string()))?;
        let in_use = self.cache.in_use(&StrategyName::of_plugin(plugin));
        self.swap(slot, generation, number, in_use);
        Ok(())
    }

    /// The generation before: from memory if it is there, else loaded anew.
    async fn previous(
        &self,
        slot: &PluginSlot,
        kept: &KeptPlugin,
    ) -> Result<Arc<Generation>, LibraryError> {
        let plugin = slot.name();
        let impossible = |words: &str| {
            LibraryError::NothingBefore(format!("plugin {plugin:?} cannot be rolled back: {words}"))
        };
        let previous = kept.previous();
        let previous =
            previous.ok_or_else(|| impossible("no generation before this one is kept"))?;
        let in_memory = slot.state().before.clone();
        if let Some(before) = in_memory.filter(|before| before.identity.digest == previous) {
            return Ok(before);
        }
        let loaded = self.load_from_shelf(plugin, previous).await;
        let loaded = loaded.map_err(|reason| impossible(&reason.to_string()))?;
        let serving = slot.serving();
        self.check_kind(plugin, &loaded, serving.as_deref())
            .map_err(|reason| impossible(&reason.whole()))?;
        Ok(Arc::new(loaded))
    }
}
