//! Why a call of a plugin gave no answer. Strategies and ticket sources share these kinds.

use std::time::Duration;

use super::{PluginKind, PluginWords};

/// Why a call of a plugin gave no answer.
///
/// It displays only the host's own text; [`CallError::words`] returns the plugin's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No plugin of the right kind serves under its name.
    #[error(transparent)]
    NotLoaded(#[from] NotLoaded),
    /// Earlier calls did not end in time, so this one did not begin.
    #[error("its earlier {} take too long", calls(*.0))]
    Busy(PluginKind),
    /// It ran longer than it may.
    #[error("it ran longer than {}", time(*.kind, *.limit))]
    TimedOut {
        /// What ran, which decides the unit in the text.
        kind: PluginKind,
        /// How long it may run.
        limit: Duration,
    },
    /// A backend waited too long for the ticketing system.
    #[error("its call took longer than {} s, most of it waiting for the ticketing system", .limit.as_secs_f64())]
    WaitedTooLong {
        /// How long a call may take.
        limit: Duration,
    },
    /// A run of a backend computed longer than it may, waiting excluded.
    #[error("it computed for more than {} s in one run; limits.run_cpu_s of the source raises that", .limit.as_secs_f64())]
    OutOfCpuTime {
        /// How long all calls of a run may compute.
        limit: Duration,
    },
    /// It asked for more memory than it may have.
    #[error("it needed more than {} MiB of memory", mebibytes(*.limit_bytes))]
    OutOfMemory {
        /// How much it may have.
        limit_bytes: usize,
    },
    /// It ended in a trap. The text is the trap's name.
    #[error("it ended in a {0}")]
    Trapped(String),
    /// The runtime gave up on the call. The text is the runtime's.
    #[error("its call failed: {0}")]
    Failed(String),
    /// A strategy answered with an error.
    #[error("it answered with an error")]
    AnsweredError(PluginWords),
    /// Its answer breaks a rule. The text is the host's, and says which.
    #[error("{0}")]
    InvalidAnswer(String),
    /// The host's own thread broke off.
    #[error("its call was cut off")]
    CutOff,
    /// The caller no longer waits.
    #[error("nobody waits for its answer")]
    Abandoned,
    /// An earlier call of the same run failed, and a failed instance is not called again.
    #[error("it failed earlier in this run")]
    RunFailed,
}

/// How a call of a plugin failed, for metrics and programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// It ended in a trap.
    Trap,
    /// It ran, computed or waited for too long.
    Timeout,
    /// It asked for more memory than it may have.
    Memory,
    /// Its answer breaks a rule, or is no answer.
    Nonsense,
    /// Its earlier calls did not end in time.
    Busy,
    /// No plugin of the right kind serves under its name.
    NotLoaded,
    /// It answered with an error of its own.
    Answered,
    /// Anything else: the call was cut off, or not made because an earlier one failed.
    Other,
}

impl FailureKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Trap,
        Self::Timeout,
        Self::Memory,
        Self::Nonsense,
        Self::Busy,
        Self::NotLoaded,
        Self::Answered,
        Self::Other,
    ];

    /// Returns its name in metrics and in the API. It never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::Nonsense => "nonsense",
            Self::Busy => "busy",
            Self::NotLoaded => "not_loaded",
            Self::Answered => "answered",
            Self::Other => "other",
        }
    }
}

/// Why no plugin can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLoaded {
    /// No file has the name.
    #[error("there is no such plugin")]
    Unknown,
    /// It is being loaded, which takes longer than a request waits.
    #[error("it is still being loaded; try again in a moment")]
    Loading,
    /// Its file was refused.
    #[error("it is not loaded")]
    Refused,
    /// It was replaced while the call waited.
    #[error("it is not loaded any more")]
    Replaced,
    /// A source names it.
    #[error("it is a strategy, and no backend")]
    Strategy,
}

impl CallError {
    /// Returns how the call failed, without particulars.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::NotLoaded(_) => FailureKind::NotLoaded,
            Self::Busy(_) => FailureKind::Busy,
            Self::TimedOut { .. } | Self::WaitedTooLong { .. } | Self::OutOfCpuTime { .. } => {
                FailureKind::Timeout
            }
            Self::OutOfMemory { .. } => FailureKind::Memory,
            Self::Trapped(_) => FailureKind::Trap,
            Self::Failed(_) | Self::InvalidAnswer(_) => FailureKind::Nonsense,
            Self::AnsweredError(_) => FailureKind::Answered,
            Self::CutOff | Self::Abandoned | Self::RunFailed => FailureKind::Other,
        }
    }

    /// Whether the plugin's own code is to blame, and not what it reads or the host: another try costs as much as this one
    /// and is likely to end in the same way.
    pub fn is_own_fault(&self) -> bool {
        match self.kind() {
            FailureKind::Timeout => !matches!(self, Self::WaitedTooLong { .. }),
            FailureKind::Trap | FailureKind::Memory | FailureKind::Nonsense => true,
            FailureKind::Busy
            | FailureKind::NotLoaded
            | FailureKind::Answered
            | FailureKind::Other => false,
        }
    }

    /// Returns the plugin's own text.
    pub fn words(&self) -> Option<&PluginWords> {
        match self {
            Self::AnsweredError(words) => Some(words),
            _ => None,
        }
    }
}

fn calls(kind: PluginKind) -> &'static str {
    match kind {
        PluginKind::Backend => "runs",
        PluginKind::Strategy => "calls",
    }
}

/// Strategies have milliseconds, backends have seconds.
fn time(kind: PluginKind, limit: Duration) -> String {
    match kind {
        PluginKind::Backend => format!("{} s", limit.as_secs_f64()),
        PluginKind::Strategy => format!("{} ms", limit.as_millis()),
    }
}

fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
