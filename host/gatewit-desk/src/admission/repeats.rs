//! The answer to a scan that is sent again. `gatewit-api.md` §5 "Repeats".

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::Read;
use super::record::summary;
use crate::error::DeskError;
use crate::tables::{CallerKey, Stored};
use crate::{Desk, LiveEvent};
use gatewit_domain::id::ScannerId;
use gatewit_domain::problem::Problem;
use gatewit_domain::scan::{IdempotencyKey, Outcome, Scan, ScannedBy};

/// How long an answer is kept for repeated requests.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

impl Read {
    /// Returns the stored answer to the same request, unless it is too old.
    pub(super) fn first_answer(
        &self,
        scan: &Scan,
        now: Timestamp,
    ) -> Result<Option<Outcome>, DeskError> {
        let remembered = self
            .repeat
            .as_ref()
            .and_then(|(_, remembered)| remembered.as_ref());
        let fresh = remembered.filter(|stored| !is_forgotten(stored.value.outcome.at, now));
        let Some(Stored { value, .. }) = fresh else {
            return Ok(None);
        };
        if value.request != fingerprint(scan) {
            return Err(used_for_another());
        }
        Ok(Some(value.outcome.clone()))
    }
}

impl Desk {
    /// Puts the ticket's current details into an earlier answer. If the ticket no longer exists, the answer keeps those
    /// that it has.
    pub(super) async fn with_ticket_as_it_is(
        &self,
        live: &LiveEvent,
        mut first: Outcome,
    ) -> Result<Outcome, DeskError> {
        if let Some(shown) = &mut first.ticket
            && let Some(stored) = self.stored_ticket(&shown.id).await?
        {
            let kind = self.ticket_type_of(live, &stored.value);
            *shown = summary(&stored.value, kind.as_deref());
        }
        Ok(first)
    }
}

/// Whether an answer given at `at` is too old to be repeated.
pub(crate) fn is_forgotten(at: Timestamp, now: Timestamp) -> bool {
    now >= at + REMEMBERED
}

pub(crate) fn used_for_another() -> DeskError {
    DeskError::Conflict(Problem::new(
        "idempotency_mismatch",
        "this idempotency key was used for another request; use a new key for each request",
    ))
}

/// Returns the key under which a scan's answer is stored.
pub(super) fn repeat(by: &ScannedBy, key: &IdempotencyKey) -> CallerKey {
    match by {
        ScannedBy::Scanner { proof, .. } => repeat_of(Some(proof.scanner_id), None, key),
        ScannedBy::Organizer(sub) => repeat_of(None, Some(sub), key),
    }
}

/// Returns the key of a stored answer. An organizer's identity is free text, so it is prefixed with its length.
pub(crate) fn repeat_of(
    scanner: Option<ScannerId>,
    organizer: Option<&str>,
    key: &IdempotencyKey,
) -> CallerKey {
    let who = match scanner {
        Some(scanner) => scanner.to_string(),
        None => {
            let sub = organizer.unwrap_or_default();
            format!("{}:{sub}", sub.len())
        }
    };
    CallerKey(who, key.clone())
}

/// Returns a digest that distinguishes requests under the same idempotency key.
pub(super) fn fingerprint(scan: &Scan) -> String {
    let scanner = match &scan.by {
        // Not the claimed id, which has several spellings. Answers are stored only if it means this scanner.
        ScannedBy::Scanner {
            proof,
            claimed_fingerprint,
            ..
        } => Some((proof.scanner_id, claimed_fingerprint)),
        ScannedBy::Organizer(_) => None,
    };
    let parts = serde_json::json!([scan.presented, scanner, scan.location]);
    format!("{:x}", Sha256::digest(parts.to_string()))
}
