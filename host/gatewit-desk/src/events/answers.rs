//! Keeps the answers of strategies that records name, and gives them back to the strategies after a restart.

use std::sync::Arc;

use gatewit_domain::window::{Holder, WindowsAnswer};

use super::Events;
use crate::changes::Changes;
use crate::error::DeskError;
use crate::limits::PAGE;
use crate::live_events::LiveEvent;
use crate::tables::{EVENT_DELETIONS, EventWindows, StoredWindows, WINDOWS, of_event};
use crate::turns::Turns;

impl Events {
    /// Stores an answer, unless it is the one that was stored last for this holder. One that comes back into use is stored
    /// again with a new time, so that it is the last good one after a restart.
    pub(super) async fn keep_answer(
        &self,
        live: &LiveEvent,
        holder: &Holder,
        answer: &WindowsAnswer,
    ) -> Result<(), DeskError> {
        let event = live.event.id;
        if self.answers.is_last(event, holder, answer.digest) {
            return Ok(());
        }
        let stored = StoredWindows {
            rule: live.rule.digest_in_store(),
            holder: holder.clone(),
            plugins: vec![answer.plugin.clone()],
            windows: answer.windows.clone(),
            at: self.ports.now(),
        };
        let keeping = Changes {
            guards: vec![EVENT_DELETIONS.absent(&event)],
            writes: vec![WINDOWS.put(&EventWindows(event, answer.digest), &stored)],
        };
        if !keeping.commit(self.ports.store()).await? {
            return Err(DeskError::not_found("event", event));
        }
        self.answers.note(event, stored.holder, answer.digest);
        Ok(())
    }

    /// Gives the stored answers back to their strategies, as the last good ones: for each question the one that
    /// came into use last.
    pub(super) async fn restore_answers(&self) -> Result<(), DeskError> {
        let mut turns = Turns::default();
        for live in self.all() {
            let rule = live.rule.digest_in_store();
            let mut stored = Vec::new();
            let mut pages = WINDOWS.pages(self.ports.store(), &of_event(live.event.id), PAGE);
            while let Some(page) = pages.next().await? {
                turns.step().await;
                // An answer to a former rule of the event is of no use to its present one.
                let present = page.into_iter().filter(|row| row.value.rule == rule);
                stored.extend(present.map(|row| row.value));
            }
            stored.sort_by_key(|stored| stored.at);
            for stored in stored {
                self.restore_answer(&live, stored);
            }
        }
        Ok(())
    }

    fn restore_answer(&self, live: &LiveEvent, stored: StoredWindows) {
        let Some(plugin) = stored.plugins.into_iter().next() else {
            return;
        };
        let answer = WindowsAnswer::new(live.rule.digest(), &stored.holder, stored.windows, plugin);
        let (holder, digest) = (stored.holder, answer.digest);
        let strategies = &self.ports.strategies;
        strategies.restore(&live.rule, &holder, Arc::new(answer));
        self.answers.note(live.event.id, holder, digest);
    }
}
