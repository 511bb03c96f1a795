//! Registers a device as a scanner and replaces the one it was before. `gatewit-api.md` §6.

use std::iter;
use std::sync::Arc;

use gatewit_decision::Replacement;
use gatewit_domain::claims::Claims;
use gatewit_domain::event::Event;
use gatewit_domain::id::{EventId, ScannerId};
use gatewit_domain::problem::{Problem, ScannerCode};
use gatewit_domain::scanner::{
    Fingerprint, RegistrationToken, Revocation, Scanner, ScannerName, TokenText,
};
use jiff::Timestamp;

use super::Scanners;
use crate::caller::DEFAULT_ORGANIZATION;
use crate::changes::{Changes, retry};
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::tables::{
    DEVICES, Device, EVENTS, EventScanner, HAD_SCANNERS, REGISTRATION_TOKENS, SCANNER_EVENTS,
    SCANNERS,
};

const DEVICE_INFO_MAX: usize = 4_000;

/// A device's request to become a scanner.
#[derive(Clone, Debug)]
pub struct NewScanner {
    /// The registration token.
    pub token: TokenText,
    /// Identifies the device.
    pub fingerprint: Fingerprint,
    /// The name that the device gives itself.
    pub name: ScannerName,
    /// What the device says about itself.
    pub device_info: Option<String>,
}

/// A scanner that was just registered, with what the device must keep.
#[derive(Clone)]
pub struct ScannerLink {
    /// The scanner.
    pub scanner: Scanner,
    /// Its event, whose public key verifies tickets.
    pub event: Arc<LiveEvent>,
    /// Its JWT, which cannot be retrieved again.
    pub credentials: String,
    /// The scanner that its device was before, now revoked. If it was several, the one that was seen last.
    pub replaced: Option<Scanner>,
}

impl Scanners {
    /// Registers a device as a scanner, uses up its token, and revokes the scanner that the device was before in the
    /// event's organization.
    pub async fn register(&self, new: NewScanner) -> Result<ScannerLink, DeskError> {
        check_device_info(&new)?;
        retry(|| self.try_register(&new)).await
    }

    async fn try_register(&self, new: &NewScanner) -> Result<Option<ScannerLink>, DeskError> {
        let now = self.ports.now();
        let mut token = self.stored_token(&new.token).await?;
        check_usable(&token.value, now)?;
        let live = self.events.live(token.value.event_id)?;
        let key = live.published_key()?;
        let stored = EVENTS.get(self.ports.store(), &live.event.id).await?;
        let stored = stored.ok_or_else(|| DeskError::not_found("event", live.event.id))?;
        let scanner = new_scanner(new, &token.value, now);
        // The event must still belong to the organization in which the scanner is registered.
        let guards = vec![token.unchanged(), stored.unchanged()];
        token.value.used_by = Some(scanner.id);
        let writes = vec![
            REGISTRATION_TOKENS.put(&new.token, &token.value),
            SCANNERS.insert(&EventScanner(scanner.event_id, scanner.id), &scanner),
            SCANNER_EVENTS.insert(&scanner.id, &scanner.event_id),
            HAD_SCANNERS.put(&scanner.event_id, &()),
        ];
        let mut link = Changes { guards, writes };
        let replaced = self.replace(&scanner, &stored.value, &mut link).await?;
        let claims = vec![Claims::ScannerCredential(scanner.claims())];
        let credentials = key.sign(claims).await?.remove(0);
        if !link.commit(self.ports.store()).await? {
            return Ok(None);
        }
        log_replaced(&scanner, &replaced);
        Ok(Some(ScannerLink {
            scanner,
            event: live,
            credentials,
            replaced: replaced.into_iter().last(),
        }))
    }

