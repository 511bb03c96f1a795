//! Registration tokens, and scanners once they are registered. `gatewit-api.md` §6.

use std::sync::Arc;

use gatewit_domain::event::Event;
use gatewit_domain::id::{EventId, ScannerId, TokenId};
use gatewit_domain::problem::{Problem, ScannerCode};
use gatewit_domain::scan::ScannerProof;
use gatewit_domain::scanner::{
    Place, RegistrationToken, Revocation, Scanner, ScannerName, TokenText,
};
use gatewit_domain::text::bounded_text;
use jiff::{SignedDuration, Timestamp};

use crate::caller::Caller;
use crate::changes::{Changes, retry};
use crate::error::DeskError;
use crate::events::Events;
use crate::limits::AT_ONCE;
use crate::live_events::LiveEvent;
use crate::ports::Ports;
use crate::tables::{
    EVENT_DELETIONS, EventScanner, REGISTRATION_TOKENS, SCANNER_EVENTS, SCANNER_SCANS, SCANNERS,
    ScannerScans, Stored, of_event,
};
use crate::turns::let_others_run;

mod parsed;
mod registration;
use parsed::ParsedScanners;
pub use registration::{NewScanner, ScannerLink};

const REASON_MAX: usize = 500;

/// A registration token with its current state.
#[derive(Clone)]
pub struct TokenStatus {
    /// The token.
    pub token: RegistrationToken,
    /// The event that it registers scanners for.
    pub event: Arc<LiveEvent>,
    /// When its state was read.
    pub now: Timestamp,
}

/// An event's scanners.
pub struct ScannerList {
    /// The scanners, in the order of registration.
    pub scanners: Vec<Scanner>,
    /// Their event.
    pub event: Arc<LiveEvent>,
}

/// How much a scanner has scanned.
#[derive(Clone)]
pub struct ScannerStatistics {
    /// The scanner's event.
    pub event: Arc<LiveEvent>,
    /// How many of its scans were admitted.
    pub successful_scans: u64,
    /// How many of its scans were refused.
    pub failed_scans: u64,
    /// When it last scanned.
    pub last_scan_at: Option<Timestamp>,
    /// When the scanner last scanned or registered.
    pub last_synced_at: Timestamp,
}

/// The scanners of every event, and the tokens that register them.
pub struct Scanners {
    ports: Arc<Ports>,
    events: Arc<Events>,
    /// How long a registration token lives.
    token_life: SignedDuration,
    parsed: ParsedScanners,
}

impl Scanners {
    pub(super) fn new(
        ports: &Arc<Ports>,
        events: &Arc<Events>,
        token_life: SignedDuration,
    ) -> Self {
        Self {
            ports: Arc::clone(ports),
            events: Arc::clone(events),
            token_life,
            parsed: ParsedScanners::default(),
        }
    }

    /// Creates a registration token for a scanner of a published event.
    pub async fn create_token(
        &self,
        caller: &Caller,
        event: EventId,
        scanner_name: ScannerName,
        place: Place,
    ) -> Result<TokenStatus, DeskError> {
        let live = self.events.managed(caller, event)?;
        live.published_key()?;
        check_place(&place, &live.event)?;
        let now = self.ports.now();
        let token = RegistrationToken {
            id: TokenId::new(now),
            token: TokenText::random(),
            event_id: event,
            scanner_name,
            place,
            created_at: now,
            expires_at: now + self.token_life,
            used_by: None,
        };
        let generating = Changes {
            guards: vec![EVENT_DELETIONS.absent(&event)],
            writes: vec![REGISTRATION_TOKENS.insert(&token.token, &token)],
        };
        match generating.commit(self.ports.store()).await? {
            true => Ok(self.token_status(token, live)),
            false => Err(DeskError::not_found("event", event)),
        }
    }

    /// Returns the current state of a registration token, even a used or expired one.
    pub async fn token(&self, text: &TokenText) -> Result<TokenStatus, DeskError> {
        let stored = self.stored_token(text).await?;
        let live = self.events.live(stored.value.event_id)?;
        Ok(self.token_status(stored.value, live))
    }

