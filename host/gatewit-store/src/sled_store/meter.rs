//! Measures how long commits wait, how many share a sync and what memory tables take. The counters can be read at any time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;

use super::tables::Usage;

/// From less than one sync to longer than anyone waits at a door.
const WAIT_SECONDS: [f64; 14] = [
    0.0001, 0.00025, 0.0005, 0.00075, 0.001, 0.0015, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5,
    1.0,
];
const GROUP_SIZES: [f64; 11] = [
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0,
];

/// The measurements of a store's commits since it was opened.
pub struct StoreMeter {
    asked: AtomicU64,
    answered: AtomicU64,
    memory_bytes: AtomicU64,
    tables_given_up: AtomicU64,
    /// From a commit's request to its answer, in seconds.
    pub commit_seconds: Histogram,
    /// How many commits shared one sync.
    pub group_sizes: Histogram,
}

impl StoreMeter {
    pub(super) fn new() -> Self {
        Self {
            asked: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            memory_bytes: AtomicU64::new(0),
            tables_given_up: AtomicU64::new(0),
            commit_seconds: Histogram::new(WAIT_SECONDS),
            group_sizes: Histogram::new(GROUP_SIZES),
        }
    }

    /// Returns the number of commits that have no answer yet.
    pub fn commits_waiting(&self) -> u64 {
        // In this order, since a commit is answered after it is requested.
        let answered = self.answered.load(Ordering::Acquire);
        let asked = self.asked.load(Ordering::Relaxed);
        asked.saturating_sub(answered)
    }

    /// Returns the memory that tables take.
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes.load(Ordering::Relaxed)
    }

    /// Returns the number of tables that do not fit into memory and are read from disk.
    pub fn tables_given_up(&self) -> u64 {
        self.tables_given_up.load(Ordering::Relaxed)
    }

    pub(super) fn holds(&self, usage: Usage) {
        let Usage { bytes, given_up } = usage;
        self.memory_bytes.store(bytes as u64, Ordering::Relaxed);
        (self.tables_given_up).store(given_up as u64, Ordering::Relaxed);
    }

    pub(super) fn asked(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a commit that found no room in the queue.
    pub(super) fn turned_away(&self) {
        self.answered.fetch_add(1, Ordering::Release);
    }

    pub(super) fn group_written(&self, commits: usize) {
        self.group_sizes.observe(commits as f64);
    }

    pub(super) fn answered_after(&self, wait: Duration) {
        self.commit_seconds.observe(wait.as_secs_f64());
        self.answered.fetch_add(1, Ordering::Release);
    }
}
