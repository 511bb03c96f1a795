//! What the records of an event add up to: entries, repeated answers, the places of records, and how much each scanner
//! has scanned. Pure.
//!
//! No other code writes these tables. A store computes them with each record, and again from all records when it opens.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use gatewit_decision::DayId;
use gatewit_domain::id::{CheckInId, EventId, ScannerId, TicketId};
use gatewit_domain::ports::{Appended, Derivation, Key, StoreLayout, Write};
use gatewit_domain::record::{Record, RecordedBy, RefusalsRecord, ScanRecord, UndoRecord};
use gatewit_domain::scan::IdempotencyKey;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::idempotency::{caller, is_forgotten};
use crate::tables::{
    Binary, CHECK_INS, CheckInPlace, Codec, DERIVED, ENTRIES, EventScanner, EventTicket, KeyText,
    RECORDS, REPEATS, RESIDENT, SCANNER_SCANS, ScanKey, ScannerScans, TICKET_ENTRIES, Table,
    TicketEntries, TicketEntry,
};

/// The tables that a store of the desk treats in a special way. Answers that cannot be repeated any more at `now` are
/// left out when the store opens.
pub fn store_layout(now: Timestamp) -> StoreLayout {
    StoreLayout {
        appended: RECORDS.name(),
        resident: RESIDENT,
        derivation: Arc::new(Derived { opened_at: now }),
    }
}

struct Derived {
    opened_at: Timestamp,
}

impl Derivation for Derived {
    fn tables(&self) -> &'static [&'static str] {
        DERIVED
    }

    fn derive(
        &self,
        appended: &Appended<'_>,
        before: &dyn Fn(&Key) -> Option<Bytes>,
    ) -> Result<Vec<Write>, Box<dyn Error + Send + Sync>> {
        let mut rows = Rows {
            event: RECORDS.event_of(appended.prefix)?,
            sequence: appended.sequence,
            before,
            writes: Vec::with_capacity(5),
        };
        match Binary::decode(appended.value)? {
            Record::Scan(scan) => rows.add_scan(&scan, self.opened_at)?,
            Record::Refusals(refusals) => rows.add_refusals(&refusals)?,
            Record::Undo(undo) => rows.add_undo(&undo)?,
        }
        Ok(rows.writes)
    }
}

/// The rows that one record changes.
struct Rows<'a> {
    event: EventId,
    sequence: u64,
    before: &'a dyn Fn(&Key) -> Option<Bytes>,
    writes: Vec<Write>,
}

type Changed = Result<(), Box<dyn Error + Send + Sync>>;

impl Rows<'_> {
    fn add_scan(&mut self, scan: &ScanRecord, opened_at: Timestamp) -> Changed {
        self.place(scan.id, None);
        let is_admitted = scan.refusal().is_none();
        if let (Some(ticket), Some(entry)) = (scan.ticket(), scan.entry(self.sequence)) {
            let key = TicketEntry(self.event, ticket.id, self.sequence);
            self.writes.push(ENTRIES.put(&key, &entry));
            self.count_entry(ticket.id, entry.day, 1)?;
        }
        if let Some(scanner) = scan.by.scanner() {
            let (admitted, refused) = (u64::from(is_admitted), u64::from(!is_admitted));
            self.count_scans(scanner, admitted, refused, scan.at)?;
        }
        if let Some(repeat) = &scan.repeat
            && !is_forgotten(scan.at, opened_at)
        {
            let key = self.repeat_key(&scan.by, &repeat.key);
            self.writes.push(REPEATS.put(&key, &self.sequence));
        }
        Ok(())
    }

    fn add_refusals(&mut self, refusals: &RefusalsRecord) -> Changed {
        self.place(refusals.id, None);
        let count = refusals.by_reason.values().sum();
        self.count_scans(refusals.scanner, 0, count, refusals.at)
    }

    fn add_undo(&mut self, undo: &UndoRecord) -> Changed {
        self.place(undo.id, None);
        let undone = CheckInPlace {
            event: self.event,
            sequence: undo.sequence,
            undone_by: Some(self.sequence),
        };
        self.writes.push(CHECK_INS.put(&undo.undoes, &undone));
        let entry = TicketEntry(self.event, undo.ticket, undo.sequence);
        if (self.before)(&ENTRIES.key(&entry)).is_some() {
            self.writes.push(ENTRIES.delete(&entry));
            self.count_entry(undo.ticket, undo.day, -1)?;
        }
        if let Some((by, key)) = &undo.repeat {
            let key = self.repeat_key(by, key);
            // The key may have been used again for another scan since.
            if self.read(&REPEATS, &key)? == Some(undo.sequence) {
                self.writes.push(REPEATS.delete(&key));
            }
        }
        Ok(())
    }

    fn place(&mut self, id: CheckInId, undone_by: Option<u64>) {
        let place = CheckInPlace {
            event: self.event,
            sequence: self.sequence,
            undone_by,
        };
        self.writes.push(CHECK_INS.put(&id, &place));
    }

    fn count_entry(&mut self, ticket: TicketId, day: DayId, change: i32) -> Changed {
        let key = EventTicket(self.event, ticket);
        let mut entries: TicketEntries = self.read(&TICKET_ENTRIES, &key)?.unwrap_or_default();
        entries.changed = self.sequence;
        entries.count(day, change);
        self.writes.push(TICKET_ENTRIES.put(&key, &entries));
        Ok(())
    }

    fn count_scans(
        &mut self,
        scanner: ScannerId,
        admitted: u64,
        refused: u64,
        at: Timestamp,
    ) -> Changed {
        let key = EventScanner(self.event, scanner);
        let before: Option<ScannerScans> = self.read(&SCANNER_SCANS, &key)?;
        let scans = ScannerScans {
            admitted: admitted + before.as_ref().map_or(0, |before| before.admitted),
            refused: refused + before.as_ref().map_or(0, |before| before.refused),
            last_at: before.map_or(at, |before| before.last_at.max(at)),
        };
        self.writes.push(SCANNER_SCANS.put(&key, &scans));
        Ok(())
    }

    fn repeat_key(&self, by: &RecordedBy, key: &IdempotencyKey) -> ScanKey {
        ScanKey(self.event, caller(by), key.clone())
    }

    fn read<V: Serialize + DeserializeOwned, K: KeyText>(
        &self,
        table: &Table<V, K, Binary>,
        key: &K,
    ) -> Result<Option<V>, Box<dyn Error + Send + Sync>> {
        let bytes = (self.before)(&table.key(key));
        Ok(bytes.map(|bytes| Binary::decode(&bytes)).transpose()?)
    }
}
