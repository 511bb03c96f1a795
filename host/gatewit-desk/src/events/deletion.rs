//! Deletes an event at once for everybody, by one commit. Its rows go afterwards, in `deleted_events`.
//! `gatewit-api.md` §3.

use std::sync::{Arc, PoisonError};

use gatewit_domain::event::EventChange;
use gatewit_domain::id::EventId;
use gatewit_domain::problem::{EventCode, Problem};

use super::declared::declared_slug;
use super::{Events, check_manager};
use crate::caller::Caller;
use crate::changes::{Changes, retry};
use crate::error::DeskError;
use crate::live_events::{LiveEvent, slug_of};
use crate::tables::{EVENT_DELETIONS, EVENT_MARKS, EVENTS, EventDeletion, SLUGS};

impl Events {
    /// Deletes an event, if `confirm` is its slug. From then on it does not exist for anybody, and its slug is free; its id
    /// is never used again.
    pub async fn delete(
        &self,
        caller: &Caller,
        id: EventId,
        confirm: Option<&str>,
    ) -> Result<Arc<LiveEvent>, DeskError> {
        let deleted = retry(|| self.try_delete(caller, id, confirm)).await?;
        let slug = &deleted.event.slug;
        tracing::warn!(event.id = %id, event.slug = %slug, "event {id} ({slug:?}) is deleted");
        Ok(deleted)
    }

    async fn try_delete(
        &self,
        caller: &Caller,
        id: EventId,
        confirm: Option<&str>,
    ) -> Result<Option<Arc<LiveEvent>>, DeskError> {
        let live = self.known(id)?;
        check_manager(caller, &live.event)?;
        let stored = EVENTS.get(self.ports.store(), &id).await?;
        let stored = stored.ok_or_else(|| DeskError::not_found("event", id))?;
        let event = &stored.value;
        self.check_undeclared(&slug_of(event))?;
        if confirm != Some(&*event.slug) {
            let words = format!(
                "confirm: to delete the event with its tickets, scanners and scans for good, give its slug, \
                 \"{}\"",
                event.slug
            );
            return Err(DeskError::unacceptable(EventCode::NotConfirmed, words));
        }
        let deletion = EventDeletion {
            org_id: event.org_id.clone(),
            at: self.ports.now(),
            is_done: false,
        };
        let deleting = Changes {
            guards: vec![stored.unchanged()],
            writes: vec![
                EVENTS.delete(&id),
                SLUGS.delete(&slug_of(event)),
                EVENT_MARKS.delete(&id),
                EVENT_DELETIONS.insert(&id, &deletion),
            ],
        };
        if !deleting.commit(self.ports.store()).await? {
            return Ok(None);
        }
        self.live.remove(id);
        self.rejections.forget(event);
        self.answers.forget(id);
        for source in self.sources.all() {
            source.note_import(id, None);
        }
        Ok(Some(live))
    }

    /// Notes which events the configuration declares: none of them can be deleted.
    pub fn note_declared<'c>(&self, changes: impl IntoIterator<Item = &'c EventChange>) {
        let keys = changes.into_iter().map(declared_slug).collect();
        *self.declared.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    fn check_undeclared(&self, slug: &str) -> Result<(), DeskError> {
        let declared = self.declared.lock().unwrap_or_else(PoisonError::into_inner);
        match declared.contains(slug) {
            false => Ok(()),
            true => Err(DeskError::Conflict(Problem::new(
                EventCode::Declared,
                "event_config.yml declares this event: take it out of the file first",
            ))),
        }
    }
}
