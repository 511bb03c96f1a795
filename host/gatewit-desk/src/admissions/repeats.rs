//! The answer to a scan that is sent again. `gatewit-api.md` §5 "Repeats".

use gatewit_domain::scan::{IdempotencyKey, Outcome, Scan, ScannedBy};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::Admissions;
use super::record::summary;
use super::station::Station;
use crate::changes::Changes;
use crate::error::DeskError;
use crate::idempotency::{is_forgotten, key_of_organizer, key_of_scanner, used_for_another};
use crate::tables::{CallerKey, IDEMPOTENCY, IdempotentResponse, Stored};

/// The key of a scan that may be repeated, and the response that is stored under it.
pub(super) struct StoredResponse {
    key: CallerKey,
    stored: Option<Stored<IdempotentResponse>>,
}

impl StoredResponse {
    /// Returns the response, unless it is too old.
    fn fresh(&self, now: Timestamp) -> Option<&IdempotentResponse> {
        let stored = self.stored.as_ref().map(|stored| &stored.value);
        stored.filter(|response| !is_forgotten(response.outcome.at, now))
    }

    /// Returns what stores a new outcome under the key.
    pub fn changes(&self, scan: &Scan, outcome: &Outcome) -> Changes {
        let response = IdempotentResponse {
            request: fingerprint(scan),
            outcome: outcome.clone(),
        };
        Changes {
            guards: vec![IDEMPOTENCY.as_read(&self.key, self.stored.as_ref())],
            writes: vec![IDEMPOTENCY.put(&self.key, &response)],
        }
    }
}

impl Admissions {
    /// Reads the response to an earlier scan with the same idempotency key; None if the scan has none that counts.
    pub(super) async fn stored_response(
        &self,
        scan: &Scan,
        station: &Station,
    ) -> Result<Option<StoredResponse>, DeskError> {
        let key = scan.idempotency_key.as_ref();
        let Some(key) = key.filter(|_| station.may_scan) else {
            return Ok(None);
        };
        let key = key_of(&scan.by, key);
        let stored = IDEMPOTENCY.get(self.ports.store(), &key).await?;
        Ok(Some(StoredResponse { key, stored }))
    }

    /// Returns the earlier outcome of the same request, if there is one, with the ticket's current details. If the ticket
    /// no longer exists, the outcome keeps those that it has.
    pub(super) async fn repeated(
        &self,
        scan: &Scan,
        station: &Station,
        response: Option<&StoredResponse>,
    ) -> Result<Option<Outcome>, DeskError> {
        let now = self.ports.now();
        let Some(first) = response.and_then(|response| response.fresh(now)) else {
            return Ok(None);
        };
        if first.request != fingerprint(scan) {
            return Err(used_for_another());
        }
        let mut outcome = first.outcome.clone();
        if let Some(shown) = &mut outcome.ticket
            && let Some(stored) = self.tickets.stored(&shown.id).await?
        {
            let kind = self.events.ticket_type_of(&station.event, &stored.value);
            *shown = summary(&stored.value, kind.as_deref());
        }
        Ok(Some(outcome))
    }
}

/// Returns the key under which a scan's answer is stored.
fn key_of(by: &ScannedBy, key: &IdempotencyKey) -> CallerKey {
    match by {
        ScannedBy::Scanner { proof, .. } => key_of_scanner(proof.scanner_id, key),
        ScannedBy::Organizer(sub) => key_of_organizer(sub, key),
    }
}

/// Returns a digest that distinguishes requests under the same idempotency key.
fn fingerprint(scan: &Scan) -> String {
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
