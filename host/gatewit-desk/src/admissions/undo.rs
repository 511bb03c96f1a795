//! Takes back an admission, so that its ticket can enter again. `gatewit-api.md` §5 "Undo".

use std::fmt::Display;
use std::sync::Arc;

use gatewit_domain::id::CheckInId;
use gatewit_domain::ports::{Commit, Guard};
use gatewit_domain::problem::{CheckInCode, Problem, ScannerCode};
use gatewit_domain::scan::{CheckIn, ScannerProof, Undo};
use gatewit_domain::text::bounded_text;
use jiff::SignedDuration;

use super::Admissions;
use crate::caller::Caller;
use crate::changes::retry;
use crate::error::DeskError;
use crate::idempotency::{key_of_organizer, key_of_scanner};
use crate::live_events::LiveEvent;
use crate::tables::{CHECK_INS, ENTRIES, EventCheckIn, IDEMPOTENCY, IdempotentResponse, Stored};
use crate::turns::Turns;

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
    /// Its record, which shows the undo.
    pub check_in: CheckIn,
    /// When, by whom and why it was taken back.
    pub undo: Undo,
    /// The event of the admission.
    pub event: Arc<LiveEvent>,
}

impl Admissions {
    /// Takes back an admission. The scanner that made it may do so within 15 minutes unless it was revoked, an
    /// organizer at any time.
    ///
    /// The record stays and shows the undo; the entry is free again; a stored answer to the scan is deleted. An undo is
    /// final, and asking again returns the first answer.
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
        let guards = self.check_active(by).await?;
        let (stored, event) = self.find_check_in(by, id).await?;
        if let Some(undo) = stored.value.undo.clone() {
            let check_in = stored.value;
            return Ok(Some(Undone {
                check_in,
                undo,
                event,
            }));
        }
        self.check_undo(by, &stored.value)?;
        let undo = Undo {
            at: self.ports.now(),
            by: match by {
                UndoneBy::Scanner(proof) => proof.scanner_id.to_string(),
                UndoneBy::Organizer(caller) => caller.sub().to_owned(),
            },
            reason: reason.to_owned(),
        };
        let check_in = self.commit_undo(stored, &undo, guards).await?;
        Ok(check_in.map(|check_in| Undone {
            check_in,
            undo,
            event,
        }))
    }

    /// Frees the entry; None if something changed meanwhile.
    async fn commit_undo(
        &self,
        stored: Stored<CheckIn>,
        undo: &Undo,
        mut guards: Vec<Guard>,
    ) -> Result<Option<CheckIn>, DeskError> {
        guards.push(stored.unchanged());
        let mut check_in = stored.value;
        check_in.undo = Some(undo.clone());
        let key = EventCheckIn(check_in.event_id, check_in.id);
        let mut writes = vec![CHECK_INS.put(&key, &check_in)];
        if let Some(ticket) = &check_in.ticket_id
            && let Some(entries) = ENTRIES.get(self.ports.store(), ticket).await?
        {
            guards.push(entries.unchanged());
            let mut entries = entries.value;
            entries.0.retain(|entry| entry.check_in_id != check_in.id);
            writes.push(ENTRIES.put(ticket, &entries));
        }
        if let Some(key) = &check_in.idempotency_key {
            let key = match check_in.scanner_id {
                Some(scanner) => key_of_scanner(scanner, key),
                None => key_of_organizer(check_in.organizer.as_deref().unwrap_or_default(), key),
            };
            let response = IDEMPOTENCY.get(self.ports.store(), &key).await?;
            // After a day, the key may have been reused for another scan.
            let is_its_own = |stored: &Stored<IdempotentResponse>| {
                stored.value.outcome.check_in_id == check_in.id
            };
            if let Some(response) = response.filter(is_its_own) {
                guards.push(response.unchanged());
                writes.push(IDEMPOTENCY.delete(&key));
            }
        }
        let commit = self.ports.store().commit(guards, writes).await?;
        Ok(commit.is_done().then_some(check_in))
    }

    /// Checks that a calling scanner is still active, and returns the guards for that.
    async fn check_active(&self, by: &UndoneBy) -> Result<Vec<Guard>, DeskError> {
        let UndoneBy::Scanner(proof) = by else {
            return Ok(Vec::new());
        };
        let scanner = self.scanners.stored(proof.scanner_id).await?;
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

    /// Finds a recorded scan; an error if the caller does not manage its event.
    async fn find_check_in(
        &self,
        by: &UndoneBy,
        id: CheckInId,
    ) -> Result<(Stored<CheckIn>, Arc<LiveEvent>), DeskError> {
        let events = match by {
            UndoneBy::Scanner(proof) => vec![self.events.live(proof.event_id)?],
            UndoneBy::Organizer(_) => self.events.all(),
        };
        let mut turns = Turns::default();
        for event in events {
            turns.step().await;
            let key = EventCheckIn(event.event.id, id);
            if let Some(stored) = CHECK_INS.get(self.ports.store(), &key).await? {
                if let UndoneBy::Organizer(caller) = by {
                    self.events.managed(caller, event.event.id)?;
                }
                return Ok((stored, event));
            }
        }
        Err(unknown(id))
    }

    fn check_undo(&self, by: &UndoneBy, check_in: &CheckIn) -> Result<(), DeskError> {
        if check_in.refusal.is_some() {
            let words = format!(
                "check-in {} was refused, so there is no entry to take back",
                check_in.id
            );
            return Err(DeskError::unacceptable(CheckInCode::NotAdmitted, words));
        }
        let UndoneBy::Scanner(proof) = by else {
            return Ok(());
        };
        let forbidden = |code, words: String| Err(DeskError::Forbidden(Problem::new(code, words)));
        if check_in.scanner_id != Some(proof.scanner_id) {
            let words = format!(
                "check-in {} was made by another scanner; ask an organizer",
                check_in.id
            );
            return forbidden(CheckInCode::NotOwn, words);
        }
        if self.ports.now() >= check_in.at + SCANNER_MAY_UNDO {
            let words = format!(
                "check-in {} is older than 15 minutes; ask an organizer",
                check_in.id
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
