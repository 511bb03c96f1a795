//! Tells on stderr, now and then, how far long work has come.

use std::time::{Duration, Instant};

/// Work shorter than this says nothing.
const TELL_EVERY: Duration = Duration::from_secs(2);

pub(super) struct Progress {
    /// What was done with the rows: `exported`.
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
