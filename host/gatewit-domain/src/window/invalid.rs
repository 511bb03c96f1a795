//! Why proposed windows cannot be used.

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::plugin::CallError;

/// What is wrong with the windows that a strategy proposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWindows {
    #[error("it answered {count} windows; at most {max} are allowed")]
    TooMany { count: usize, max: usize },
    #[error("it answered a window for day {day}; the event has {days} days, counted from 0")]
    NoSuchDay { day: usize, days: usize },
    #[error(
        "it answered a window for day {day} that closes at {closes}, not after it opens at {opens}"
    )]
    NeverOpen {
        day: usize,
        opens: Timestamp,
        closes: Timestamp,
    },
    #[error("it answered the local time {0}, out of range")]
    OutOfRange(DateTime),
}

impl From<InvalidWindows> for CallError {
    fn from(mistake: InvalidWindows) -> Self {
        Self::InvalidAnswer(mistake.to_string())
    }
}
