//! Loops over many rows give way to scans, which wait for the same threads.
//!
//! Reads of the store answer at once, so that a loop over them never gives way by itself.

use std::future::poll_fn;
use std::mem;
use std::task::Poll;

/// How many steps of a loop are taken before others may run: with a few reads each, less than a millisecond.
const STEPS: usize = 64;

/// The steps of one loop.
#[derive(Default)]
pub(super) struct Turns(usize);

impl Turns {
    /// Counts one more step of a few reads, and lets others run now and then.
    pub async fn step(&mut self) {
        self.0 += 1;
        if self.0.is_multiple_of(STEPS) {
            let_others_run().await;
        }
    }
}

/// Gives way to whatever else waits for this thread, scans above all. For loops whose steps take long.
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