    /// Lists an event's scanners, including revoked ones, in the order of registration.
    pub async fn list(&self, caller: &Caller, event: EventId) -> Result<ScannerList, DeskError> {
        let live = self.events.managed(caller, event)?;
        let mut scanners = Vec::new();
        let mut pages = SCANNERS.pages(self.ports.store(), &of_event(event), AT_ONCE);
        while let Some(page) = pages.next().await? {
            scanners.extend(page.into_iter().map(|stored| stored.value));
            let_others_run().await;
        }
        let event = live;
        Ok(ScannerList { scanners, event })
    }

    /// Revokes a scanner permanently; one that is already revoked keeps its first reason.
    pub async fn revoke(
        &self,
        caller: &Caller,
        id: ScannerId,
        reason: &str,
    ) -> Result<(Scanner, Arc<LiveEvent>), DeskError> {
        let reason = bounded_text("reason", reason, REASON_MAX)
            .map_err(|words| DeskError::unacceptable(ScannerCode::InvalidReason, words))?;
        retry(|| self.try_revoke(caller, id, &reason)).await
    }

    async fn try_revoke(
        &self,
        caller: &Caller,
        id: ScannerId,
        reason: &str,
    ) -> Result<Option<(Scanner, Arc<LiveEvent>)>, DeskError> {
        let stored = self.with_id(id).await?;
        let live = self.events.managed(caller, stored.value.event_id)?;
        if !stored.value.is_active() {
            return Ok(Some((stored.value, live)));
        }
        let guards = vec![stored.unchanged()];
        let revocation = Revocation {
            at: self.ports.now(),
            reason: reason.to_owned(),
            replaced_by: None,
        };
        let revoked = Scanner {
            revocation: Some(revocation),
            ..stored.value
        };
        let key = EventScanner(revoked.event_id, id);
        let writes = vec![SCANNERS.put(&key, &revoked)];
        let revoking = Changes { guards, writes };
        let is_done = revoking.commit(self.ports.store()).await?;
        Ok(is_done.then_some((revoked, live)))
    }

    /// Returns a scanner's statistics to an organizer of its event.
    pub async fn statistics(
        &self,
        caller: &Caller,
        id: ScannerId,
    ) -> Result<ScannerStatistics, DeskError> {
        let scanner = self.with_id(id).await?.value;
        self.events.managed(caller, scanner.event_id)?;
        self.statistics_of(&scanner).await
    }

    /// Returns a scanner's own statistics.
    pub async fn own_statistics(
        &self,
        proof: ScannerProof,
        id: ScannerId,
    ) -> Result<ScannerStatistics, DeskError> {
        if proof.scanner_id != id {
            let words = format!("these credentials are not those of scanner {id}");
            return Err(DeskError::Forbidden(Problem::new(
                ScannerCode::Mismatch,
                words,
            )));
        }
        let scanner = self.stored(&proof).await?.value;
        self.statistics_of(&scanner).await
    }

    /// Whether a scanner whose credentials were verified is still active.
    pub async fn is_active(&self, proof: &ScannerProof) -> Result<bool, DeskError> {
        Ok(self.stored(proof).await?.value.is_active())
    }

    /// Verifies a bearer token and returns its scanner. The decision checks whether the scanner is still active.
    pub fn prove(&self, token: &str) -> Result<ScannerProof, DeskError> {
        let proven = self.prove_ours(token);
        proven.unwrap_or_else(|| Err(no_credentials()))
    }

    /// Verifies a bearer token that claims to be signed by one of our events; None if it does not. A forged one must be
    /// rejected, not treated as an anonymous caller.
    pub fn prove_ours(&self, token: &str) -> Option<Result<ScannerProof, DeskError>> {
        let event = self.ports.signer.header(token)?.event?;
        match self.events.find(event) {
            Some(live) => Some(self.prove_signed_for(&live, token)),
            None => self.events.is_deleted(event).then(|| {
                let words = "the event of this scanner was deleted; ask an organizer where to scan";
                Err(invalid_credentials(words))
            }),
        }
    }

