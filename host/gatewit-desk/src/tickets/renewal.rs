//! Signs the codes of tickets again whose claims have changed since.

use std::iter;
use std::sync::Arc;

use gatewit_domain::id::EventId;
use gatewit_domain::ticket::Ticket;

use super::tokens::{TicketTokens, claims, compact_claims, is_too_long, sign_tickets};
use super::{ShownTicket, Tickets};
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::tables::{COMPACT_TOKENS, EVENT_DELETIONS, EventTicket, TICKET_TOKENS};

/// How many tickets are re-signed in one commit, so that a page of them holds up no scan.
const RENEWED_AT_ONCE: usize = 50;

impl Tickets {
    /// Reads the signed codes of an event's tickets, in their order; None for those that a ticketing system sold.
    pub(super) async fn stored_tokens(
        &self,
        event: EventId,
        tickets: impl Iterator<Item = &Ticket>,
    ) -> Result<Vec<Option<TicketTokens>>, DeskError> {
        let keys: Vec<_> = tickets
            .map(|ticket| EventTicket(event, ticket.id))
            .collect();
        let store = self.ports.store();
        let wholes = TICKET_TOKENS.get_many(store, &keys).await?;
        let wholes = wholes.into_iter().map(|stored| Some(stored?.value));
        let wholes: Vec<Option<Arc<str>>> = wholes.collect();
        let has_compact = |whole: &Option<Arc<str>>| whole.as_deref().is_some_and(is_too_long);
        let long = iter::zip(keys, &wholes).filter(|(_, whole)| has_compact(whole));
        let long: Vec<_> = long.map(|(key, _)| key).collect();
        let compact = COMPACT_TOKENS.get_many(store, &long).await?;
        let mut compact = compact.into_iter();
        let tokens = wholes.into_iter().map(|whole| {
            let compact = has_compact(&whole).then(|| compact.next()).flatten();
            Some(TicketTokens {
                whole: whole?,
                compact: compact.flatten().map(|stored| stored.value),
            })
        });
        Ok(tokens.collect())
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
            // Needs no other guard: every reader signs the same for one state of a ticket, and an older code is detected
            // again.
            let guards = vec![EVENT_DELETIONS.absent(&live.event.id)];
            let writes = some.iter().zip(&signed);
            let key = |shown: &ShownTicket| EventTicket(live.event.id, shown.ticket.id);
            let writes = writes.flat_map(|(shown, tokens)| tokens.puts(key(shown)));
            let commit = self.ports.store().commit(guards, writes.collect()).await?;
            if !commit.is_done() {
                return Err(DeskError::not_found("event", live.event.id));
            }
            for (shown, tokens) in some.into_iter().zip(signed) {
                shown.code = Arc::clone(tokens.qr_code());
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
