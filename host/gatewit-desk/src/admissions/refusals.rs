//! Records the refusals beyond the bounds of their scanners. `gatewit-api.md` §5.

use jiff::Timestamp;

use super::Admissions;
use super::refusal_bound::Summary;
use crate::changes::Changes;
use crate::error::DeskError;
use crate::tables::EVENT_DELETIONS;

impl Admissions {
    /// Records the refusals beyond their scanners' bounds, at most once a second.
    ///
    /// Call this several times a second, so that a crash loses at most the last second's count.
    pub async fn record_refusals(&self) -> Result<(), DeskError> {
        let now = self.ports.now();
        self.record_summaries(self.refusals.due(now), now).await
    }

    /// Records them even within the second: for the shutdown, when no request is in progress any longer.
    pub async fn record_last_refusals(&self) -> Result<(), DeskError> {
        let now = self.ports.now();
        self.record_summaries(self.refusals.all(now), now).await
    }

    async fn record_summaries(
        &self,
        mut summaries: Vec<Summary>,
        now: Timestamp,
    ) -> Result<(), DeskError> {
        // Nothing is recorded at an event that was deleted.
        summaries.retain(|summary| self.events.find(summary.event).is_some());
        if summaries.is_empty() {
            return Ok(());
        }
        let guards = (summaries.iter()).map(|summary| EVENT_DELETIONS.absent(&summary.event));
        let recording = Changes {
            guards: guards.collect(),
            writes: (summaries.iter())
                .map(|summary| summary.write(now))
                .collect(),
        };
        let recorded = recording.commit(self.ports.store()).await;
        if !matches!(recorded, Ok(true)) {
            self.refusals.put_back(summaries);
            return recorded.map(|_| ());
        }
        for Summary { record, .. } in summaries {
            for (reason, count) in record.by_reason {
                self.counters
                    .add(record.contract, Some(reason.into()), count);
            }
        }
        Ok(())
    }
}
