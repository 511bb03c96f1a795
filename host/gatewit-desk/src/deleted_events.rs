//! Deletes the rows of deleted events, piece by piece, so that no scan of another event waits for all of them. If the
//! server ends meanwhile, the deletion goes on at the next start.
//!
//! The row of the deletion itself stays: it keeps requests that are still under way from writing more.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gatewit_domain::id::EventId;
use gatewit_domain::ports::{Appended, Key, Store, Write};
use gatewit_domain::scanner::Scanner;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::changes::Changes;
use crate::error::DeskError;
use crate::limits::{AT_ONCE, PAGE};
use crate::ports::Ports;
use crate::tables::{
    CHECK_INS, DESK_REQUESTS, DEVICES, Device, EVENT_DELETIONS, EventDeletion, HAD_SCANNERS,
    ISSUE_REQUESTS, KeyText, OF_EVENT, RECORDS, REGISTRATION_TOKENS, SCANNER_EVENTS, SCANNERS,
    Stored, TICKET_EVENTS, TICKETS, Table, of_event,
};
use crate::turns::let_others_run;

/// How many rows of a table are deleted in one commit.
const ROWS_AT_ONCE: usize = 256;

/// The deleted events that still have rows.
pub(super) struct DeletedEvents {
    ports: Arc<Ports>,
    // A std mutex: held for a copy or an insertion, never across an await.
    left: Mutex<BTreeSet<EventId>>,
}

impl DeletedEvents {
    /// Reads which deletions are not done; returns the ids of all deleted events as well.
    pub async fn open(ports: &Arc<Ports>) -> Result<(Self, HashSet<EventId>), DeskError> {
        let (mut left, mut deleted) = (BTreeSet::new(), HashSet::new());
        let mut pages = EVENT_DELETIONS.pages(ports.store(), "", PAGE);
        while let Some(page) = pages.next().await? {
            for row in page {
                let event = row.name().parse().map_err(unreadable)?;
                deleted.insert(event);
                if !row.value.is_done {
                    left.insert(event);
                }
            }
        }
        let opened = Self {
            ports: Arc::clone(ports),
            left: Mutex::new(left),
        };
        Ok((opened, deleted))
    }

    /// Adds an event that was just deleted.
    pub fn add(&self, event: EventId) {
        self.left().insert(event);
    }

    /// Deletes all rows of all of them.
    pub async fn delete_rows(&self) -> Result<(), DeskError> {
        let left: Vec<_> = self.left().iter().copied().collect();
        for event in left {
            if let Some(deletion) = EVENT_DELETIONS.get(self.store(), &event).await? {
                self.finish(event, deletion.value).await?;
            }
            self.left().remove(&event);
        }
        Ok(())
    }

    async fn finish(&self, event: EventId, deletion: EventDeletion) -> Result<(), DeskError> {
        let rows = self.delete_all(event, &deletion).await?;
        let done = EventDeletion {
            is_done: true,
            ..deletion
        };
        let writes = vec![EVENT_DELETIONS.put(&event, &done)];
        self.store().commit(Vec::new(), writes).await?;
        tracing::info!(event.id = %event, rows, "all {rows} rows of the deleted event {event} are gone");
        Ok(())
    }

    /// Goes through all tables; returns how many rows it deleted. Whatever changes a row of a ticket or a scanner guards
    /// that row, so these go first.
    async fn delete_all(
        &self,
        event: EventId,
        deletion: &EventDeletion,
    ) -> Result<usize, DeskError> {
        let mut rows = self.delete_tickets(event).await?;
        rows += self.delete_records(event).await?;
        rows += self.delete_scanners(event, &deletion.org_id).await?;
        rows += self
            .delete_where(&REGISTRATION_TOKENS, |token| token.event_id == event)
            .await?;
        rows += self
            .delete_where(&DESK_REQUESTS, |request| request.event_id == event)
            .await?;
        rows += self
            .delete_where(&ISSUE_REQUESTS, |request| request.event_id == event)
            .await?;
        for table in OF_EVENT {
            rows += self.delete_table(table, event).await?;
        }
        if HAD_SCANNERS.get(self.store(), &event).await?.is_some() {
            let writes = vec![HAD_SCANNERS.delete(&event)];
            self.store().commit(Vec::new(), writes).await?;
            rows += 1;
        }
        Ok(rows)
    }

