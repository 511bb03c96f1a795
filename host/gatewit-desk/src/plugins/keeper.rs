//! Keeps what the library of plugins needs after a restart, and what happened to each plugin.

use std::collections::BTreeMap;
use std::error::Error;

use async_trait::async_trait;
use gatewit_domain::plugin::{KeptPlugin, PluginEvent, is_plugin_name};
use gatewit_domain::ports::{Key, PluginKeeper, Write};
use gatewit_domain::window::StrategyName;

use super::Plugins;
use crate::changes::Changes;
use crate::error::DeskError;
use crate::limits::PAGE;
use crate::tables::{PLUGIN_HISTORY, PLUGINS, PluginNumber, last_part};

/// How many events of each plugin are kept.
const HISTORY_MAX: usize = 500;

#[async_trait]
impl PluginKeeper for Plugins {
    async fn kept(&self) -> Result<BTreeMap<String, KeptPlugin>, Box<dyn Error + Send + Sync>> {
        let mut kept = BTreeMap::new();
        let mut pages = PLUGINS.pages(self.ports.store(), "", PAGE);
        while let Some(page) = pages.next().await? {
            let rows = page.into_iter();
            kept.extend(rows.map(|row| (row.name().into_owned(), row.value)));
        }
        Ok(kept)
    }

    async fn keep(
        &self,
        plugin: &str,
        kept: &KeptPlugin,
        events: &[PluginEvent],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut changes = Changes {
            guards: Vec::new(),
            writes: vec![PLUGINS.put(&plugin.to_owned(), kept)],
        };
        if !events.is_empty() {
            self.add_to_history(plugin, events, &mut changes).await?;
        }
        match changes.commit(self.ports.store()).await? {
            true => Ok(()),
            false => Err("somebody else changed its history; try again".into()),
        }
    }

    fn users(&self, plugin: &str) -> Vec<String> {
        // The strategy of a name that is none would be another plugin's.
        if !is_plugin_name(plugin) {
            return Vec::new();
        }
        let strategy = StrategyName::of_plugin(plugin);
        let events = self.events.all().into_iter();
        let events = events.filter(|live| live.event.strategy.uses(&strategy));
        let events = events.map(|live| format!("event {:?}", live.event.slug));
        let sources = self.sources.all().into_iter();
        let sources = sources.filter(|source| source.configured.plugin == plugin);
        let sources = sources.map(|source| format!("ticket source {}", source.name));
        events.chain(sources).collect()
    }
}

impl Plugins {
    /// Adds to a commit what happened, and takes away what is oldest.
    async fn add_to_history(
        &self,
        plugin: &str,
        events: &[PluginEvent],
        changes: &mut Changes,
    ) -> Result<(), DeskError> {
        let prefix = format!("{plugin}/");
        let limit = HISTORY_MAX + events.len();
        let keys = PLUGIN_HISTORY
            .keys(self.ports.store(), &prefix, limit)
            .await?;
        let next = keys.last().map_or(0, |key| number(key) + 1);
        for (number, event) in (next..).zip(events) {
            let key = PluginNumber(plugin.to_owned(), number);
            changes.guards.push(PLUGIN_HISTORY.absent(&key));
            changes.writes.push(PLUGIN_HISTORY.insert(&key, event));
        }
        let surplus = (keys.len() + events.len()).saturating_sub(HISTORY_MAX);
        let oldest = keys.into_iter().take(surplus);
        changes.writes.extend(oldest.map(Write::Delete));
        Ok(())
    }
}

/// The number in a key of the history.
fn number(key: &Key) -> u64 {
    u64::from_str_radix(&last_part(key), 16).unwrap_or_default()
}
