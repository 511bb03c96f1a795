//! Counts decided scans by outcome since the start: for monitoring only, no decision depends on it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use gatewit_domain::scan::{Contract, Verdict};

/// The code of a refusal.
type Reason = Cow<'static, str>;

/// Counts of scans. The lock is held for an addition, never across an await.
#[derive(Default)]
pub(super) struct ScanCounters(Mutex<BTreeMap<(Contract, Option<Reason>), u64>>);

/// The number of scans of one contract with one outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanCount {
    /// The contract over which they were sent.
    pub contract: Contract,
    /// The code of the refusal; None if admitted.
    pub reason: Option<Cow<'static, str>>,
    /// How many there were.
    pub count: u64,
}

impl ScanCounters {
    /// Counts a scan whose decision is on disk.
    pub(super) fn count(&self, contract: Contract, verdict: &Verdict) {
        let reason = match verdict {
            Verdict::Admitted { .. } => None,
            Verdict::Refused(refusal) => Some(refusal.code().into()),
        };
        self.add(contract, reason, 1);
    }

    pub(super) fn add(&self, contract: Contract, reason: Option<Reason>, count: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((contract, reason)).or_default() += count;
    }

    /// Returns the number of scans by outcome.
    pub(super) fn all(&self) -> Vec<ScanCount> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts.iter().map(|((contract, reason), count)| ScanCount {
            contract: *contract,
            reason: reason.clone(),
            count: *count,
        });
        counts.collect()
    }
}
