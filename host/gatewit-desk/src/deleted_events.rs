//! Deletes the rows of deleted events, piece by piece, so that no scan of another event waits for all of them. If the
//! server ends meanwhile, the deletion goes on at the next start.
//!
//! The row of the deletion itself stays: it keeps requests that are still under way from writing more.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use gatewit_domain::id::EventId;
use gatewit_domain::ports::{Key, Store, Write};
use gatewit_domain::scanner::Scanner;

use crate::changes::{Changes, delete_where};
use crate::error::DeskError;
use crate::limits::{AT_ONCE, PAGE};
use crate::ports::Ports;
use crate::tables::{
    CHECK_INS, DESK_REQUESTS, DEVICES, Device, EVENT_DELETIONS, EventDeletion, HAD_SCANNERS,
    ISSUE_REQUESTS, OF_EVENT, RECORDS, REGISTRATION_TOKENS, SCANNER_EVENTS, SCANNERS, Stored,
    TICKET_EVENTS, TICKETS, last_part, of_event,
};
use crate::turns::let_others_run;

/// How many rows of a table are deleted in one commit.
const ROWS_AT_ONCE: usize = 256;

/// The deleted events that still have rows.
pub(super) struct DeletedEvents {
    ports: Arc<Ports>,
    // A std mutex: held for a copy or an insertion, never across an await.
    unfinished: Mutex<BTreeSet<EventId>>,
}

impl DeletedEvents {
    /// Reads which deletions are not done; returns the ids of all deleted events as well.
    pub async fn open(ports: &Arc<Ports>) -> Result<(Self, HashSet<EventId>), DeskError> {
        let (mut unfinished, mut deleted) = (BTreeSet::new(), HashSet::new());
        let mut pages = EVENT_DELETIONS.pages(ports.store(), "", PAGE);
        while let Some(page) = pages.next().await? {
            for row in page {
                let event = row.name().parse().map_err(unreadable)?;
                deleted.insert(event);
                if !row.value.is_done {
                    unfinished.insert(event);
                }
            }
        }
        let opened = Self {
            ports: Arc::clone(ports),
            unfinished: Mutex::new(unfinished),
        };
        Ok((opened, deleted))
    }

    /// Adds an event that was just deleted.
    pub fn add(&self, event: EventId) {
        self.unfinished().insert(event);
    }

    /// Deletes all rows of all of them; returns the events of which nothing is left. One that fails holds up no other.
    pub async fn delete_rows(&self) -> Vec<EventId> {
        let unfinished: Vec<_> = self.unfinished().iter().copied().collect();
        let mut finished = Vec::new();
        for event in unfinished {
            match self.finish(event).await {
                Ok(()) => {
                    self.unfinished().remove(&event);
                    finished.push(event);
                }
                Err(error) => tracing::warn!(
                    event.id = %event,
                    error = %error,
                    "cannot delete all rows of the deleted event {event}; will try again"
                ),
            }
        }
        finished
    }

    async fn finish(&self, event: EventId) -> Result<(), DeskError> {
        let Some(deletion) = EVENT_DELETIONS.get(self.store(), &event).await? else {
            return Ok(());
        };
        let deletion = deletion.value;
        let rows = self.delete_all(event, &deletion.org_id).await?;
        let done = EventDeletion {
            is_done: true,
            ..deletion
        };
        let writes = vec![EVENT_DELETIONS.put(&event, &done)];
        self.store().commit(Vec::new(), writes).await?;
        tracing::info!(event.id = %event, rows, "all {rows} rows of the deleted event {event} are gone");
        Ok(())
    }

    /// Goes through all tables; returns how many rows it deleted. Whatever changes a ticket or a scanner guards its row and
    /// may write into other tables, so these rows go first.
    async fn delete_all(&self, event: EventId, org_id: &str) -> Result<usize, DeskError> {
        let store = self.store();
        let listed = |key: &Key| Some(TICKET_EVENTS.delete(&last_part(key).parse().ok()?));
        let mut rows = self.delete_table(TICKETS.name(), event, listed).await?;
        rows += self.delete_scanners(event, org_id).await?;
        rows += self.delete_records(event).await?;
        rows += delete_where(store, &REGISTRATION_TOKENS, |token| token.event_id == event).await?;
        rows += delete_where(store, &DESK_REQUESTS, |request| request.event_id == event).await?;
        rows += delete_where(store, &ISSUE_REQUESTS, |request| request.event_id == event).await?;
        for table in OF_EVENT {
            rows += self.delete_table(table, event, |_| None).await?;
        }
        let writes = vec![HAD_SCANNERS.delete(&event)];
        store.commit(Vec::new(), writes).await?;
        Ok(rows)
    }

