//! Makes loops over many rows yield to scans, which wait for the same threads.
//!
//! Reads of the store complete at once, so a loop over them never yields by itself.

use std::future::poll_fn;
use std::mem;
use std::task::Poll;

/// How many steps a loop takes before it yields: with a few reads each, less than a millisecond.
const STEPS: usize = 64;

/// Counts the steps of one loop.
#[derive(Default)]
pub(super) struct Turns(usize);

impl Turns {
    /// Counts one more step of a few reads, and yields now and then.
    pub async fn step(&mut self) {
        self.0 += 1;
        if self.0.is_multiple_of(STEPS) {
            let_others_run().await;
        }
    }
}

/// Yields to other tasks waiting for this thread, above all scans. For loops with long steps.
pub(super) async fn let_others_run() {
    let mut has_waited = false;
    poll_fn(|context| {
        if mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
