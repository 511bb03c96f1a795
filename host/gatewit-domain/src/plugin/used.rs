//! What a plugin has cost.

use super::{FailureKind, PluginWords};

/// What a plugin has cost since the start.
#[derive(Clone, Debug, Default)]
pub struct PluginUse {
    /// Calls of the guest, including failed ones. Answers from the cache do not count.
    pub calls: u64,
    /// Calls that gave no answer, for each kind.
    pub failures: Vec<(FailureKind, u64)>,
    /// The size of the compiled code that serves, in bytes; None if none serves.
    pub code_bytes: Option<usize>,
    /// The most memory that an instance of what serves has had, in bytes; None if nothing serves.
    pub memory_peak_bytes: Option<usize>,
    /// The end of what the last run of a backend wrote.
    pub output: Option<PluginWords>,
}