    /// Deletes the event's rows of a table, each with the row that `beside` names.
    async fn delete_table(
        &self,
        table: &str,
        event: EventId,
        beside: impl Fn(&Key) -> Option<Write>,
    ) -> Result<usize, DeskError> {
        let prefix = Key::new([table, "/", &of_event(event)].concat());
        let mut deleted = 0;
        loop {
            let rows = self.store().scan(&prefix, None, ROWS_AT_ONCE).await?;
            if rows.is_empty() {
                return Ok(deleted);
            }
            deleted += rows.len();
            let writes = rows.into_iter().flat_map(|(key, _)| {
                let beside = beside(&key);
                beside.into_iter().chain([Write::Delete(key)])
            });
            self.store().commit(Vec::new(), writes.collect()).await?;
            let_others_run().await;
        }
    }

    /// Deletes the records, the last ones first, since a sequence has no gaps. What derives from them goes with the tables of
    /// the event, but for the places of records, whose keys do not begin with it.
    async fn delete_records(&self, event: EventId) -> Result<usize, DeskError> {
        let prefix = RECORDS.prefix(event);
        let mut starts = vec![None];
        while let Some((last, _)) = self.records(&prefix, starts.last()).await?.pop() {
            starts.push(Some(last));
            let_others_run().await;
        }
        let mut deleted = 0;
        while let Some(after) = starts.pop() {
            let rows = self.records(&prefix, Some(&after)).await?;
            deleted += rows.len();
            let writes = rows.into_iter().rev().flat_map(|(key, bytes)| {
                // Nothing derives from a record that cannot be read.
                let record = RECORDS.decode(&key, &bytes).ok();
                let place = record.map(|record| CHECK_INS.delete(&record.id()));
                place.into_iter().chain([Write::Delete(key)])
            });
            self.store().commit(Vec::new(), writes.collect()).await?;
            let_others_run().await;
        }
        Ok(deleted)
    }

    /// Reads a page of records, beginning after a key.
    async fn records(
        &self,
        prefix: &Key,
        after: Option<&Option<Key>>,
    ) -> Result<Vec<(Key, Bytes)>, DeskError> {
        let after = after.and_then(Option::as_ref);
        Ok(self.store().scan(prefix, after, ROWS_AT_ONCE).await?)
    }

    async fn delete_scanners(&self, event: EventId, org_id: &str) -> Result<usize, DeskError> {
        let mut deleted = 0;
        loop {
            let prefix = of_event(event);
            let scanners = SCANNERS.page(self.store(), &prefix, None, AT_ONCE).await?;
            if scanners.is_empty() {
                return Ok(deleted);
            }
            for scanner in scanners {
                // Registering the device at another event at this moment blocks it; the next page has it again.
                deleted += usize::from(self.delete_scanner(scanner, org_id).await?);
            }
            let_others_run().await;
        }
    }

    /// Deletes a scanner, and takes it off its device.
    async fn delete_scanner(
        &self,
        stored: Stored<Scanner>,
        org_id: &str,
    ) -> Result<bool, DeskError> {
        let scanner = stored.value;
        let mut changes = Changes {
            guards: Vec::new(),
            writes: vec![
                SCANNER_EVENTS.delete(&scanner.id),
                Write::Delete(stored.key),
            ],
        };
        let device = Device(org_id.to_owned(), scanner.device_fingerprint);
        if let Some(active) = DEVICES.get(self.store(), &device).await? {
            changes.guards.push(active.unchanged());
            let mut others = active.value;
            others.retain(|active| active.1 != scanner.id);
            changes.writes.push(match others.is_empty() {
                true => DEVICES.delete(&device),
                false => DEVICES.put(&device, &others),
            });
        }
        changes.commit(self.store()).await
    }

    fn store(&self) -> &dyn Store {
        self.ports.store()
    }

    fn unfinished(&self) -> MutexGuard<'_, BTreeSet<EventId>> {
        // No holder of the lock can panic.
        self.unfinished
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn unreadable(source: uuid::Error) -> DeskError {
    DeskError::Fault {
        action: "read which events are deleted".to_owned(),
        source: Box::new(source),
    }
}
