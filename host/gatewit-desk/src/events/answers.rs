//! Keeps the answers of strategies that records name, and gives them back to the strategies after a restart.

use std::sync::Arc;

use gatewit_domain::window::{Holder, WindowsAnswer};

use super::Events;
use crate::error::DeskError;
use crate::limits::PAGE;
use crate::live_events::LiveEvent;
use crate::tables::{EventWindows, StoredWindows, WINDOWS};
use crate::turns::Turns;

impl Events {
    /// Stores an answer, unless it is in the store.
    pub(super) async fn keep_answer(
        &self,
        live: &LiveEvent,
        holder: &Holder,
        answer: &WindowsAnswer,
    ) -> Result<(), DeskError> {
        let kept = (live.event.id, answer.digest);
        if self.answers.has(kept) {
            return Ok(());
        }
        let stored = StoredWindows {
            rule: live.rule.digest_in_store(),
            holder: holder.clone(),
            plugins: vec![answer.plugin.clone()],
            windows: answer.windows.clone(),
            at: self.ports.now(),
        };
        let writes = vec![WINDOWS.put(&EventWindows(kept.0, kept.1), &stored)];
        self.ports.store().commit(Vec::new(), writes).await?;
        self.answers.add(kept);
        Ok(())
    }

    /// Gives the stored answers back to their strategies, as the last good ones: the latest for each question.
    pub(super) async fn restore_answers(&self) -> Result<(), DeskError> {
        let mut turns = Turns::default();
        for live in self.all() {
            let mut stored = Vec::new();
            let prefix = format!("{}/", live.event.id);
            let mut pages = WINDOWS.pages(self.ports.store(), &prefix, PAGE);
            while let Some(page) = pages.next().await? {
                turns.step().await;
                stored.extend(page.into_iter().map(|row| row.value));
            }
            stored.sort_by_key(|stored| stored.at);
            for stored in stored {
                self.restore_answer(&live, stored);
            }
        }
        Ok(())
    }

    fn restore_answer(&self, live: &LiveEvent, stored: StoredWindows) {
        // An answer to a former rule of the event is of no use to its present one.
        let plugin = stored.plugins.into_iter().next();
        let Some(plugin) = plugin.filter(|_| stored.rule == live.rule.digest_in_store()) else {
            return;
        };
        let answer = WindowsAnswer::new(live.rule.digest(), &stored.holder, stored.windows, plugin);
        self.answers.add((live.event.id, answer.digest));
        let strategies = &self.ports.strategies;
        strategies.restore(&live.rule, &stored.holder, Arc::new(answer));
    }
}
