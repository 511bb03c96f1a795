//! The answer to a scan that is sent again: the one that its record gives. `gatewit-api.md` §5 "Repeats".

use gatewit_domain::digest::Digest;
use gatewit_domain::ports::Guard;
use gatewit_domain::record::{Record, Repeat, ScanRecord};
use gatewit_domain::scan::{Outcome, Scan, ScannedBy};
use jiff::Timestamp;

use super::Admissions;
use super::record::{outcome, recorded_by, summary};
use super::resolve::ResolvedStation;
use crate::error::DeskError;
use crate::idempotency::{caller, is_forgotten, used_for_another};
use crate::tables::{EventRecord, RECORDS, REPEATS, ScanKey, Stored};

/// The key of a scan that may be sent again, and the record that it led to before.
pub(super) struct RepeatRead {
    key: ScanKey,
    stored: Option<Stored<u64>>,
    record: Option<Box<ScanRecord>>,
}

impl RepeatRead {
    /// Returns the record, unless its answer is too old.
    fn fresh(&self, now: Timestamp) -> Option<&ScanRecord> {
        let record = self.record.as_deref();
        record.filter(|record| !is_forgotten(record.at, now))
    }

    /// A guard that holds until the key is used for another scan.
    pub fn unchanged(&self) -> Guard {
        REPEATS.as_read(&self.key, self.stored.as_ref())
    }

    /// Returns what the record of a new scan holds of its key.
    pub fn of(&self, scan: &Scan) -> Repeat {
        Repeat {
            key: self.key.2.clone(),
            request: fingerprint(scan),
        }
    }
}

impl Admissions {
    /// Reads the record of an earlier scan with the same idempotency key; None if the scan has no key.
    ///
    /// Runs beside the read of the scanner, which saves a trip to the store. The caller drops the result if the scanner
    /// turns out not to be allowed to scan.
    pub(super) async fn read_repeat(&self, scan: &Scan) -> Result<Option<RepeatRead>, DeskError> {
        let Some(key) = &scan.idempotency else {
            return Ok(None);
        };
        let event = scan.station.event;
        let key = ScanKey(event, caller(&recorded_by(&scan.station.by)), key.clone());
        let stored = REPEATS.get(self.ports.store(), &key).await?;
        let record = match &stored {
            Some(sequence) => {
                let key = EventRecord(event, sequence.value);
                RECORDS.get(self.ports.store(), &key).await?
            }
            None => None,
        };
        let record = record.and_then(|stored| match stored.value {
            Record::Scan(scan) => Some(scan),
            Record::Refusals(_) | Record::Undo(_) => None,
        });
        Ok(Some(RepeatRead {
            key,
            stored,
            record,
        }))
    }

    /// Returns the earlier outcome of the same request, if there is one, with the ticket's current details.
    pub(super) async fn repeated(
        &self,
        scan: &Scan,
        station: &ResolvedStation,
        repeat: Option<&RepeatRead>,
    ) -> Result<Option<Outcome>, DeskError> {
        let now = self.ports.now();
        let Some(first) = repeat.and_then(|repeat| repeat.fresh(now)) else {
            return Ok(None);
        };
        if first.repeat.as_ref().map(|repeat| repeat.request) != Some(fingerprint(scan)) {
            return Err(used_for_another());
        }
        let live = &station.event;
        let ticket = match first.ticket() {
            Some(ticket) => self.tickets.stored(live.event.id, ticket.id).await?,
            None => None,
        };
        let ticket = ticket.map(|stored| {
            let kind = self.events.ticket_type_of(live, &stored.value);
            summary(&stored.value, kind.as_deref())
        });
        Ok(Some(outcome(
            first,
            &live.event,
            ticket,
            station.scanner_name(),
        )))
    }
}

/// Returns a digest that distinguishes requests under the same idempotency key.
fn fingerprint(scan: &Scan) -> Digest {
    let scanner = match &scan.station.by {
        // Not the claimed id, which has several spellings. Answers are repeated only if it means this scanner.
        ScannedBy::Scanner {
            proof,
            claimed_fingerprint,
            ..
        } => Some((proof.scanner_id, claimed_fingerprint)),
        ScannedBy::Organizer(_) => None,
    };
    let parts = serde_json::json!([scan.presented, scanner, scan.station.location]);
    Digest::of_text(&parts.to_string())
}
