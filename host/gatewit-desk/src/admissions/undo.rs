//! Takes back an admission, so that its ticket can enter again. `gatewit-api.md` §5 "Undo".

use std::fmt::Display;
use std::sync::Arc;

use gatewit_domain::id::{CheckInId, EventId};
use gatewit_domain::ports::Guard;
use gatewit_domain::problem::{CheckInCode, Problem, ScannerCode};
use gatewit_domain::record::{Record, RecordedBy, ScanRecord, UndoRecord};
use gatewit_domain::scan::ScannerProof;
use gatewit_domain::text::bounded_text;
use jiff::SignedDuration;

use super::Admissions;
use crate::caller::Caller;
use crate::changes::{Changes, retry};
use crate::error::DeskError;
use crate::live_events::{LiveEvent, mark_seen};
use crate::tables::{CHECK_INS, CheckInPlace, EventRecord, RECORDS};

/// How long a scanner may take back its own admissions.
const SCANNER_MAY_UNDO: SignedDuration = SignedDuration::from_mins(15);

const REASON_MAX: usize = 500;

/// The caller that takes back an admission.
#[derive(Clone, Debug)]
pub enum UndoneBy {
    /// A scanner takes back an admission of its own.
    Scanner(ScannerProof),
    /// An organizer of the event takes it back.
    Organizer(Caller),
}

/// An admission that was taken back.
pub struct Undone {
    /// When, by whom and why it was taken back.
    pub undo: UndoRecord,
    /// The event of the admission.
    pub event: Arc<LiveEvent>,
}

impl Admissions {
    /// Takes back an admission. The scanner that made it may do so within 15 minutes unless it was revoked, an
    /// organizer at any time.
    ///
    /// Both records stay; the entry is free again; a repeated scan is decided anew. An undo is final, and asking again
    /// returns the first answer.
    pub async fn undo(&self, by: &UndoneBy, id: &str, reason: &str) -> Result<Undone, DeskError> {
        let reason = bounded_text("reason", reason, REASON_MAX)
            .map_err(|words| DeskError::unacceptable(CheckInCode::InvalidUndo, words))?;
        let id = id.parse().map_err(|_| unknown(id))?;
        retry(|| self.try_undo(by, id, &reason)).await
    }

    async fn try_undo(
        &self,
        by: &UndoneBy,
        id: CheckInId,
        reason: &str,
    ) -> Result<Option<Undone>, DeskError> {
        let mut guards = self.check_active(by).await?;
        let place = CHECK_INS.get(self.ports.store(), &id).await?;
        let place = place.ok_or_else(|| unknown(id))?;
        let event = self.event_of(by, id, &place.value)?;
        if let Some(undone_by) = place.value.undone_by {
            return match self.record(place.value.event, undone_by).await? {
                Record::Undo(undo) => Ok(Some(Undone { undo, event })),
                Record::Scan(_) | Record::Refusals(_) => Err(unknown(id)),
            };
        }
        let record = self.record(place.value.event, place.value.sequence).await?;
        let undo = self.undo_of(by, &record, place.value.sequence, reason)?;
        guards.push(place.unchanged());
        guards.push(mark_seen(&event.event));
        let record = Record::Undo(undo.clone());
        let writes = vec![RECORDS.append(event.event.id, &record)];
        let undoing = Changes { guards, writes };
        let is_done = undoing.commit(self.ports.store()).await?;
        Ok(is_done.then_some(Undone { undo, event }))
    }

