//! The registry of plugins, by name. Readers never wait; changes replace the whole map.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use gatewit_domain::window::{StrategyError, StrategyName};
use tokio::sync::watch;

use crate::load::is_plugin_name;
use crate::slot::PluginSlot;

/// The slots of all plugins.
#[derive(Default)]
pub(crate) struct PluginRegistry {
    entries: ArcSwap<Entries>,
    /// Changes whenever another generation serves.
    swaps: watch::Sender<()>,
}

#[derive(Clone, Default)]
struct Entries {
    /// By plugin name, including plugins that cannot serve.
    slots: BTreeMap<String, Arc<PluginSlot>>,
    /// The slots that may hold a strategy, by the name that events use.
    strategies: HashMap<StrategyName, Arc<PluginSlot>>,
}

impl PluginRegistry {
    /// Lists all slots, by name.
    pub(crate) fn slots(&self) -> Vec<Arc<PluginSlot>> {
        self.entries.load().slots.values().cloned().collect()
    }

    /// Finds a plugin's slot.
    pub(crate) fn slot(&self, plugin: &str) -> Option<Arc<PluginSlot>> {
        self.entries.load().slots.get(plugin).cloned()
    }

    /// Notes that another generation serves.
    pub(crate) fn note_swap(&self) {
        self.swaps.send_replace(());
    }

    /// Returns a receiver that is told of every swap from now on.
    pub(crate) fn swaps(&self) -> watch::Receiver<()> {
        self.swaps.subscribe()
    }

    /// Finds a plugin's slot, or adds one. Only one thread may call this at a time.
    pub(crate) fn slot_or_new(&self, plugin: &str) -> Arc<PluginSlot> {
        if let Some(slot) = self.slot(plugin) {
            return slot;
        }
        let slot = Arc::new(PluginSlot::new(plugin.to_owned()));
        let mut entries = Entries::clone(&self.entries.load());
        entries.slots.insert(plugin.to_owned(), Arc::clone(&slot));
        if is_plugin_name(plugin) {
            let strategy = StrategyName::of_plugin(plugin);
            entries.strategies.insert(strategy, Arc::clone(&slot));
        }
        self.entries.store(Arc::new(entries));
        slot
    }

    /// Finds the slot of a strategy, if a strategy serves in it.
    pub(crate) fn strategy(&self, name: &StrategyName) -> Result<Arc<PluginSlot>, StrategyError> {
        let entries = self.entries.load();
        match entries.strategies.get(name) {
            Some(slot) if slot.serves_strategy() => Ok(Arc::clone(slot)),
            _ => Err(StrategyError::Unknown {
                name: name.to_string(),
                loaded: entries.loaded_strategies(),
            }),
        }
    }
}

impl Entries {
    /// Names the strategies that can be used, sorted.
    fn loaded_strategies(&self) -> Vec<String> {
        let serving = self.strategies.iter();
        let serving = serving.filter(|(_, slot)| slot.serves_strategy());
        let mut names: Vec<String> = serving.map(|(name, _)| name.to_string()).collect();
        names.sort_unstable();
        names
    }
}
