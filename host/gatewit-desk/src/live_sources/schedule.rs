//! When a source is synced, and how its last sync ended. Pure except for random jitter.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gatewit_domain::source::SourceFault;
use jiff::{SignedDuration, Timestamp};

use super::trouble::{SourceTrouble, SyncFault};

/// The wait after a first fault; it doubles with each further one.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(5);
/// The longest wait between two tries of a failing source: its ticketing system may be back any moment.
const WAIT_MAX: SignedDuration = SignedDuration::from_mins(5);
/// The longest wait while the plugin itself fails, which costs CPU time and does not mend itself.
const OWN_FAULT_WAIT_MAX: SignedDuration = SignedDuration::from_hours(1);
/// The longest that a ticketing system may tell us to wait.
const RETRY_AFTER_MAX: SignedDuration = SignedDuration::from_hours(24);

/// The schedule of a source, shared by its syncs and its look-ups.
// A std mutex: held for moves, never across an await.
pub struct SharedSchedule(Mutex<SyncSchedule>);

impl SharedSchedule {
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new(SyncSchedule::new(now)))
    }

    pub fn lock(&self) -> MutexGuard<'_, SyncSchedule> {
        // At worst, a panic between two assignments makes the next sync too early or too late.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The schedule of a source's syncs, and their results.
pub struct SyncSchedule {
    due_at: Timestamp,
    /// When `due_at` was set.
    planned_at: Timestamp,
    /// The time until which the ticketing system wants no requests.
    not_before: Option<Timestamp>,
    /// How many runs have begun.
    begun: u64,
    /// The number of the run that ended last.
    ended: u64,
    /// How many runs have failed since the last that succeeded: because of the plugin itself, and for other reasons.
    own_faults: u32,
    other_faults: u32,
    /// How many runs have succeeded and failed since the start.
    pub completed: u64,
    pub failed: u64,
    pub trouble: Option<SourceTrouble>,
    pub synced_at: Option<Timestamp>,
}

impl SyncSchedule {
    /// Creates a schedule whose first sync is due at once.
    pub fn new(now: Timestamp) -> Self {
        Self {
            due_at: now,
            planned_at: now,
            not_before: None,
            begun: 0,
            ended: 0,
            own_faults: 0,
            other_faults: 0,
            completed: 0,
            failed: 0,
            trouble: None,
            synced_at: None,
        }
    }

    pub fn is_due(&self, now: Timestamp) -> bool {
        now >= self.due_at || self.is_of_later(now)
    }

    /// Whether the clock was set back since the next sync was planned: then no time here means anything.
    fn is_of_later(&self, now: Timestamp) -> bool {
        now < self.planned_at
    }

    /// Returns how long it is until the next sync is due.
    pub fn wait(&self, now: Timestamp) -> SignedDuration {
        self.due_at.duration_since(now).max(SignedDuration::ZERO)
    }

    /// Returns how many runs have begun.
    pub fn begun(&self) -> u64 {
        self.begun
    }

    pub fn begin(&mut self) {
        self.begun += 1;
    }

    /// Returns how the last run ended, if it began after the first `begun` runs.
    pub fn ended_since(&self, begun: u64) -> Option<Result<(), SourceTrouble>> {
        (self.ended > begun).then(|| self.trouble.clone().map_or(Ok(()), Err))
    }

    /// Returns why the ticketing system must not be asked now, if so.
    pub fn rate_limited(&self, now: Timestamp) -> Option<SourceTrouble> {
        let is_held = self.not_before.is_some_and(|not_before| now < not_before);
        let limited = || SourceTrouble::from(&SourceFault::RateLimited(None));
        (is_held && !self.is_of_later(now)).then(|| self.trouble.clone().unwrap_or_else(limited))
    }

    /// Records for how many seconds the ticketing system wants no requests.
    pub fn retry_after(&mut self, seconds: u32, now: Timestamp) {
        let rest = SignedDuration::from_secs(seconds.into()).min(RETRY_AFTER_MAX);
        self.not_before = Some(now + rest);
    }

    /// Begins with short waits again: the plugin, its settings or its files have changed.
    pub fn forget_faults(&mut self) {
        (self.own_faults, self.other_faults) = (0, 0);
    }

    /// Counts a fault, and returns how long to wait after it: twice as long as after the last one of its kind.
    fn back_off(&mut self, fault: &SyncFault) -> SignedDuration {
        let (faults, max) = match fault.is_own_fault() {
            true => (&mut self.own_faults, OWN_FAULT_WAIT_MAX),
            false => (&mut self.other_faults, WAIT_MAX),
        };
        let wait = FIRST_WAIT.saturating_mul(1 << (*faults).min(16));
        *faults += 1;
        wait.min(max)
    }

    /// Records how a run ended, and schedules the next one.
    pub fn end(
        &mut self,
        outcome: Result<(), SyncFault>,
        now: Timestamp,
        every: SignedDuration,
    ) -> Result<(), SourceTrouble> {
        self.ended = self.begun;
        self.planned_at = now;
        self.not_before = None;
        let Err(fault) = outcome else {
            (self.trouble, self.synced_at) = (None, Some(now));
            self.forget_faults();
            self.completed += 1;
            self.due_at = now + with_chance(every);
            return Ok(());
        };
        if let SyncFault::Source(SourceFault::RateLimited(Some(seconds))) = &fault {
            self.retry_after(*seconds, now);
        }
        let try_at = now + with_chance(self.back_off(&fault));
        let rested_at = self
            .not_before
            .map(|at| now + with_chance(at.duration_since(now)));
        self.due_at = rested_at.map_or(try_at, |at| at.max(try_at));
        self.failed += 1;
        let trouble = SourceTrouble::from(&fault);
        self.trouble = Some(trouble.clone());
        Err(trouble)
    }
}

/// Adds up to a tenth at random, so that sources started together do not keep asking together.
fn with_chance(wait: SignedDuration) -> SignedDuration {
    let chance = RandomState::new().hash_one(()) % 1_000;
    let thousandths = i32::try_from(chance).expect("it is below a thousand");
    wait + wait / 10_000 * thousandths
}
