//! The operator's settings of plugins: their directory, their limits, and the sources that they read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::backend::InstanceLimits;
use crate::budget::ErrorBudget;
use crate::compiling::Compiler;
use crate::outbound::{Grant, OutboundLimits, Secret};
use crate::resource_limits::GuestLimits;

/// The longest that a backend may check its settings, from the start of its instance or of the check. Backends in Python
/// take a second on a slow machine.
const CHECK_TIME_MAX: Duration = Duration::from_secs(10);

/// The plugin directory, the cache, and the policy.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// The directory whose `*.wasm` files are the plugins.
    pub plugins: PathBuf,
    /// The directory of compiled code. If it is missing, it is created for its owner alone. Anyone who can write to it
    /// can run code in the server, so a directory that others may write to is refused.
    pub cache: PathBuf,
    /// The directory of the last good components, for its owner alone as well.
    pub kept: PathBuf,
    /// Where components are compiled.
    pub compiler: Compiler,
    /// What may change while the engine runs.
    pub policy: PluginPolicy,
}

/// The limits of strategies, and when a new generation is rolled back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginPolicy {
    /// The limits of strategies without limits of their own.
    pub limits: PluginLimits,
    /// Limits of single strategies, by name.
    pub limits_of: BTreeMap<String, PluginLimits>,
    /// When a new generation is rolled back.
    pub budget: ErrorBudget,
}

/// The policy at any time. Copies share it.
#[derive(Clone)]
pub(crate) struct CurrentPolicy(Arc<ArcSwap<PluginPolicy>>);

impl CurrentPolicy {
    pub(crate) fn new(policy: PluginPolicy) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(policy)))
    }

    pub(crate) fn set(&self, policy: PluginPolicy) {
        self.0.store(Arc::new(policy));
    }

    pub(crate) fn budget(&self) -> ErrorBudget {
        self.0.load().budget
    }

    /// The limits of a plugin.
    pub(crate) fn limits_of(&self, plugin: &str) -> PluginLimits {
        let policy = self.0.load();
        policy
            .limits_of
            .get(plugin)
            .copied()
            .unwrap_or(policy.limits)
    }
}

/// The limits of one call of a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginLimits {
    /// What its instance may take.
    pub guest: GuestLimits,
    /// Duration from the start of its instance to its answer, in steps of 10 ms.
    pub timeout: Duration,
}

impl Default for PluginLimits {
    /// 64 MiB, an answer of 1 MiB, 20,000 entries, 10,000 handles, and 200 ms.
    fn default() -> Self {
        Self {
            guest: GuestLimits {
                memory_bytes: 64 << 20,
                answer_bytes: 1 << 20,
                table_entries: 20_000,
                handles: 10_000,
            },
            timeout: Duration::from_millis(200),
        }
    }
}

/// One source of tickets: its backend, settings, secrets, grants and limits.
///
/// It has no `Debug`, since settings may contain the people of a guest list.
#[derive(Clone)]
pub struct SourceSettings {
    /// The operator's name for it. The plugin never sees it.
    pub name: String,
    /// The backend's name. It need not be loaded yet.
    pub plugin: String,
    /// As the plugin sees them: with references to secrets, and with the texts of files.
    pub settings: Map<String, Value>,
    /// Values of secrets, by name. A secret that the settings do not name is never used.
    pub secrets: BTreeMap<String, Secret>,
    /// The origins that it may reach.
    pub grants: Vec<Grant>,
    /// The limits of each run.
    pub limits: SourceLimits,
}

impl SourceSettings {
    /// Identifies the plugin and its settings. Secrets, grants and limits are left out, since they change no ticket.
    pub fn digest(&self) -> String {
        let told = serde_json::to_string(&(&self.plugin, &self.settings));
        let told = told.expect("a JSON object prints as JSON");
        format!("{:x}", Sha256::digest(told))
    }
}

/// The limits of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceLimits {
    /// What an instance may take.
    pub guest: GuestLimits,
    /// How long one call may take, such as a page of a sync, requests included.
    pub call_timeout: Duration,
    /// How long all calls of one run may compute, waiting excluded, in steps of 10 ms.
    pub run_cpu: Duration,
    /// How long one request may take, redirects and body included.
    pub request_timeout: Duration,
    /// The largest body of a response, decompressed, in bytes.
    pub response_bytes: usize,
    /// How many requests one run may send, redirects not counted.
    pub requests_per_run: u32,
}

impl Default for SourceLimits {
    /// 256 MiB, an answer of 16 MiB, 20,000 entries, 10,000 handles, 60 s a call, 60 s of CPU a run, 30 s a request, 32 MiB a
    /// response, 10,000 requests a run.
    fn default() -> Self {
        Self {
            guest: GuestLimits {
                memory_bytes: 256 << 20,
                answer_bytes: 16 << 20,
                table_entries: 20_000,
                handles: 10_000,
            },
            call_timeout: Duration::from_secs(60),
            run_cpu: Duration::from_secs(60),
            request_timeout: Duration::from_secs(30),
            response_bytes: 32 << 20,
            requests_per_run: 10_000,
        }
    }
}

impl SourceLimits {
    pub(crate) fn instance(&self) -> InstanceLimits {
        InstanceLimits {
            guest: self.guest,
            time: self.call_timeout,
            cpu_time: self.run_cpu,
            requests: self.requests_per_run,
        }
    }

    /// The limits of an instance that only checks settings.
    pub(crate) fn check(&self) -> InstanceLimits {
        let limits = self.instance();
        InstanceLimits {
            time: limits.time.min(CHECK_TIME_MAX),
            ..limits
        }
    }

    pub(crate) fn outbound(&self) -> OutboundLimits {
        OutboundLimits {
            time: self.request_timeout,
            body_bytes: self.response_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked_within_ten_seconds_or_the_limit_of_a_call() {
        for (call, check) in [(60, 10), (2, 2)] {
            let limits = SourceLimits {
                call_timeout: Duration::from_secs(call),
                ..SourceLimits::default()
            };
            assert_eq!(limits.check().time, Duration::from_secs(check));
            assert_eq!(limits.instance().time, Duration::from_secs(call));
        }
    }
}
