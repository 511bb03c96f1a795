//! Why a source is stale: the host's own text for the log and every authorized caller, the plugin's for operators. Of the
//! plugin's text, the log has only the number of a line.

use gatewit_domain::plugin::PluginWords;
use gatewit_domain::problem::{Problem, SourceCode};
use gatewit_domain::source::{LimitExceeded, SourceFault, SourceName};

use super::reading::Doubt;
use crate::error::DeskError;

/// Why a source could not be synced.
#[derive(Debug, thiserror::Error)]
pub enum SyncFault {
    #[error(transparent)]
    Source(#[from] SourceFault),
    #[error("{0}; a second reading did not settle this, so what is served stays as it is")]
    Doubted(Doubt),
    #[error("it lists no types of tickets where it had {0}, so what is served stays as it is")]
    TypesVanished(usize),
    #[error("{0}; what the run has read is thrown away")]
    Limit(#[from] LimitExceeded),
    #[error("what it said cannot be kept: {0}")]
    Desk(#[from] DeskError),
}

impl SyncFault {
    /// Whether the plugin's own code is to blame, so that trying again soon is pointless.
    pub(super) fn is_own_fault(&self) -> bool {
        match self {
            Self::Limit(_) => true,
            Self::Source(SourceFault::Plugin(error, _)) => error.is_own_fault(),
            Self::Source(_) | Self::Doubted(_) | Self::TypesVanished(_) | Self::Desk(_) => false,
        }
    }
}

/// Why a source's last sync failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceTrouble {
    /// The host's own text, with the number of the line that the plugin objects to.
    pub reason: String,
    /// The plugin's message about it.
    pub words: Option<PluginWords>,
    /// Whether the ticketing system answered but the answer could not be stored.
    is_ours: bool,
}

impl SourceTrouble {
    /// Describes a source whose stored tickets cannot be read.
    pub(super) fn of_store(fault: &DeskError) -> Self {
        Self {
            reason: format!("what was stored of it is damaged: {fault}"),
            words: None,
            is_ours: true,
        }
    }

    /// Logs it without the plugin's own text.
    pub(crate) fn report(&self, source: &SourceName, plugin: &str) {
        let more = match self.words {
            Some(_) => "; GET /api/v1/plugins shows operators what the plugin says",
            None => "",
        };
        tracing::warn!(
            source.name = %source,
            plugin.name = plugin,
            "ticket source {source} cannot be read with plugin {plugin:?}: {}{more}",
            self.reason
        );
    }

    /// Logs a failed look-up, also without the plugin's own text.
    pub(super) fn report_find(&self, source: &SourceName, plugin: &str) {
        tracing::warn!(
            source.name = %source,
            plugin.name = plugin,
            "nothing can be looked up in ticket source {source} with plugin {plugin:?}: {}",
            self.reason
        );
    }

    /// Returns the error for a caller that asked for a sync.
    pub(crate) fn refusal(&self) -> DeskError {
        match self.is_ours {
            false => DeskError::source_unavailable(),
            true => DeskError::Unavailable(Problem::new(
                SourceCode::Unavailable,
                "what the ticketing system says cannot be kept; the server's log says why",
            )),
        }
    }
}

impl From<&SourceFault> for SourceTrouble {
    fn from(fault: &SourceFault) -> Self {
        let line = match fault {
            SourceFault::BadSettings(words) => line_in(words.verbatim()),
            _ => None,
        };
        Self {
            reason: line.map_or_else(
                || fault.to_string(),
                |line| format!("{fault} (line {line})"),
            ),
            words: fault.words().cloned(),
            is_ours: false,
        }
    }
}

/// Finds the number of a line in a plugin's text: the only part of it that may be logged.
fn line_in(words: &str) -> Option<u32> {
    let mut words = words.split(|letter: char| !letter.is_alphanumeric());
    words.find(|word| *word == "line")?;
    words.next()?.parse().ok()
}

impl From<&SyncFault> for SourceTrouble {
    fn from(fault: &SyncFault) -> Self {
        match fault {
            SyncFault::Source(fault) => Self::from(fault),
            SyncFault::Doubted(_) | SyncFault::TypesVanished(_) | SyncFault::Limit(_) => Self {
                reason: fault.to_string(),
                words: None,
                is_ours: false,
            },
            SyncFault::Desk(_) => Self {
                reason: fault.to_string(),
                words: None,
                is_ours: true,
            },
        }
    }
}
