//! A moment at the event.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

/// One moment, both as an instant and as the wall clock at the event shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zoned {
    /// The moment itself.
    pub instant: Timestamp,
    /// The wall clock at the event at that moment.
    pub local: DateTime,
}

impl Zoned {
    /// The instant that much earlier, even if the clocks change in between.
    pub fn before(self, duration: impl Into<SignedDuration>) -> Timestamp {
        self.instant
            .checked_sub(duration.into())
            .unwrap_or(Timestamp::MIN)
    }

    /// The instant that much later, even if the clocks change in between.
    pub fn after(self, duration: impl Into<SignedDuration>) -> Timestamp {
        self.instant
            .checked_add(duration.into())
            .unwrap_or(Timestamp::MAX)
    }
}
