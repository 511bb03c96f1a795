//! Which ticket of an event bears a code that is not signed.

use std::borrow::Cow;
use std::iter;

use gatewit_domain::event::MatchField;
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::identifier::{fold, is_same};
use gatewit_domain::ticket::Ticket;

use super::Tickets;
use crate::error::DeskError;
use crate::tables::{CREDENTIAL_CODES, CodeHolder, EventCode, TICKET_CODES};

/// The tickets that a code may mean.
pub(crate) struct CodeMeanings<'c> {
    field: MatchField,
    /// The code as it was scanned; then as references are spelled, if that differs and a reference counts.
    spellings: Vec<Spelling<'c>>,
    /// The ticket whose id the code is, if an id counts.
    id: Option<TicketId>,
}

/// A code in one spelling, and who has it.
struct Spelling<'c> {
    code: Cow<'c, str>,
    holder: Option<CodeHolder>,
}

impl Tickets {
    /// Reads which tickets of an event a code may mean.
    pub(crate) async fn code_meanings<'c>(
        &self,
        event: EventId,
        field: MatchField,
        code: &'c str,
    ) -> Result<CodeMeanings<'c>, DeskError> {
        let folded = Some(fold(code)).filter(|folded| is_qr_code(field) && folded != code);
        let codes: Vec<_> = iter::once(Cow::Borrowed(code)).chain(folded).collect();
        let holders = self.code_holders(event, &codes).await?;
        let spellings = iter::zip(codes, holders);
        Ok(CodeMeanings {
            field,
            spellings: spellings
                .map(|(code, holder)| Spelling { code, holder })
                .collect(),
            id: match field {
                MatchField::Any | MatchField::TicketId => code.parse().ok(),
                MatchField::QrCode | MatchField::CredentialCode => None,
            },
        })
    }

    /// Reads who has each of these codes. All rows are of one moment, since a code may move between the tables.
    async fn code_holders(
        &self,
        event: EventId,
        codes: &[Cow<'_, str>],
    ) -> Result<Vec<Option<CodeHolder>>, DeskError> {
        let keys = codes.iter().flat_map(|code| {
            let key = EventCode(event, code.clone().into_owned());
            [TICKET_CODES.key(&key), CREDENTIAL_CODES.key(&key)]
        });
        let keys: Vec<_> = keys.collect();
        let values = self.ports.store().get_many(&keys).await?;
        let rows = iter::zip(&keys, values).map(|(key, value)| {
            let decode = |bytes| TICKET_CODES.decode(key, &bytes);
            value.map(decode).transpose()
        });
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let holders = rows.chunks_exact(2).map(|of_one| {
            // Only issues, which write no codes of sources, hide a ticket so that a former holder matters.
            let of_source = of_one[0].map(|holder| CodeHolder::Only(holder.ticket()));
            of_source.or(of_one[1])
        });
        Ok(holders.collect())
    }
}

impl CodeMeanings<'_> {
    /// Lists the tickets that the code may mean.
    pub(crate) fn tickets(&self) -> Vec<TicketId> {
        let holders = self.spellings.iter().filter_map(|spelling| spelling.holder);
        let holders = holders.flat_map(|holder| [Some(holder.ticket()), holder.former()]);
        let mut tickets: Vec<_> = holders.flatten().chain(self.id).collect();
        tickets.sort_unstable();
        tickets.dedup();
        tickets
    }

    /// Returns the ticket that the code means, given those of [`CodeMeanings::tickets`] that exist.
    pub(crate) fn meant(&self, tickets: &[&Ticket]) -> Option<TicketId> {
        let bearer = |at: usize| self.spellings.get(at)?.bearer(tickets);
        let as_scanned = bearer(0).filter(|ticket| match ticket.origin {
            // Only tickets of sources have QR codes that are not signed, and only others have credential codes.
            Some(_) => is_qr_code(self.field),
            None => matches!(self.field, MatchField::Any | MatchField::CredentialCode),
        });
        let by_reference = || {
            // A code that happens to be in capitals is no reference.
            bearer(1).filter(|ticket| {
                let origin = ticket.origin.as_ref();
                origin.is_some_and(|origin| is_same(&origin.reference, &self.spellings[1].code))
            })
        };
        let found = as_scanned.or_else(by_reference);
        found.map(|ticket| ticket.id).or(self.id)
    }
}

impl Spelling<'_> {
    /// Returns the ticket that the code belongs to. A code that an unfinished issue took over belongs to the former
    /// holder.
    fn bearer<'t>(&self, tickets: &[&'t Ticket]) -> Option<&'t Ticket> {
        let holder = self.holder?;
        let with_id = |id| tickets.iter().find(|ticket| ticket.id == id).copied();
        let former = || with_id(holder.former()?).filter(|former| former.bears(&self.code));
        with_id(holder.ticket()).or_else(former)
    }
}

/// Whether a code that is not signed may be that of a ticketing system.
fn is_qr_code(field: MatchField) -> bool {
    matches!(field, MatchField::Any | MatchField::QrCode)
}
