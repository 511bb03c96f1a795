//! Why proposed windows cannot be used.

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::plugin::CallError;

/// What is wrong with the windows that a strategy proposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWindows {
    /// There are more windows than an answer may hold.
    #[error("it answered {count} windows; at most {max} are allowed")]
    TooMany {
        /// How many it proposed.
        count: usize,
        /// The most that are allowed.
        max: usize,
    },
    /// A window is for a day that the event does not have.
    #[error("it answered a window for day {day}; the event has {days} days, counted from 0")]
    NoSuchDay {
        /// The index of the day, from 0.
        day: usize,
        /// How many days the event has.
        days: usize,
    },
    /// A window does not close after it opens.
    #[error(
        "it answered a window for day {day} that closes at {closes}, not after it opens at {opens}"
    )]
    NeverOpen {
        /// The index of the day, from 0.
        day: usize,
        /// The instant at which it would open.
        opens: Timestamp,
        /// The instant at which it would close.
        closes: Timestamp,
    },
    /// A local time is no instant that can be represented.
    #[error("it answered the local time {0}, out of range")]
    OutOfRange(DateTime),
}

impl From<InvalidWindows> for CallError {
    fn from(mistake: InvalidWindows) -> Self {
        Self::InvalidAnswer(mistake.to_string())
    }
}
