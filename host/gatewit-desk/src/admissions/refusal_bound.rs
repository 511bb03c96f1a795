//! Bounds the writes of a scanner's refusals: beyond the bound they are recorded together, once a second.
//! `gatewit-api.md` §5.
//!
//! Knows scanners, times and counts, but not why a scan was refused.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gatewit_domain::id::{CheckInId, EventId, ScannerId};
use gatewit_domain::ports::Write;
use gatewit_domain::record::{Record, RefusalsRecord};
use jiff::{SignedDuration, Timestamp};

use crate::tables::RECORDS;

/// How many refusals of one scanner in a burst get a record each.
const BURST: i32 = 500;
/// After a burst, 50 more a second.
const EARNED_EVERY: SignedDuration = SignedDuration::from_millis(20);
/// How often the refusals beyond the bound are recorded.
const SUMMARY_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// How many refusals each scanner may still record. The lock is never held across an await.
#[derive(Default)]
pub(super) struct RefusalBound(Mutex<Scanners>);

#[derive(Default)]
struct Scanners {
    /// Only scanners with recent refusals, so at most as many as organizers registered.
    by_id: HashMap<ScannerId, Allowance>,
    summarized_at: Option<Timestamp>,
}

/// A token bucket that holds the time at which it will be full again.
struct Allowance {
    full_at: Timestamp,
    summary: Option<Summary>,
}

/// Refusals of one scanner that were answered but not yet recorded.
pub(super) struct Summary {
    pub event: EventId,
    pub record: RefusalsRecord,
}

impl RefusalBound {
    /// Whether another refusal of the scanner gets a record of its own; if so, counts it.
    pub(super) fn take(&self, scanner: ScannerId, now: Timestamp) -> bool {
        let mut scanners = self.lock();
        let allowance = scanners.allowance(scanner, now);
        let latest = now + EARNED_EVERY * BURST;
        if allowance.full_at < now || allowance.full_at > latest {
            // The bucket is full, or the clock was set back.
            allowance.full_at = now;
        }
        let full_at = allowance.full_at + EARNED_EVERY;
        let is_within = full_at <= latest;
        if is_within {
            allowance.full_at = full_at;
        }
        is_within
    }

    /// Adds a refusal to those that are recorded together.
    pub(super) fn add(&self, event: EventId, record: RefusalsRecord) {
        self.lock().put(Summary { event, record });
    }

    /// Takes all summaries, unless the last ones were taken less than a second ago.
    pub(super) fn due(&self, now: Timestamp) -> Vec<Summary> {
        let mut scanners = self.lock();
        let is_early = (scanners.summarized_at)
            .is_some_and(|last| now.duration_since(last).abs() < SUMMARY_EVERY);
        match is_early {
            true => Vec::new(),
            false => scanners.take_summaries(now),
        }
    }

    pub(super) fn all(&self, now: Timestamp) -> Vec<Summary> {
        self.lock().take_summaries(now)
    }

    /// Puts back summaries that could not be recorded, so that they are due at once.
    pub(super) fn put_back(&self, summaries: Vec<Summary>) {
        let mut scanners = self.lock();
        scanners.summarized_at = None;
        for summary in summaries {
            scanners.put(summary);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Scanners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scanners {
    fn allowance(&mut self, scanner: ScannerId, now: Timestamp) -> &mut Allowance {
        self.by_id.entry(scanner).or_insert(Allowance {
            full_at: now,
            summary: None,
        })
    }

    fn put(&mut self, summary: Summary) {
        let allowance = self.allowance(summary.record.scanner, summary.record.at);
        match &mut allowance.summary {
            None => allowance.summary = Some(summary),
            Some(present) => {
                for (reason, count) in summary.record.by_reason {
                    *present.record.by_reason.entry(reason).or_default() += count;
                }
            }
        }
    }

    /// Takes all summaries, and drops scanners whose bucket is full again.
    fn take_summaries(&mut self, now: Timestamp) -> Vec<Summary> {
        self.summarized_at = Some(now);
        let taken = self.by_id.values_mut();
        let taken = taken.filter_map(|allowance| allowance.summary.take());
        let taken = taken.collect();
        self.by_id.retain(|_, allowance| allowance.full_at > now);
        taken
    }
}

impl Summary {
    /// Returns the write that records all of them.
    pub(super) fn write(&self, now: Timestamp) -> Write {
        let record = Record::Refusals(RefusalsRecord {
            id: CheckInId::new(now),
            at: now,
            ..self.record.clone()
        });
        RECORDS.append(self.event, &record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(1_765_778_400_000 + millisecond).unwrap()
    }

    fn taken(bound: &RefusalBound, scanner: ScannerId, now: Timestamp, times: usize) -> usize {
        (0..times).filter(|_| bound.take(scanner, now)).count()
    }

    #[test]
    fn a_burst_is_recorded_one_by_one_and_then_fifty_a_second() {
        let (bound, scanner) = (RefusalBound::default(), ScannerId::new(at(0)));
        assert_eq!(taken(&bound, scanner, at(0), 600), 500);
        assert_eq!(taken(&bound, scanner, at(19), 600), 0);
        assert_eq!(taken(&bound, scanner, at(20), 600), 1);
        assert_eq!(taken(&bound, scanner, at(1_020), 600), 50);
        assert_eq!(taken(&bound, scanner, at(60_000), 600), 500);
    }

    #[test]
    fn one_scanner_takes_nothing_from_another() {
        let bound = RefusalBound::default();
        let (first, second) = (ScannerId::new(at(0)), ScannerId::new(at(0)));
        assert_eq!(taken(&bound, first, at(0), 600), 500);
        assert_eq!(taken(&bound, second, at(0), 600), 500);
    }

    #[test]
    fn a_clock_that_is_set_back_holds_nobody_up() {
        let (bound, scanner) = (RefusalBound::default(), ScannerId::new(at(0)));
        assert_eq!(taken(&bound, scanner, at(3_600_000), 600), 500);
        assert_eq!(taken(&bound, scanner, at(0), 600), 500);
    }

    #[test]
    fn a_scanner_is_forgotten_once_its_bucket_is_full_again() {
        let (bound, scanner) = (RefusalBound::default(), ScannerId::new(at(0)));
        taken(&bound, scanner, at(0), 1);
        assert!(bound.due(at(10)).is_empty());
        assert_eq!(bound.lock().by_id.len(), 1);
        assert!(bound.due(at(2_000)).is_empty());
        assert_eq!(bound.lock().by_id.len(), 0);
    }
}
