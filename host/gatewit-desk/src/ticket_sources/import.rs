//! Imports tickets of sources into events: an event gets all tickets of its attached sources, and each sync adds the
//! changes. `gatewit-api.md` §3, §4.
//!
//! An event reads a source's log row by row and uses only the latest row of each ticket. An unchanged ticket costs a
//! read and no write, so reading everything again after a crash does nothing twice.

use std::sync::Arc;

use gatewit_domain::attendees::SourceSet;
use gatewit_domain::id::EventId;
use gatewit_domain::source::LogPosition;

use super::TicketSources;
use crate::changes::{Changes, retry};
use crate::error::DeskError;
use crate::live_sources::{ImportState, LiveSource};
use crate::tables::{EVENT_DELETIONS, EventSource, IMPORT_PROGRESS, ImportProgress};
use crate::turns::let_others_run;

mod batch;
mod log;
mod looked_up;
mod source_import;
mod update;

pub(crate) use looked_up::Wanted;

use source_import::SourceImport;

/// The version of the import. Raise it when more of a source's ticket is stored: every event then rereads its sources.
const READING: u32 = 2;

impl TicketSources {
    /// Imports the tickets of all its sources into an event. A failure is logged, shown among the event's warnings, and
    /// retried by the next sync.
    pub async fn import_attached(&self, id: EventId) {
        let Ok(live) = self.events.live(id) else {
            return;
        };
        for name in &live.event.ticket_sources {
            if let Some(source) = self.sources.get(name)
                && let Err(error) = self.import(&source, id).await
            {
                tracing::warn!(
                    source.name = %name, event.id = %id,
                    "the tickets of source {name} cannot be taken into event {id}; the next sync tries again: {error}"
                );
            }
        }
    }

    /// Imports into every event the tickets of its sources, because an event declared at the start may lack some.
    pub async fn import_all(&self) {
        for live in self.events.all() {
            self.import_attached(live.event.id).await;
            let_others_run().await;
        }
    }

    /// Imports what is new in a source into every event that has it. Tries all of them, then returns the last error, if
    /// any.
    pub(super) async fn import_everywhere(&self, source: &LiveSource) -> Result<(), DeskError> {
        let mut outcome = Ok(());
        for live in self.events.all() {
            if live.event.ticket_sources.contains(&source.name)
                && let Err(error) = self.import(source, live.event.id).await
            {
                outcome = Err(error);
            }
        }
        outcome
    }

    async fn import(&self, source: &LiveSource, event: EventId) -> Result<(), DeskError> {
        let outcome = match self.left_to_import(source, event).await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => {
                source.note_import(event, Some(ImportState::Running));
                self.import_rest(source, event).await
            }
            Err(error) => Err(error),
        };
        if self.events.find(event).is_none() {
            // It was deleted meanwhile, and lacks nothing.
            source.note_import(event, None);
            return Ok(());
        }
        let failed = outcome.as_ref().err();
        source.note_import(event, failed.map(|_| ImportState::Failed));
        outcome
    }

    /// Returns the source's served tickets and how far an event has imported them; None if it has all of them.
    async fn left_to_import(
        &self,
        source: &LiveSource,
        event: EventId,
    ) -> Result<Option<(Arc<SourceSet>, Option<LogPosition>)>, DeskError> {
        let Some(set) = source.set().filter(|_| !source.is_retired()) else {
            return Ok(None);
        };
        let key = EventSource(event, source.name.clone());
        let progress = IMPORT_PROGRESS.get(self.ports.store(), &key).await?;
        let progress = progress.filter(|stored| stored.value.reading == READING);
        let progress = progress.map(|stored| stored.value.up_to);
        Ok((progress != Some(set.end())).then_some((set, progress)))
    }

    async fn import_rest(&self, source: &LiveSource, event: EventId) -> Result<(), DeskError> {
        // One import at a time, each from what is served when its turn comes, so an older state never replaces a newer.
        let _importing = source.importing.lock().await;
        let import = self.import_of(source, event);
        retry(|| self.try_import(&import)).await
    }

    /// Imports what is served now; None if its log was deleted meanwhile.
    async fn try_import(&self, import: &SourceImport<'_>) -> Result<Option<()>, DeskError> {
        let (source, event) = (import.source, import.event);
        self.events.live(event)?;
        let Some((set, progress)) = self.left_to_import(source, event).await? else {
            return Ok(Some(()));
        };
        let imported = progress.filter(|progress| progress.log == set.end().log);
        if !import.import_rows(&set, imported).await? {
            return Ok(None);
        }
        let key = EventSource(event, source.name.clone());
        let progress = ImportProgress {
            up_to: set.end(),
            reading: READING,
        };
        let progress = Changes {
            guards: vec![EVENT_DELETIONS.absent(&event)],
            writes: vec![IMPORT_PROGRESS.put(&key, &progress)],
        };
        let is_done = progress.commit(self.ports.store()).await?;
        Ok(is_done.then_some(()))
    }

    fn import_of<'a>(&'a self, source: &'a LiveSource, event: EventId) -> SourceImport<'a> {
        SourceImport {
            ports: &self.ports,
            events: &self.events,
            tickets: &self.tickets,
            source,
            event,
        }
    }
}
