//! When a source is synced, and how its last sync ended. Pure but for a little chance.

use std::hash::{BuildHasher, RandomState};

use jiff::{SignedDuration, Timestamp};

use super::sync::SyncFault;
use super::trouble::SourceTrouble;
use crate::source::SourceFault;

/// How long after a first fault the next try is; twice as long after each further one.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(5);
/// The longest between two tries of what fails.
const WAIT_MAX: SignedDuration = SignedDuration::from_mins(5);
/// The longest that a ticketing system may tell us to stay away.
const STAY_AWAY_MAX: SignedDuration = SignedDuration::from_hours(24);

/// How the syncs of a source go.
pub struct Course {
    due_at: Timestamp,
    /// When that was said.
    planned_at: Timestamp,
    /// Until when the ticketing system wants no requests.
    not_before: Option<Timestamp>,
    /// How many runs there were.
    begun: u64,
    /// The number of the run that ended last.
    ended: u64,
    /// How many in a row have failed.
    failures: u32,
    /// How many runs have ended so since the start.
    pub completed: u64,
    pub failed: u64,
    pub trouble: Option<SourceTrouble>,
    pub synced_at: Option<Timestamp>,
}

impl Course {
    /// Begins with a sync that is due at once.
    pub fn new(now: Timestamp) -> Self {
        Self {
            due_at: now,
            planned_at: now,
            not_before: None,
            begun: 0,
            ended: 0,
            failures: 0,
            completed: 0,
            failed: 0,
            trouble: None,
            synced_at: None,
        }
    }

    pub fn is_due(&self, now: Timestamp) -> bool {
        now >= self.due_at || self.is_of_later(now)
    }

    /// Whether the clock has been set back since the next sync was put off: then no date here says anything.
    fn is_of_later(&self, now: Timestamp) -> bool {
        now < self.planned_at
    }

    /// Tells how long it is until the next sync is due.
    pub fn wait(&self, now: Timestamp) -> SignedDuration {
        self.due_at.duration_since(now).max(SignedDuration::ZERO)
    }

    /// Tells how many runs have begun.
    pub fn begun(&self) -> u64 {
        self.begun
    }

    pub fn begin(&mut self) {
        self.begun += 1;
    }

    /// Tells how a run ended that had not begun when so many had.
    pub fn ended_since(&self, begun: u64) -> Option<Result<(), SourceTrouble>> {
        (self.ended > begun).then(|| self.trouble.clone().map_or(Ok(()), Err))
    }

    /// Tells why the ticketing system must not be asked, if so.
    pub fn held_back(&self, now: Timestamp) -> Option<SourceTrouble> {
        let is_held = self.not_before.is_some_and(|not_before| now < not_before);
        let limited = || SourceTrouble::from(&SourceFault::RateLimited(None));
        (is_held && !self.is_of_later(now)).then(|| self.trouble.clone().unwrap_or_else(limited))
    }

    /// Notes for how many seconds the ticketing system wants no requests.
    pub fn stay_away(&mut self, seconds: u32, now: Timestamp) {
        let rest = SignedDuration::from_secs(seconds.into()).min(STAY_AWAY_MAX);
        self.not_before = Some(now + rest);
    }

    /// Notes how a run ended, and says when the next one is due.
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
            (self.trouble, self.failures, self.synced_at) = (None, 0, Some(now));
            self.completed += 1;
            self.due_at = now + with_chance(every);
            return Ok(());
        };
        if let SyncFault::Source(SourceFault::RateLimited(Some(seconds))) = &fault {
            self.stay_away(*seconds, now);
        }
        let backed_off = FIRST_WAIT.saturating_mul(1 << self.failures.min(16));
        let try_at = now + with_chance(backed_off.min(WAIT_MAX));
        let rested_at = self
            .not_before
            .map(|at| now + with_chance(at.duration_since(now)));
        self.due_at = rested_at.map_or(try_at, |at| at.max(try_at));
        self.failures += 1;
        self.failed += 1;
        let trouble = SourceTrouble::from(&fault);
        self.trouble = Some(trouble.clone());
        Err(trouble)
    }
}

/// Adds up to a tenth, so that many who began at one moment do not ask at one moment for ever.
fn with_chance(wait: SignedDuration) -> SignedDuration {
    let chance = RandomState::new().hash_one(()) % 1_000;
    let thousandths = i32::try_from(chance).expect("it is below a thousand");
    wait + wait / 10_000 * thousandths
}
