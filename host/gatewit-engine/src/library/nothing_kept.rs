//! A keeper that keeps nothing.

use std::collections::BTreeMap;
use std::error::Error;

use async_trait::async_trait;
use gatewit_domain::plugin::{KeptPlugin, PluginEvent};
use gatewit_domain::ports::PluginKeeper;

/// Keeps nothing, and knows nobody who uses a plugin: for measurements and tests of plugins without a server.
pub struct NothingKept;

#[async_trait]
impl PluginKeeper for NothingKept {
    async fn kept(&self) -> Result<BTreeMap<String, KeptPlugin>, Box<dyn Error + Send + Sync>> {
        Ok(BTreeMap::new())
    }

    async fn keep(
        &self,
        _: &str,
        _: &KeptPlugin,
        _: &[PluginEvent],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    fn users(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}
