//! The answer to a scan that is sent again. `gatewit-api.md` §5 "Repeats".

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::record::summary;
use super::{Admissions, Read};
use crate::error::DeskError;
use crate::idempotency::{is_forgotten, key_of_organizer, key_of_scanner, used_for_another};
use crate::live_events::LiveEvent;
use crate::tables::{CallerKey, Stored};
use gatewit_domain::scan::{IdempotencyKey, Outcome, Scan, ScannedBy};

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

impl Admissions {
    /// Puts the ticket's current details into an earlier answer. If the ticket no longer exists, the answer keeps those
    /// that it has.
    pub(super) async fn with_ticket_as_it_is(
        &self,
        live: &LiveEvent,
        mut first: Outcome,
    ) -> Result<Outcome, DeskError> {
        if let Some(shown) = &mut first.ticket
            && let Some(stored) = self.tickets.stored(&shown.id).await?
        {
            let kind = self.events.ticket_type_of(live, &stored.value);
            *shown = summary(&stored.value, kind.as_deref());
        }
        Ok(first)
    }
}

/// Returns the key under which a scan's answer is stored.
pub(super) fn key_of(by: &ScannedBy, key: &IdempotencyKey) -> CallerKey {
    match by {
        ScannedBy::Scanner { proof, .. } => key_of_scanner(proof.scanner_id, key),
        ScannedBy::Organizer(sub) => key_of_organizer(sub, key),
    }
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
