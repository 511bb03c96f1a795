//! Which ticket of an event bears a code that is not signed.

use crate::event::MatchField;
use crate::id::{EventId, TicketId};
use crate::identifier::{fold, is_same};
use crate::problem::DeskError;
use crate::service::Desk;
use crate::tables::{CREDENTIAL_CODES, TICKET_CODES, TICKETS, within};

impl Desk {
    /// Finds a ticket by a code that it bears.
    pub(super) async fn by_code(
        &self,
        event: EventId,
        field: MatchField,
        code: &str,
    ) -> Result<Option<TicketId>, DeskError> {
        let key = within(&event, &code);
        if matches!(field, MatchField::Any | MatchField::QrCode)
            && let Some(found) = TICKET_CODES.get(self.store(), &key).await?
        {
            return Ok(Some(found.value));
        }
        if matches!(field, MatchField::Any | MatchField::CredentialCode) {
            let found = CREDENTIAL_CODES.get(self.store(), &key).await?;
            if let Some(found) = found {
                return Ok(Some(found.value));
            }
        }
        if matches!(field, MatchField::Any | MatchField::QrCode)
            && let Some(found) = self.by_reference(event, code).await?
        {
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
        let Some(found) = TICKET_CODES
            .get(self.store(), &within(&event, &folded))
            .await?
        else {
            return Ok(None);
        };
        let ticket = TICKETS.get(self.store(), &found.value).await?;
        let origin = ticket.and_then(|stored| stored.value.origin);
        // A code that happens to be in capitals is no reference.
        let is_reference = origin.is_some_and(|origin| is_same(&origin.reference, &folded));
        Ok(is_reference.then_some(found.value))
    }
}