    /// Prepares the record that takes a scan back, if the caller may do that.
    fn undo_of(
        &self,
        by: &UndoneBy,
        record: &Record,
        sequence: u64,
        reason: &str,
    ) -> Result<UndoRecord, DeskError> {
        let admitted = match record {
            Record::Scan(scan) => scan.ticket().zip(scan.day).map(|entry| (scan, entry)),
            Record::Refusals(_) | Record::Undo(_) => None,
        };
        let Some((scan, (ticket, day))) = admitted.filter(|(scan, _)| scan.refusal().is_none())
        else {
            let words = format!(
                "check-in {} is no admission, so there is no entry to take back",
                record.id()
            );
            return Err(DeskError::unacceptable(CheckInCode::NotAdmitted, words));
        };
        if let UndoneBy::Scanner(proof) = by {
            self.check_own(proof, scan)?;
        }
        let at = self.ports.now();
        Ok(UndoRecord {
            id: CheckInId::new(at),
            at,
            by: match by {
                UndoneBy::Scanner(proof) => RecordedBy::Scanner(proof.scanner_id),
                UndoneBy::Organizer(caller) => RecordedBy::Organizer(caller.sub().to_owned()),
            },
            reason: reason.to_owned(),
            undoes: scan.id,
            sequence,
            ticket: ticket.id,
            day,
            repeat: (scan.repeat.as_ref()).map(|repeat| (scan.by.clone(), repeat.key.clone())),
        })
    }

    /// Checks that a calling scanner is still active, and returns the guards for that.
    async fn check_active(&self, by: &UndoneBy) -> Result<Vec<Guard>, DeskError> {
        let UndoneBy::Scanner(proof) = by else {
            return Ok(Vec::new());
        };
        let scanner = self.scanners.stored(proof).await?;
        match scanner.value.is_active() {
            true => Ok(vec![scanner.unchanged()]),
            false => Err(DeskError::Forbidden(Problem::new(
                ScannerCode::Revoked,
                match scanner.value.replaced_by() {
                    Some(new) => format!(
                        "this scanner was revoked when its device was registered as \"{}\"; ask an organizer",
                        new.name.as_str()
                    ),
                    None => "this scanner was revoked; ask an organizer".to_owned(),
                },
            ))),
        }
    }

    /// Returns the event of a record; an error if the caller may not know of it.
    fn event_of(
        &self,
        by: &UndoneBy,
        id: CheckInId,
        place: &CheckInPlace,
    ) -> Result<Arc<LiveEvent>, DeskError> {
        match by {
            UndoneBy::Scanner(proof) if proof.event_id == place.event => {
                self.events.live(place.event)
            }
            UndoneBy::Scanner(_) => Err(unknown(id)),
            UndoneBy::Organizer(caller) => match self.events.find(place.event) {
                Some(_) => self.events.managed(caller, place.event),
                None => Err(unknown(id)),
            },
        }
    }

    /// Reads a record of an event, which must be there.
    pub(super) async fn record(&self, event: EventId, sequence: u64) -> Result<Record, DeskError> {
        let key = EventRecord(event, sequence);
        let stored = RECORDS.get(self.ports.store(), &key).await?;
        stored
            .map(|stored| stored.value)
            .ok_or_else(|| DeskError::Fault {
                action: format!("read record {sequence} of event {event}"),
                source: "it is missing".into(),
            })
    }

    /// Checks that a scanner may take a scan back.
    fn check_own(&self, proof: &ScannerProof, scan: &ScanRecord) -> Result<(), DeskError> {
        let forbidden = |code, words: String| Err(DeskError::Forbidden(Problem::new(code, words)));
        if scan.by.scanner() != Some(proof.scanner_id) {
            let words = format!(
                "check-in {} was made by another scanner; ask an organizer",
                scan.id
            );
            return forbidden(CheckInCode::NotOwn, words);
        }
        if self.ports.now() >= scan.at + SCANNER_MAY_UNDO {
            let words = format!(
                "check-in {} is older than 15 minutes; ask an organizer",
                scan.id
            );
            return forbidden(CheckInCode::UndoTooLate, words);
        }
        Ok(())
    }
}

fn unknown(id: impl Display) -> DeskError {
    DeskError::unacceptable(
        CheckInCode::Unknown,
        format!("checkInId: there is no check-in {id}"),
    )
}
