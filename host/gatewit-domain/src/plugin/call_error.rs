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

/// Why no plugin can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLoaded {
    /// No file has the name.
    #[error("there is no such plugin")]
    Unknown,
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
