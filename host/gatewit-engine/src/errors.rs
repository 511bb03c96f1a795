//! Says in one line how a guest failed.

use gatewit_domain::plugin::PluginWords;
use wasmtime::{Error, Trap};

use crate::resource_limits::ResourceLimits;
use crate::sanitize::{REASON_CHARACTERS_MAX, one_line};

/// Why a call gave no answer.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The reason in the host's words.
    pub reason: String,
    /// The guest's own error text.
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

/// Why a call did not return, other than by running too long.
pub(crate) fn reason(limits: &ResourceLimits, err: &Error) -> String {
    if limits.memory_was_exceeded() {
        let mebibytes = limits.memory_bytes() as f64 / f64::from(1 << 20);
        return format!("it needed more than {mebibytes} MiB of memory");
    }
    match err.downcast_ref::<Trap>() {
        Some(trap) => format!("it ended in a {trap}"),
        None => format!("its call failed: {}", whole(err)),
    }
}

/// The whole chain of an error, from the outermost to the root cause.
pub(crate) fn whole(err: &Error) -> String {
    one_line(&format!("{err:#}"), REASON_CHARACTERS_MAX)
}
