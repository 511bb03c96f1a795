//! Records the refusals beyond the bounds of their scanners. `gatewit-api.md` §5.

use jiff::Timestamp;

use super::Admissions;
use super::refusal_bound::Summary;
use crate::error::DeskError;

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
        summaries: Vec<Summary>,
        now: Timestamp,
    ) -> Result<(), DeskError> {
        if summaries.is_empty() {
            return Ok(());
        }
        let writes = summaries.iter().map(|summary| summary.write(now));
        if let Err(error) = self
            .ports
            .store()
            .commit(Vec::new(), writes.collect())
            .await
        {
            self.refusals.put_back(summaries);
            return Err(error.into());
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
