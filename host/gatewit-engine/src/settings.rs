//! What the operator decides about plugins: where they lie and what each may use.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Where plugins are and what they may use.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// The directory whose `*.wasm` files are the plugins.
    pub plugins: PathBuf,
    /// Where compiled code is kept. Created, for its owner alone, if absent. Whoever can write here can run code in
    /// the server, so a directory that others may write to is not taken.
    pub cache: PathBuf,
    /// The limits of every plugin that has none of its own.
    pub limits: PluginLimits,
    /// Limits of single plugins, by name.
    pub limits_of: BTreeMap<String, PluginLimits>,
}

impl EngineSettings {
    /// Tells what a plugin may use.
    pub(crate) fn limits_for(&self, plugin: &str) -> PluginLimits {
        self.limits_of.get(plugin).copied().unwrap_or(self.limits)
    }
}

/// What one call of a plugin may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginLimits {
    /// How much memory, in bytes. At most 4 GiB has an effect.
    pub memory_bytes: usize,
    /// How long, from the start of its instance to its answer; counted in steps of 10 ms.
    pub timeout: Duration,
}

impl Default for PluginLimits {
    /// 64 MiB and 200 ms.
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            timeout: Duration::from_millis(200),
        }
    }
}
