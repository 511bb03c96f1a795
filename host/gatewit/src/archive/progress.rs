//! Reports the progress of long work on stderr.

use std::time::{Duration, Instant};

/// Shorter work reports nothing.
const TELL_EVERY: Duration = Duration::from_secs(2);

pub(super) struct Progress {
    /// The verb for the rows: `exported`.
    done: &'static str,
    told: Instant,
}

impl Progress {
    pub(super) fn new(done: &'static str) -> Self {
        Self {
            done,
            told: Instant::now(),
        }
    }

    pub(super) fn tell(&mut self, rows: u64) {
        if self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            eprintln!("{} {rows} rows so far", self.done);
        }
    }
}
