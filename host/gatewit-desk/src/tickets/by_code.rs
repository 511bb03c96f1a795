//! Which ticket of an event bears a code that is not signed.

use gatewit_domain::event::MatchField;
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::identifier::{fold, is_same};
use gatewit_domain::ticket::Ticket;

use super::Tickets;
use crate::error::DeskError;
use crate::tables::{CREDENTIAL_CODES, EventCode, TICKET_CODES};

impl Tickets {
    /// Finds a ticket by a code that it bears.
    pub(crate) async fn by_code(
        &self,
        event: EventId,
        field: MatchField,
        code: &str,
    ) -> Result<Option<TicketId>, DeskError> {
        let is_qr_code = matches!(field, MatchField::Any | MatchField::QrCode);
        let is_credential = matches!(field, MatchField::Any | MatchField::CredentialCode);
        let found = self.code_holder(event, code).await?;
        // Only tickets of sources have QR codes that are not signed, and only others have credential codes.
        let is_of_field = |ticket: &Ticket| match ticket.origin {
            Some(_) => is_qr_code,
            None => is_credential,
        };
        if let Some(found) = found.filter(is_of_field) {
            return Ok(Some(found.id));
        }
        if is_qr_code && let Some(found) = self.by_reference(event, code).await? {
            return Ok(Some(found));
        }
        match field {
            MatchField::Any | MatchField::TicketId => Ok(code.parse().ok()),
            MatchField::QrCode | MatchField::CredentialCode => Ok(None),
        }
    }

    /// Finds the ticket whose reference is a code of it, however that is spelled.
    async fn by_reference(
        &self,
        event: EventId,
        code: &str,
    ) -> Result<Option<TicketId>, DeskError> {
        let folded = fold(code);
        let found = self.code_holder(event, &folded).await?;
        // A code that happens to be in capitals is no reference.
        let found = found.filter(|ticket| {
            let origin = ticket.origin.as_ref();
            origin.is_some_and(|origin| is_same(&origin.reference, &folded))
        });
        Ok(found.map(|ticket| ticket.id))
    }

    /// Finds the ticket that a code belongs to. A code that an unfinished issue took over belongs to the former holder.
    async fn code_holder(&self, event: EventId, code: &str) -> Result<Option<Ticket>, DeskError> {
        let key = EventCode(event, code.to_owned());
        if let Some(of_source) = TICKET_CODES.get(self.ports.store(), &key).await? {
            let ticket = self.stored(event, of_source.value.ticket()).await?;
            return Ok(ticket.map(|stored| stored.value));
        }
        let Some(holder) = CREDENTIAL_CODES.get(self.ports.store(), &key).await? else {
            return Ok(None);
        };
        let ticket = match self.stored(event, holder.value.ticket()).await? {
            Some(ticket) => Some(ticket),
            None => self.former_holder(event, holder.value, code).await?,
        };
        Ok(ticket.map(|stored| stored.value))
    }
}
