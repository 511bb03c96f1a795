//! Limits of plugins, and when one that was swapped is rolled back.

use std::num::NonZero;
use std::time::Duration;

use gatewit_engine::{ErrorBudget, GuestLimits, PluginLimits};
use serde::Deserialize;

/// Limits of one plugin; each has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginEntry {
    /// Default: 64.
    memory_mib: Option<u32>,
    /// How long one call may take, in milliseconds. Default: 200.
    timeout_ms: Option<u32>,
    /// What one call may answer. Default: 1024.
    answer_kib: Option<u32>,
    /// Entries of one table of functions. Default: 20,000.
    table_entries: Option<u32>,
    /// Handles to resources at one time. Default: 10,000.
    handles: Option<u32>,
    /// Further hosts a backend may send requests to: `files.pretix.eu`, over https unless another scheme is given.
    #[serde(default)]
    pub(super) allowed_hosts: Vec<String>,
}

impl PluginEntry {
    pub(super) fn has_zero(&self) -> bool {
        let limits = [
            self.memory_mib,
            self.timeout_ms,
            self.answer_kib,
            self.table_entries,
            self.handles,
        ];
        limits.contains(&Some(0))
    }

    pub(super) fn limits(&self) -> PluginLimits {
        let PluginLimits { guest, timeout } = PluginLimits::default();
        let or = |limit: Option<u32>, unit: usize, default| {
            limit.map_or(default, |limit| limit as usize * unit)
        };
        PluginLimits {
            guest: GuestLimits {
                memory_bytes: or(self.memory_mib, 1 << 20, guest.memory_bytes),
                answer_bytes: or(self.answer_kib, 1 << 10, guest.answer_bytes),
                table_entries: or(self.table_entries, 1, guest.table_entries),
                handles: or(self.handles, 1, guest.handles),
            },
            timeout: (self.timeout_ms).map_or(timeout, |ms| Duration::from_millis(ms.into())),
        }
    }
}

/// When a plugin that was swapped is rolled back; each number has a default.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SwapBudgetEntry {
    /// How long failures count after a swap, in seconds. Default: 60.
    within_s: Option<NonZero<u32>>,
    /// More failed questions than this are too many. Default: 5.
    failed_questions: Option<u32>,
    /// A larger share of failed questions than this is too large. Default: 10.
    failed_percent: Option<u32>,
    /// The share counts once so many questions were asked. Default: 50.
    of_at_least: Option<u32>,
    /// So many failing runs of a backend in a row are too many. Default: 3.
    failed_runs: Option<NonZero<u32>>,
}

impl From<SwapBudgetEntry> for ErrorBudget {
    fn from(entry: SwapBudgetEntry) -> Self {
        let default = Self::default();
        let or = |number: Option<u32>, default| number.map_or(default, |number| number as usize);
        Self {
            within: entry.within_s.map_or(default.within, |seconds| {
                Duration::from_secs(seconds.get().into())
            }),
            questions: or(entry.failed_questions, default.questions),
            percent: or(entry.failed_percent, default.percent),
            of_at_least: or(entry.of_at_least, default.of_at_least),
            runs: entry.failed_runs.map_or(default.runs, NonZero::get),
        }
    }
}
