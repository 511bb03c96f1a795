//! Signs the codes of tickets again whose claims have changed since.

use gatewit_domain::ticket::Ticket;

use super::tokens::{TicketTokens, claims, compact_claims, is_too_long, sign_tickets};
use super::{ShownTicket, Tickets};
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::tables::{COMPACT_TOKENS, TICKET_TOKENS};

/// How many tickets are re-signed in one commit, so that a page of them holds up no scan.
const RENEWED_AT_ONCE: usize = 50;

impl Tickets {
    /// Reads the signed codes of a ticket; None if a ticketing system sold it.
    pub(super) async fn stored_tokens(
        &self,
        ticket: &Ticket,
    ) -> Result<Option<TicketTokens>, DeskError> {
        let Some(whole) = TICKET_TOKENS.get(self.ports.store(), &ticket.id).await? else {
            return Ok(None);
        };
        let whole = whole.value;
        let compact = match is_too_long(&whole) {
            true => COMPACT_TOKENS.get(self.ports.store(), &ticket.id).await?,
            false => None,
        };
        Ok(Some(TicketTokens {
            whole,
            compact: compact.map(|stored| stored.value),
        }))
    }

    /// Re-signs the codes of tickets whose claims are outdated.
    pub(super) async fn renew_tokens(
        &self,
        live: &LiveEvent,
        tickets: &mut [ShownTicket],
    ) -> Result<(), DeskError> {
        let outdated = tickets
            .iter_mut()
            .filter(|shown| is_outdated(live, shown))
            .collect::<Vec<_>>();
        let mut outdated = outdated.into_iter();
        loop {
            let some: Vec<_> = outdated.by_ref().take(RENEWED_AT_ONCE).collect();
            if some.is_empty() {
                return Ok(());
            }
            let signed = sign_tickets(live, some.iter().map(|shown| &shown.ticket)).await?;
            // Unguarded: every reader signs the same for one state of a ticket, and an older code is detected again.
            let writes = some.iter().zip(&signed);
            let writes = writes.flat_map(|(shown, tokens)| tokens.writes(&shown.ticket.id));
            self.ports
                .store()
                .commit(Vec::new(), writes.collect())
                .await?;
            for (shown, tokens) in some.into_iter().zip(signed) {
                shown.code = tokens.qr_code().to_owned();
                shown.token = Some(tokens.whole);
            }
        }
    }
}

fn is_outdated(live: &LiveEvent, shown: &ShownTicket) -> bool {
    let (Some(key), Some(token)) = (&live.key, &shown.token) else {
        return false;
    };
    // A ticket whose type no longer exists keeps its code.
    let Ok(claims) = claims(live, &shown.ticket) else {
        return false;
    };
    let is_compact_current = || match is_too_long(token) {
        true => {
            compact_claims(live, &shown.ticket).is_ok_and(|claims| key.says(&shown.code, &claims))
        }
        false => shown.code == *token,
    };
    !(key.says(token, &claims) && is_compact_current())
}
