//! The registry of plugins, by name. Readers never wait; changes replace the whole map.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use futures::future::join_all;
use gatewit_domain::plugin::{NotLoaded, PluginState, is_plugin_name};
use gatewit_domain::window::{StrategyError, StrategyName};
use tokio::sync::watch;

use crate::orders::Alarm;
use crate::slot::PluginSlot;

/// The slots of all plugins.
pub(crate) struct PluginRegistry {
    entries: ArcSwap<Entries>,
    /// Changes whenever another generation serves.
    swaps: watch::Sender<()>,
    alarm: Alarm,
}

#[derive(Clone, Default)]
struct Entries {
    /// By plugin name, including plugins that cannot serve.
    slots: BTreeMap<String, Arc<PluginSlot>>,
    /// The slots that may hold a strategy, by the name that events use.
    strategies: HashMap<StrategyName, Arc<PluginSlot>>,
}

impl PluginRegistry {
    pub(crate) fn new(alarm: Alarm) -> Self {
        Self {
            entries: ArcSwap::default(),
            swaps: watch::Sender::default(),
            alarm,
        }
    }

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

    /// Finds a plugin's slot, or adds one.
    pub(crate) fn slot_or_new(&self, plugin: &str) -> Arc<PluginSlot> {
        if let Some(slot) = self.slot(plugin) {
            return slot;
        }
        let slot = Arc::new(PluginSlot::new(plugin.to_owned(), self.alarm.clone()));
        // Only the job of this plugin adds or removes its slot; jobs of others may do so with theirs meanwhile.
        self.entries.rcu(|entries| {
            let mut entries = Entries::clone(entries);
            entries.slots.insert(plugin.to_owned(), Arc::clone(&slot));
            if is_plugin_name(plugin) {
                let strategy = StrategyName::of_plugin(plugin);
                entries.strategies.insert(strategy, Arc::clone(&slot));
            }
            entries
        });
        slot
    }

    /// Forgets a plugin.
    pub(crate) fn remove(&self, plugin: &str) {
        self.entries.rcu(|entries| {
            let mut entries = Entries::clone(entries);
            entries.slots.remove(plugin);
            // The strategy of a name that is none would be another plugin's.
            if is_plugin_name(plugin) {
                entries.strategies.remove(&StrategyName::of_plugin(plugin));
            }
            entries
        });
    }

    /// Whether a strategy's first component is being loaded.
    pub(crate) fn is_loading(&self, name: &StrategyName) -> bool {
        let entries = self.entries.load();
        let slot = entries.strategies.get(name);
        slot.is_some_and(|slot| slot.row().state == PluginState::Loading)
    }

    /// Waits until no plugin is being loaded, for half a minute at most.
    pub(crate) async fn until_loaded(&self) {
        let slots = self.slots();
        join_all(slots.iter().map(|slot| slot.until_loaded())).await;
    }

    /// Finds the slot of a strategy, once it is no longer being loaded.
    pub(crate) async fn loaded_strategy(
        &self,
        name: &StrategyName,
    ) -> Result<Arc<PluginSlot>, StrategyError> {
        let slot = self.entries.load().strategies.get(name).cloned();
        let Some(slot) = slot else {
            // The error names all that are loaded.
            self.until_loaded().await;
            return self.strategy(name);
        };
        if !slot.until_loaded().await {
            return Err(StrategyError::Failed {
                strategy: name.clone(),
                error: NotLoaded::Loading.into(),
            });
        }
        self.strategy(name)
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
