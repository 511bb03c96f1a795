//! When a source is synced, and how its last sync ended. Pure but for a little chance.

use std::hash::{BuildHasher, RandomState};

use jiff::{SignedDuration, Timestamp};

use super::sync::SyncFault;
use crate::source::SourceFault;

/// How long after a first fault the next try is; twice as long after each further one.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(5);
/// The longest between two tries of what fails; where syncs are closer together, they say.
const WAIT_MAX: SignedDuration = SignedDuration::from_mins(5);
/// The longest that a ticketing system may tell us to stay away.
const STAY_AWAY_MAX: SignedDuration = SignedDuration::from_hours(24);

/// How the syncs of a source go.
pub struct Course {
    due_at: Timestamp,
    /// Until when the ticketing system wants no requests.
    not_before: Option<Timestamp>,
    /// How many runs there were.
    begun: u64,
    /// The number of the run that ended last.
    ended: u64,
    failures: u32,
    pub fault: Option<String>,
    pub synced_at: Option<Timestamp>,
}

impl Course {
    /// Begins with a sync that is due at once.
    pub fn new(now: Timestamp) -> Self {
        Self {
            due_at: now,
            not_before: None,
            begun: 0,
            ended: 0,
            failures: 0,
            fault: None,
            synced_at: None,
        }
    }

    pub fn is_due(&self, now: Timestamp) -> bool {
        now >= self.due_at
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
    pub fn ended_since(&self, begun: u64) -> Option<Result<(), String>> {
        (self.ended > begun).then(|| self.fault.clone().map_or(Ok(()), Err))
    }

    /// Tells why no run may begin, if so.
    pub fn held_back(&self, now: Timestamp) -> Option<Result<(), String>> {
        let is_held = self.not_before.is_some_and(|not_before| now < not_before);
        is_held.then(|| Err(self.fault.clone().unwrap_or_default()))
    }

    /// Notes how a run ended, and says when the next one is due.
    pub fn end(
        &mut self,
        outcome: Result<(), SyncFault>,
        now: Timestamp,
        every: SignedDuration,
    ) -> Result<(), String> {
        self.ended = self.begun;
        self.not_before = None;
        let Err(fault) = outcome else {
            (self.fault, self.failures, self.synced_at) = (None, 0, Some(now));
            self.due_at = now + with_chance(every);
            return Ok(());
        };
        let backed_off = FIRST_WAIT.saturating_mul(1 << self.failures.min(16));
        let wait = match &fault {
            SyncFault::Source(SourceFault::RateLimited(Some(seconds))) => {
                let wait = SignedDuration::from_secs((*seconds).into()).min(STAY_AWAY_MAX);
                self.not_before = Some(now + wait);
                wait
            }
            _ => backed_off.min(every).min(WAIT_MAX),
        };
        self.failures += 1;
        self.due_at = now + with_chance(wait);
        let words = fault.to_string();
        self.fault = Some(words.clone());
        Err(words)
    }
}

/// Adds up to a tenth, so that many who began at one moment do not ask at one moment for ever.
fn with_chance(wait: SignedDuration) -> SignedDuration {
    let chance = RandomState::new().hash_one(()) % 1_000;
    let thousandths = i32::try_from(chance).expect("it is below a thousand");
    wait + wait / 10_000 * thousandths
}
