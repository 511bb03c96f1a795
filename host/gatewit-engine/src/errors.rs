//! How a guest fails: when it is prepared, and when it is called.

use gatewit_domain::plugin::CallError;
use wasmtime::{Error, Trap};

use crate::resource_limits::ResourceLimits;
use crate::sanitize::{REASON_CHARACTERS_MAX, one_line};

/// Why a component cannot be prepared as a plugin of its world.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("it cannot be linked: {0}")]
    Imports(String),
    /// A function is missing or has another type, as the text says.
    #[error("{0}")]
    Exports(String),
    #[error("{interface} has no function \"{function}\"")]
    NoFunction {
        interface: String,
        function: &'static str,
    },
    #[error("function \"{function}\" of {interface} is of another type: {details}")]
    FunctionType {
        interface: String,
        function: &'static str,
        details: String,
    },
    /// Its first instance failed.
    #[error(transparent)]
    Instance(#[from] CallError),
}

/// What is wrong with an answer that came.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidAnswer {
    #[error("it answered the instant {0}, which is out of range")]
    Instant(i64),
    #[error("it answered {0}, which does not exist")]
    LocalTime(String),
    #[error("it answered a ticket without a reference")]
    NoReference,
    #[error("it answered a {what} of {bytes} bytes; at most {bytes_max} are allowed")]
    TooLong {
        what: &'static str,
        bytes: usize,
        bytes_max: usize,
    },
    #[error("it answered {count} {what}; at most {max} are allowed")]
    TooManyRows {
        what: &'static str,
        count: usize,
        max: usize,
    },
    #[error("it answered {count} {what} of one ticket or type; at most {max} are allowed")]
    TooManyParts {
        what: &'static str,
        count: usize,
        max: usize,
    },
}

impl From<InvalidAnswer> for CallError {
    fn from(mistake: InvalidAnswer) -> Self {
        Self::InvalidAnswer(mistake.to_string())
    }
}

/// The kind of a call that did not return, other than by running too long.
pub(crate) fn call_error(limits: &ResourceLimits, err: &Error) -> CallError {
    if limits.memory_was_exceeded() {
        return CallError::OutOfMemory {
            limit_bytes: limits.memory_bytes(),
        };
    }
    match err.downcast_ref::<Trap>() {
        Some(trap) => CallError::Trapped(trap.to_string()),
        None => CallError::Failed(whole(err)),
    }
}

/// The whole chain of an error, from the outermost to the root cause.
pub(crate) fn whole(err: &Error) -> String {
    one_line(&format!("{err:#}"), REASON_CHARACTERS_MAX)
}
