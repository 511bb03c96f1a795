//! The answer of a strategy: windows in which doors are open.

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::Zoned;

/// A span of time in which a day's doors are open: `opens` is inside, `closes` is the first moment outside.
///
/// The host refuses an answer with a window that does not open before it closes, or whose day the event does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The [`index`](crate::EventDay::index) of its day.
    pub day: u32,
    /// The first moment at which the doors are open.
    pub opens: Moment,
    /// The first moment at which they are closed again.
    pub closes: Moment,
}

/// A moment, as an instant or by the wall clock. The host works out the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// An exact moment, to the second: "two hours before the start".
    Instant(Timestamp),
    /// A moment on the wall clock at the event, to the second: "at 08:00 on that date".
    ///
    /// If the clocks go forward and skip it, it means the instant right after the gap. If they go back and show it
    /// twice, a window opens at the earlier and closes at the later; midnight is always the earlier, so that windows of
    /// neighbouring dates never overlap.
    Local(DateTime),
}

impl From<Timestamp> for Moment {
    fn from(instant: Timestamp) -> Self {
        Moment::Instant(instant)
    }
}

impl From<DateTime> for Moment {
    fn from(local: DateTime) -> Self {
        Moment::Local(local)
    }
}

impl From<Zoned> for Moment {
    fn from(zoned: Zoned) -> Self {
        Moment::Instant(zoned.instant)
    }
}
