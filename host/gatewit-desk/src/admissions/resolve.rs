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

/// The place of a scan, with what is known of it.
pub(super) struct ResolvedStation {
    pub event: Arc<LiveEvent>,
    /// None for an organizer at the desk.
    scanner: Option<Stored<Arc<Scanner>>>,
    /// Whether the scanner may scan. A scan of one that is revoked or is not the one it claims to be finds no ticket and
    /// repeats no answer.
    pub may_scan: bool,
    /// Which of a ticket's codes counts.
    pub field: MatchField,
}

impl Admissions {
    /// Reads the scanner of a scan; None: an organizer at the desk.
    pub(super) async fn scanner_of(
        &self,
        scan: &Scan,
    ) -> Result<Option<Stored<Arc<Scanner>>>, DeskError> {
        match &scan.station.by {
            ScannedBy::Scanner { proof, .. } => self.scanners.stored(proof).await.map(Some),
            ScannedBy::Organizer(_) => Ok(None),
        }
    }

    /// Tells where a scan happens and what may be scanned there.
    pub(super) fn resolve(
        &self,
        scan: &Scan,
        event: Arc<LiveEvent>,
        scanner: Option<Stored<Arc<Scanner>>>,
    ) -> ResolvedStation {
        let scans = scanner.as_ref().map(|stored| &*stored.value);
        let point = scans.and_then(|scanner| scanner.place.scan_point.as_deref());
        ResolvedStation {
            may_scan: check_scanner(scan, scans).is_ok(),
            field: event.event.match_field(point),
            scanner,
            event,
        }
    }
}

impl ResolvedStation {
    pub fn scanner(&self) -> Option<&Scanner> {
        self.scanner.as_ref().map(|stored| &*stored.value)
    }

    /// The name of the scanner; None: an organizer at the desk.
    pub fn scanner_name(&self) -> Option<String> {
        self.scanner()
            .map(|scanner| scanner.name.as_str().to_owned())
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
