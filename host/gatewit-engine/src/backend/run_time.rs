//! How long the instance of a run computes, all its calls together, and how long a call waits for the ticketing system.

use std::mem;
use std::time::{Duration, Instant};

use wasmtime::UpdateDeadline;

use crate::runtime::TICK;

/// The time that an instance has taken.
///
/// The runtime's clock ticks every 10 ms. A tick counts if the guest runs at it, so the sum is nearly its CPU time,
/// however busy the machine is.
pub(crate) struct RunTime {
    cpu_limit: Duration,
    ticks: u32,
    /// Whether it waited since the last tick, which then passed without it.
    has_waited: bool,
    /// How long the current call has waited for its requests.
    waited: Duration,
    /// When the request under way began.
    waits_since: Option<Instant>,
}

impl RunTime {
    pub(crate) fn new(cpu_limit: Duration) -> Self {
        Self {
            cpu_limit,
            ticks: 0,
            has_waited: false,
            waited: Duration::ZERO,
            waits_since: None,
        }
    }

    pub(crate) fn begin_call(&mut self) {
        self.waited = Duration::ZERO;
    }

    pub(crate) fn begin_request(&mut self) {
        self.waits_since = Some(Instant::now());
    }

    pub(crate) fn end_request(&mut self) {
        let waited = self.waiting();
        self.waits_since = None;
        self.waited += waited;
        self.has_waited |= waited >= TICK;
    }

    /// Counts a tick of the clock at which the guest runs. It yields to others, or ends if it has computed for too long.
    pub(crate) fn tick(&mut self) -> UpdateDeadline {
        if !mem::take(&mut self.has_waited) {
            self.ticks = self.ticks.saturating_add(1);
        }
        match self.is_spent() {
            true => UpdateDeadline::Interrupt,
            false => UpdateDeadline::Yield(1),
        }
    }

    /// Whether it has computed for longer than it may.
    pub(crate) fn is_spent(&self) -> bool {
        TICK * self.ticks > self.cpu_limit
    }

    /// Whether the current call has spent most of this time on waiting for its requests.
    pub(crate) fn has_mostly_waited(&self, of: Duration) -> bool {
        (self.waited + self.waiting()) * 2 > of
    }

    fn waiting(&self) -> Duration {
        self.waits_since
            .map_or(Duration::ZERO, |since| since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks_until_interrupted(time: &mut RunTime) -> usize {
        let ticks = (1..1_000).find(|_| matches!(time.tick(), UpdateDeadline::Interrupt));
        ticks.unwrap()
    }

    #[test]
    fn a_guest_that_computes_is_interrupted_after_its_limit() {
        let mut time = RunTime::new(Duration::from_millis(50));
        assert!(!time.is_spent());
        assert_eq!(ticks_until_interrupted(&mut time), 6);
        assert!(time.is_spent() && !time.has_mostly_waited(TICK));
    }

    #[test]
    fn a_tick_that_passed_while_it_waited_does_not_count() {
        let mut time = RunTime::new(Duration::from_millis(50));
        for _ in 0..100 {
            time.waits_since = Instant::now().checked_sub(2 * TICK);
            time.end_request();
            assert!(matches!(time.tick(), UpdateDeadline::Yield(1)));
        }
        // A request that takes no time hides nothing.
        time.begin_request();
        time.end_request();
        assert_eq!(ticks_until_interrupted(&mut time), 6);
    }

    #[test]
    fn a_call_has_mostly_waited_if_its_requests_took_more_than_half_of_its_time() {
        let mut time = RunTime::new(Duration::from_millis(50));
        time.waits_since = Instant::now().checked_sub(Duration::from_secs(6));
        assert!(time.has_mostly_waited(Duration::from_secs(10)));
        assert!(!time.has_mostly_waited(Duration::from_secs(20)));
        time.end_request();
        assert!(time.has_mostly_waited(Duration::from_secs(10)));
        time.begin_call();
        assert!(!time.has_mostly_waited(Duration::from_secs(10)));
    }
}