    /// Deletes the rows whose keys begin with the event.
    async fn delete_table(&self, table: &str, event: EventId) -> Result<usize, DeskError> {
        let prefix = Key::new([table, "/", &of_event(event)].concat());
        let mut deleted = 0;
        loop {
            let rows = self.store().scan(&prefix, None, ROWS_AT_ONCE).await?;
            if rows.is_empty() {
                return Ok(deleted);
            }
            deleted += rows.len();
            let writes = rows.into_iter().map(|(key, _)| Write::Delete(key));
            self.store().commit(Vec::new(), writes.collect()).await?;
            let_others_run().await;
        }
    }

    async fn delete_tickets(&self, event: EventId) -> Result<usize, DeskError> {
        let mut deleted = 0;
        loop {
            let prefix = of_event(event);
            let tickets = TICKETS.page(self.store(), &prefix, None, AT_ONCE).await?;
            if tickets.is_empty() {
                return Ok(deleted);
            }
            deleted += tickets.len();
            let writes = tickets.into_iter().flat_map(|stored| {
                let listed = TICKET_EVENTS.delete(&stored.value.id);
                [listed, Write::Delete(stored.key)]
            });
            self.store().commit(Vec::new(), writes.collect()).await?;
            let_others_run().await;
        }
    }

    /// Deletes the records, the last ones first: a sequence has no gaps. What derives from them by the event goes with
    /// the tables of the event.
    async fn delete_records(&self, event: EventId) -> Result<usize, DeskError> {
        let prefix = RECORDS.prefix(event);
        let mut last = self.last_record(&prefix).await?;
        let deleted = usize::try_from(last).unwrap_or(usize::MAX);
        while last > 0 {
            let first = last.saturating_sub(ROWS_AT_ONCE as u64) + 1;
            let numbers = (first..=last).rev();
            let keys: Vec<_> = numbers
                .map(|number| Appended::key(&prefix, number))
                .collect();
            let records = self.store().get_many(&keys).await?;
            let mut writes = Vec::with_capacity(2 * keys.len());
            for (key, bytes) in keys.into_iter().zip(records) {
                // Nothing derives from a record that cannot be read.
                let record = bytes.and_then(|bytes| RECORDS.decode(&key, &bytes).ok());
                writes.extend(record.map(|record| CHECK_INS.delete(&record.id())));
                writes.push(Write::Delete(key));
            }
            self.store().commit(Vec::new(), writes).await?;
            last = first - 1;
            let_others_run().await;
        }
        Ok(deleted)
    }

    /// Returns the number of the last record of a sequence; 0 if it has none.
    async fn last_record(&self, prefix: &Key) -> Result<u64, DeskError> {
        let mut last = None;
        loop {
            let rows = self
                .store()
                .scan(prefix, last.as_ref(), ROWS_AT_ONCE)
                .await?;
            match rows.into_iter().last() {
                Some((key, _)) => last = Some(key),
                None => break,
            }
            let_others_run().await;
        }
        let number = last.as_ref().and_then(Appended::parse);
        Ok(number.map_or(0, |(_, number)| number))
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

    /// Deletes the rows of a table whose keys do not name the event.
    async fn delete_where<V: Serialize + DeserializeOwned, K: KeyText>(
        &self,
        table: &Table<V, K>,
        is_own: impl Fn(&V) -> bool,
    ) -> Result<usize, DeskError> {
        let mut deleted = 0;
        let mut pages = table.pages(self.store(), "", ROWS_AT_ONCE);
        while let Some(rows) = pages.next().await? {
            let own = rows.into_iter().filter(|row| is_own(&row.value));
            let writes: Vec<_> = own.map(|row| Write::Delete(row.key)).collect();
            if !writes.is_empty() {
                deleted += writes.len();
                self.store().commit(Vec::new(), writes).await?;
            }
            let_others_run().await;
        }
        Ok(deleted)
    }

    fn store(&self) -> &dyn Store {
        self.ports.store()
    }

    fn left(&self) -> MutexGuard<'_, BTreeSet<EventId>> {
        // No holder of the lock can panic.
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unreadable(source: uuid::Error) -> DeskError {
    DeskError::Fault {
        action: "read which events are deleted".to_owned(),
        source: Box::new(source),
    }
}
