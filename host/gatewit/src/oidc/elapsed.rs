//! Whether it is time to do something again.

use jiff::{SignedDuration, Timestamp};

/// Whether this much time has passed. True if the clock was set back.
pub(super) fn is_past(at: Timestamp, gap: SignedDuration, now: Timestamp) -> bool {
    let age = now.duration_since(at);
    age.is_negative() || age >= gap
}
