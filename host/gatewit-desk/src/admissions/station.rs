//! Where a scan happens, and who scans.

use std::sync::Arc;

use gatewit_domain::event::MatchField;
use gatewit_domain::facts::{Found, check_scanner};
use gatewit_domain::ports::Guard;
use gatewit_domain::scan::{Scan, ScannedBy};
use gatewit_domain::scanner::Scanner;

use super::Admissions;
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::tables::Stored;

/// The place of a scan.
pub(super) struct Station {
    pub event: Arc<LiveEvent>,
    /// None for an organizer at the desk.
    scanner: Option<Stored<Scanner>>,
    /// Whether the scanner may scan. For one that is revoked or is not the one it claims to be, nothing is looked up and
    /// no idempotent response is read or stored.
    pub may_scan: bool,
    /// Which of a ticket's codes counts.
    pub field: MatchField,
}

impl Admissions {
    /// Finds the event and the scanner of a scan.
    pub(super) async fn resolve(&self, scan: &Scan) -> Result<Station, DeskError> {
        let event = self.events.live(scan.event_id)?;
        let scanner = match &scan.by {
            ScannedBy::Scanner { proof, .. } => Some(self.scanners.stored(proof.scanner_id).await?),
            ScannedBy::Organizer(_) => None,
        };
        let scans = scanner.as_ref().map(|stored| &stored.value);
        let point = scans.and_then(|scanner| scanner.place.scan_point.as_deref());
        Ok(Station {
            may_scan: check_scanner(scan, scans).is_ok(),
            field: event.event.match_field(point),
            scanner,
            event,
        })
    }
}

impl Station {
    pub fn scanner(&self) -> Option<&Scanner> {
        self.scanner.as_ref().map(|stored| &stored.value)
    }

    /// A guard that holds if the scanner is still as it was read.
    pub fn unchanged(&self) -> Option<Guard> {
        self.scanner.as_ref().map(Stored::unchanged)
    }

    /// Whether QR codes count, which are signed here or come from the ticketing system.
    pub fn takes_qr_codes(&self) -> bool {
        matches!(self.field, MatchField::Any | MatchField::QrCode)
    }

    /// Returns the result for a code that belongs to no ticket.
    pub fn unknown_code(&self) -> Found {
        match self.field {
            MatchField::QrCode => Found::Forged,
            _ => Found::Nothing,
        }
    }
}
