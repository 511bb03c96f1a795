//! Measures how long commits wait and how many share a sync. The counters can be read at any time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// In microseconds: from less than one sync to longer than anyone waits at a door.
const WAIT_MICROS: [u64; 14] = [
    100, 250, 500, 750, 1_000, 1_500, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000,
    1_000_000,
];
const GROUP_SIZES: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/// The measurements of a store's commits since it was opened.
pub struct StoreMeter {
    asked: AtomicU64,
    answered: AtomicU64,
    wait_micros: Histogram<{ WAIT_MICROS.len() }>,
    group_sizes: Histogram<{ GROUP_SIZES.len() }>,
}

/// A snapshot of the measurements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreMeasures {
    /// Commits that have no answer yet.
    pub commits_waiting: u64,
    /// From a commit's request to its answer, in microseconds.
    pub commit_micros: Distribution,
    /// How many commits shared one sync.
    pub group_sizes: Distribution,
}

/// A histogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// How many values are at most each bound and above the one before. The last bucket has no bound.
    pub buckets: Vec<(Option<u64>, u64)>,
    /// The sum of all values.
    pub sum: u64,
}

impl StoreMeter {
    pub(super) fn new() -> Self {
        Self {
            asked: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            wait_micros: Histogram::new(WAIT_MICROS),
            group_sizes: Histogram::new(GROUP_SIZES),
        }
    }

    /// Reads the measurements so far.
    pub fn read(&self) -> StoreMeasures {
        // In this order, since a commit is answered after it is requested.
        let answered = self.answered.load(Ordering::Acquire);
        let asked = self.asked.load(Ordering::Relaxed);
        StoreMeasures {
            commits_waiting: asked.saturating_sub(answered),
            commit_micros: self.wait_micros.read(),
            group_sizes: self.group_sizes.read(),
        }
    }

    pub(super) fn asked(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a commit that found no room in the queue.
    pub(super) fn turned_away(&self) {
        self.answered.fetch_add(1, Ordering::Release);
    }

    pub(super) fn group_written(&self, commits: usize) {
        self.group_sizes.note(commits as u64);
    }

    pub(super) fn answered_after(&self, wait: Duration) {
        self.wait_micros.note(wait.as_micros() as u64);
        self.answered.fetch_add(1, Ordering::Release);
    }
}

/// Counts values between `N` fixed bounds.
struct Histogram<const N: usize> {
    bounds: [u64; N],
    counts: [AtomicU64; N],
    above: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    fn new(bounds: [u64; N]) -> Self {
        Self {
            bounds,
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            above: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    fn note(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        let count = self.counts.get(bucket).unwrap_or(&self.above);
        count.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    fn read(&self) -> Distribution {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let bounded = self.bounds.iter().zip(&self.counts);
        let bounded = bounded.map(|(bound, bucket)| (Some(*bound), count(bucket)));
        let above = (None, count(&self.above));
        Distribution {
            buckets: bounded.chain([above]).collect(),
            sum: count(&self.sum),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_at_the_first_bound_that_is_not_below_it() {
        let histogram = Histogram::new([10, 20]);
        for value in [0, 10, 11, 20, 21, 1_000] {
            histogram.note(value);
        }
        let expected = Distribution {
            buckets: vec![(Some(10), 2), (Some(20), 2), (None, 2)],
            sum: 1_062,
        };
        assert_eq!(histogram.read(), expected);
    }
}
