//! Says in one line how a guest failed.

use gatewit_domain::plugin::PluginWords;
use wasmtime::{Error, Trap};

use crate::room::Room;
use crate::words::{REASON_CHARACTERS_MAX, one_line};

/// Why a call gave no answer.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// In the host's words.
    pub reason: String,
    /// What the guest says of it.
    pub words: Option<PluginWords>,
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self {
            reason,
            words: None,
        }
    }
}

/// Why a call did not come back, unless it ran too long.
pub(crate) fn reason(room: &Room, err: &Error) -> String {
    if room.was_full() {
        let mebibytes = room.memory_bytes() as f64 / f64::from(1 << 20);
        return format!("it needed more than {mebibytes} MiB of memory");
    }
    match err.downcast_ref::<Trap>() {
        Some(trap) => format!("it ended in a {trap}"),
        None => format!("its call failed: {}", whole(err)),
    }
}

/// All of an error, from what was tried to what lies at the bottom.
pub(crate) fn whole(err: &Error) -> String {
    one_line(&format!("{err:#}"), REASON_CHARACTERS_MAX)
}
