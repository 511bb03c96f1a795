//! Why a source is stale: in the host's words for the log and for everybody who may ask, in the plugin's for operators.

use super::sync::SyncFault;
use crate::plugin::PluginWords;
use crate::problem::{DeskError, Problem};
use crate::source::{SourceFault, SourceName};

/// Why the last try to renew a source failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceTrouble {
    /// In the host's words.
    pub reason: String,
    /// What the plugin says of it.
    pub words: Option<PluginWords>,
    /// Whether the ticketing system answered, and what it said could not be kept.
    is_ours: bool,
}

impl SourceTrouble {
    /// What was stored of the source cannot be read.
    pub(super) fn of_store(fault: &DeskError) -> Self {
        Self {
            reason: format!("what was stored of it is damaged: {fault}"),
            words: None,
            is_ours: true,
        }
    }

    /// Logs it, without a word of the plugin's.
    pub(super) fn report(&self, source: &SourceName, plugin: &str) {
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

    /// Logs that something could not be looked up, likewise.
    pub(super) fn report_find(&self, source: &SourceName, plugin: &str) {
        tracing::warn!(
            source.name = %source,
            plugin.name = plugin,
            "nothing can be looked up in ticket source {source} with plugin {plugin:?}: {}",
            self.reason
        );
    }

    /// What a caller is told who asked for the source to be renewed.
    pub(super) fn refusal(&self) -> DeskError {
        match self.is_ours {
            false => DeskError::source_unavailable(),
            true => DeskError::Unavailable(Problem::new(
                "source_unavailable",
                "what the ticketing system says cannot be kept; the server's log says why",
            )),
        }
    }
}

impl From<&SourceFault> for SourceTrouble {
    fn from(fault: &SourceFault) -> Self {
        Self {
            reason: fault.to_string(),
            words: fault.words().cloned(),
            is_ours: false,
        }
    }
}

impl From<&SyncFault> for SourceTrouble {
    fn from(fault: &SyncFault) -> Self {
        match fault {
            SyncFault::Source(fault) => Self::from(fault),
            SyncFault::Doubted(_) => Self {
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
