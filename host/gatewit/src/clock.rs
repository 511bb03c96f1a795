//! The `Clock` port.

use gatewit_domain::ports::Clock;
use jiff::Timestamp;

/// The machine's clock, to the millisecond: as much as every client can read back.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