    /// Makes the scanner its device's active one and revokes those that it replaces. Returns those in the order in which
    /// they last scanned or registered.
    async fn replace(
        &self,
        scanner: &Scanner,
        event: &Event,
        link: &mut Changes,
    ) -> Result<Vec<Scanner>, DeskError> {
        let device = Device(event.org_id.clone(), scanner.device_fingerprint.clone());
        let stored = DEVICES.get(self.ports.store(), &device).await?;
        link.guards.push(DEVICES.as_read(&device, stored.as_ref()));
        let (mut active, mut replaced) = (Vec::new(), Vec::new());
        let former = stored.map(|stored| stored.value).unwrap_or_default();
        let read = SCANNERS.get_many(self.ports.store(), &former).await?;
        for (key, former) in iter::zip(former, read) {
            let Some(former) = former.filter(|former| former.value.is_active()) else {
                continue;
            };
            if !self.is_of_same_staff(former.value.event_id, event) {
                active.push(key);
                continue;
            }
            link.guards.push(former.unchanged());
            let mut former = former.value;
            former.revocation = Some(revocation(scanner, event));
            link.writes.push(SCANNERS.put(&key, &former));
            let scans = self.scans(&former).await?;
            let last_at = scans.map_or(former.created_at, |scans| scans.last_at);
            replaced.push((last_at, former));
        }
        // Stable: of those seen at the same moment, the one registered last stays last.
        replaced.sort_by_key(|(seen_at, _)| *seen_at);
        active.push(EventScanner(scanner.event_id, scanner.id));
        link.writes.push(DEVICES.put(&device, &active));
        Ok(replaced.into_iter().map(|(_, former)| former).collect())
    }

    /// Whether two events of one organization are run by the same people. Everybody may have events in `default`, so
    /// there the events must share an organizer.
    fn is_of_same_staff(&self, former: EventId, event: &Event) -> bool {
        if former == event.id || event.org_id != DEFAULT_ORGANIZATION {
            return true;
        }
        let former = self.events.find(former);
        former.is_none_or(|former| {
            let mut organizers = former.event.organizers.iter();
            organizers.any(|sub| event.organizers.contains(sub))
        })
    }
}

fn new_scanner(new: &NewScanner, token: &RegistrationToken, now: Timestamp) -> Scanner {
    Scanner {
        id: ScannerId::new(now),
        event_id: token.event_id,
        name: new.name.clone(),
        device_fingerprint: new.fingerprint.clone(),
        device_info: new.device_info.clone(),
        place: token.place.clone(),
        created_at: now,
        revocation: None,
    }
}

/// The revocation of a scanner whose device was registered again (contract "Auto-Revocation System").
fn revocation(new: &Scanner, event: &Event) -> Revocation {
    Revocation {
        at: new.created_at,
        reason: format!(
            "Automatically revoked: Device registered as new scanner for event '{}'",
            event.name
        ),
        replaced_by: Some(Replacement {
            scanner_id: new.id.to_string(),
            name: new.name.as_str().to_owned(),
            at: new.created_at,
        }),
    }
}

fn log_replaced(scanner: &Scanner, replaced: &[Scanner]) {
    for former in replaced {
        let (new, old, event) = (scanner.id, former.id, former.event_id);
        tracing::warn!(
            scanner.id = %old, scanner.replaced_by = %new, event.id = %event,
            "scanner {old} of event {event} is revoked: its device was registered as scanner {new}"
        );
    }
}

fn check_device_info(new: &NewScanner) -> Result<(), DeskError> {
    let length = new
        .device_info
        .as_ref()
        .map_or(0, |info| info.chars().count());
    match length {
        0..=DEVICE_INFO_MAX => Ok(()),
        _ => {
            let words = format!("deviceInfo must have at most {DEVICE_INFO_MAX} characters");
            Err(DeskError::unacceptable(
                ScannerCode::InvalidDeviceInfo,
                words,
            ))
        }
    }
}

fn check_usable(token: &RegistrationToken, now: Timestamp) -> Result<(), DeskError> {
    let refuse = |code, words| Err(DeskError::Malformed(Problem::new(code, words)));
    if token.used_by.is_some() {
        return refuse(
            ScannerCode::TokenUsed,
            "the registration token has been used; ask an organizer for a new one",
        );
    }
    if token.is_expired(now) {
        return refuse(
            ScannerCode::TokenExpired,
            "the registration token has expired; ask an organizer for a new one",
        );
    }
    Ok(())
}
