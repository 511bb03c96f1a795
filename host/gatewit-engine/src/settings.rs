//! What the operator decides about plugins: where they lie, what each may use, and which sources they read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::backend::Allowance;
use crate::outbound::{Grant, OutboundLimits, Secret};

/// Where plugins are and what they may use.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// The directory whose `*.wasm` files are the plugins.
    pub plugins: PathBuf,
    /// Where compiled code is kept. Created, for its owner alone, if absent. Whoever can write here can run code in
    /// the server, so a directory that others may write to is not taken.
    pub cache: PathBuf,
    /// The limits of every strategy that has none of its own.
    pub limits: PluginLimits,
    /// Limits of single strategies, by name.
    pub limits_of: BTreeMap<String, PluginLimits>,
}

impl EngineSettings {
    /// Tells what a plugin may use.
    pub(crate) fn limits_for(&self, plugin: &str) -> PluginLimits {
        self.limits_of.get(plugin).copied().unwrap_or(self.limits)
    }
}

/// What one call of a strategy may use.
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

/// One source of tickets: which backend reads it, with what, and where it may go.
///
/// It has no `Debug`: settings may hold the people of a guest list.
#[derive(Clone)]
pub struct SourceSettings {
    /// What the operator calls it; in no call of the plugin.
    pub name: String,
    /// The backend's name. It need not be loaded yet.
    pub plugin: String,
    /// As the plugin is to see them: references to secrets stand in them, and texts where files were named.
    pub settings: Map<String, Value>,
    /// Values of secrets, by name. Those that the settings do not name are never used.
    pub secrets: BTreeMap<String, Secret>,
    /// All that it may reach.
    pub grants: Vec<Grant>,
    pub limits: SourceLimits,
}

impl SourceSettings {
    /// Tells one plugin and what it is told from another. Secrets, grants and limits make no ticket another.
    pub fn digest(&self) -> String {
        let told = serde_json::to_string(&(&self.plugin, &self.settings));
        let told = told.expect("a JSON object prints as JSON");
        format!("{:x}", Sha256::digest(told))
    }
}

/// What a source may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceLimits {
    /// How much memory an instance may have, in bytes. At most 4 GiB has an effect.
    pub memory_bytes: usize,
    /// How long one call may take, a page of a sync say, its requests included.
    pub call_timeout: Duration,
    /// How long one request may take, redirects and the whole body included.
    pub request_timeout: Duration,
    /// The largest body of a response, decompressed, in bytes.
    pub response_bytes: usize,
    /// How many requests one run may send, redirects not counted.
    pub requests_per_run: u32,
}

impl Default for SourceLimits {
    /// 256 MiB, 60 s a call, 30 s a request, 32 MiB a response, 10,000 requests a run.
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            call_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(30),
            response_bytes: 32 << 20,
            requests_per_run: 10_000,
        }
    }
}

impl SourceLimits {
    pub(crate) fn allowance(&self) -> Allowance {
        Allowance {
            memory_bytes: self.memory_bytes,
            time: self.call_timeout,
            requests: self.requests_per_run,
        }
    }

    pub(crate) fn outbound(&self) -> OutboundLimits {
        OutboundLimits {
            time: self.request_timeout,
            body_bytes: self.response_bytes,
        }
    }
}
