//! Codes that are unknown here: a ticketing system may have sold the ticket just now.

use super::{Admissions, Read, match_field};
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::ticket_sources::Wanted;
use gatewit_domain::event::MatchField;
use gatewit_domain::rules::{Found, check_scanner};
use gatewit_domain::scan::{Presented, Scan};

impl Admissions {
    /// Finds the ticket that was presented. If its code is unknown, first asks the event's sources and imports what
    /// they return. Looks nothing up, here or there, for a scanner that may not scan.
    pub(super) async fn find_or_look_up(
        &self,
        scan: &Scan,
        live: &LiveEvent,
        read: &mut Read,
    ) -> Result<Found, DeskError> {
        let scanner = read.scanner.as_ref().map(|stored| &stored.value);
        if check_scanner(scan, scanner).is_err() {
            return Ok(Found::Nothing);
        }
        let field = match_field(scanner, live);
        let found = self.find(scan, live, read).await?;
        let (Presented::Token(code), Found::Nothing | Found::Forged) = (&scan.presented, &found)
        else {
            return Ok(found);
        };
        let code = code.as_str();
        let may_be_code = matches!(field, MatchField::Any | MatchField::QrCode)
            && self.ports.signer.header(code).is_none();
        match may_be_code
            && self
                .sources
                .import_looked_up(live, Wanted::Code(code))
                .await
        {
            true => self.find(scan, live, read).await,
            false => Ok(found),
        }
    }
}