    fn prove_signed_for(&self, live: &LiveEvent, token: &str) -> Result<ScannerProof, DeskError> {
        let event_id = live.event.id;
        let claims = live.key.as_ref().and_then(|key| key.verify_scanner(token));
        let claims = claims.filter(|claims| claims.event_id == event_id);
        let claims = claims.ok_or_else(no_credentials)?;
        if self.ports.now().as_second() >= claims.exp {
            let words = "the scanner's credentials have expired; register it again";
            return Err(invalid_credentials(words));
        }
        Ok(ScannerProof {
            scanner_id: claims.scanner_id,
            event_id,
        })
    }

    /// Reads the scanner whose credentials were verified.
    pub(super) async fn stored(
        &self,
        proof: &ScannerProof,
    ) -> Result<Stored<Arc<Scanner>>, DeskError> {
        let key = EventScanner(proof.event_id, proof.scanner_id);
        let stored = self.parsed.read(self.ports.store(), &key).await?;
        stored.ok_or_else(|| DeskError::not_found("scanner", proof.scanner_id))
    }

    /// Reads a scanner of which only the id is known.
    async fn with_id(&self, id: ScannerId) -> Result<Stored<Scanner>, DeskError> {
        let event = SCANNER_EVENTS.get(self.ports.store(), &id).await?;
        let unknown = || DeskError::not_found("scanner", id);
        let key = EventScanner(event.ok_or_else(unknown)?.value, id);
        let stored = SCANNERS.get(self.ports.store(), &key).await?;
        stored.ok_or_else(unknown)
    }

    async fn statistics_of(&self, scanner: &Scanner) -> Result<ScannerStatistics, DeskError> {
        let scans = self.scans(scanner).await?;
        let last_scan_at = scans.map(|scans| scans.last_at);
        Ok(ScannerStatistics {
            event: self.events.live(scanner.event_id)?,
            successful_scans: scans.map_or(0, |scans| scans.admitted),
            failed_scans: scans.map_or(0, |scans| scans.refused),
            last_scan_at,
            last_synced_at: last_scan_at.unwrap_or(scanner.created_at),
        })
    }

    /// Reads how much a scanner has scanned; None: nothing.
    async fn scans(&self, scanner: &Scanner) -> Result<Option<ScannerScans>, DeskError> {
        let key = EventScanner(scanner.event_id, scanner.id);
        let stored = SCANNER_SCANS.get(self.ports.store(), &key).await?;
        Ok(stored.map(|stored| stored.value))
    }

    async fn stored_token(&self, text: &TokenText) -> Result<Stored<RegistrationToken>, DeskError> {
        let stored = REGISTRATION_TOKENS.get(self.ports.store(), text).await?;
        let stored = stored.filter(|token| self.events.find(token.value.event_id).is_some());
        stored.ok_or_else(|| {
            let words = "the registration token is not known; ask an organizer for a new one";
            DeskError::NotFound(Problem::new(ScannerCode::TokenNotFound, words))
        })
    }

    fn token_status(&self, token: RegistrationToken, event: Arc<LiveEvent>) -> TokenStatus {
        TokenStatus {
            token,
            event,
            now: self.ports.now(),
        }
    }
}

fn no_credentials() -> DeskError {
    invalid_credentials(
        "the bearer token is not the credentials of a scanner; register the scanner",
    )
}

fn invalid_credentials(words: &str) -> DeskError {
    DeskError::Unauthenticated(Problem::new(ScannerCode::InvalidCredentials, words))
}

/// Checks that the event has the scan point and the zone of a scanner's place.
fn check_place(place: &Place, event: &Event) -> Result<(), DeskError> {
    if let Some(id) = place
        .scan_point
        .as_deref()
        .filter(|id| event.scan_point(id).is_none())
    {
        let words = format!("scanPoint: the event has no scan point \"{id}\"");
        return Err(DeskError::unacceptable(
            ScannerCode::UnknownScanPoint,
            words,
        ));
    }
    if let Some(id) = place.zone.as_deref().filter(|id| event.zone(id).is_none()) {
        let words = format!("zone: the event has no zone \"{id}\"");
        return Err(DeskError::unacceptable(ScannerCode::UnknownZone, words));
    }
    Ok(())
}
