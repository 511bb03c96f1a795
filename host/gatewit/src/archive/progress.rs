//! Reports the progress of long work on stderr.

use std::time::{Duration, Instant};

/// Shorter work reports nothing.
const REPORT_EVERY: Duration = Duration::from_secs(2);

pub(super) struct Progress {
    /// The verb for the rows: `exported`.
    done: &'static str,
    reported_at: Instant,
}

impl Progress {
    pub(super) fn new(done: &'static str) -> Self {
        Self {
            done,
            reported_at: Instant::now(),
        }
    }

    pub(super) fn report(&mut self, rows: u64) {
        if self.reported_at.elapsed() >= REPORT_EVERY {
            self.reported_at = Instant::now();
            eprintln!("{} {rows} rows so far", self.done);
        }
    }
}
