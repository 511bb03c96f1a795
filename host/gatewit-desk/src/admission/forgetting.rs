//! Deletes answers stored for repeated requests once they are too old to be repeated.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::is_forgotten;
use crate::error::DeskError;
use crate::tables::{CallerKey, DESK_REQUESTS, IDEMPOTENCY, ISSUE_REQUESTS, Table};
use crate::turns::let_others_run;
use crate::{Desk, PAGE};
use gatewit_domain::ports::Write;

impl Desk {
    /// Deletes answers that are too old to be repeated.
    pub async fn forget_old_answers(&self) -> Result<(), DeskError> {
        self.forget_old(&IDEMPOTENCY, |remembered| remembered.outcome.at)
            .await?;
        self.forget_old(&DESK_REQUESTS, |request| request.at)
            .await?;
        self.forget_old(&ISSUE_REQUESTS, |request| request.at).await
    }

    async fn forget_old<V: Serialize + DeserializeOwned>(
        &self,
        table: &Table<V, CallerKey>,
        at: impl Fn(&V) -> Timestamp,
    ) -> Result<(), DeskError> {
        let mut after = None;
        loop {
            let page = table.page(self.store(), "", after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.key.clone());
            let now = self.now();
            let old = page
                .iter()
                .filter(|stored| is_forgotten(at(&stored.value), now));
            let (guards, writes): (Vec<_>, Vec<_>) = old
                .map(|stored| (stored.unchanged(), Write::Delete(stored.key.clone())))
                .unzip();
            if !writes.is_empty() {
                // If a key was reused meanwhile, its page is left until the next run.
                self.store().commit(guards, writes).await?;
            }
            let_others_run().await;
        }
    }
}
