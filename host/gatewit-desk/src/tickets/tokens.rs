//! Signed codes of tickets: created when a ticket is issued, and again when it is read after their claims have changed.
//!
//! Earlier codes stay valid online, where only the ticket's id counts. `gatewit-api.md` §4.

use super::issuing::known_type;
use super::{ShownTicket, Tickets};
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::tables::{COMPACT_TOKENS, TICKET_TOKENS};
use gatewit_domain::claims::Claims;
use gatewit_domain::id::TicketId;
use gatewit_domain::ports::Write;
use gatewit_domain::ticket::Ticket;

/// The longest signed code shown as a QR code, in characters. Twice the length does not fit at all, and readers at a
/// door get slow long before that.
const QR_CODE_MAX: usize = 1_500;
/// How many tickets are re-signed in one commit, so that a page of them holds up no scan.
const RENEWED_AT_ONCE: usize = 50;

/// A ticket's signed codes.
#[derive(Clone)]
pub(super) struct TicketTokens {
    pub whole: String,
    /// Set if the whole code is too long for a QR code.
    pub compact: Option<String>,
}

impl TicketTokens {
    pub fn qr_code(&self) -> &str {
        self.compact.as_ref().unwrap_or(&self.whole)
    }

    pub fn writes(&self, ticket: &TicketId) -> Vec<Write> {
        let whole = TICKET_TOKENS.put(ticket, &self.whole);
        let compact = self.compact.as_ref();
        let compact = compact.map(|compact| COMPACT_TOKENS.put(ticket, compact));
        [whole].into_iter().chain(compact).collect()
    }
}

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

/// Signs the codes of tickets issued here, in order, outside the async workers.
pub(super) async fn sign_tickets<'t>(
    live: &LiveEvent,
    tickets: impl Iterator<Item = &'t Ticket> + Clone,
) -> Result<Vec<TicketTokens>, DeskError> {
    let key = live.published_key()?;
    let claims = tickets.clone().map(|ticket| claims(live, ticket));
    let wholes = key.sign(claims.collect::<Result<_, _>>()?).await?;
    let long = tickets.zip(&wholes).filter(|(_, whole)| is_too_long(whole));
    let compact = long.map(|(ticket, _)| compact_claims(live, ticket));
    let compact = compact.collect::<Result<_, _>>()?;
    let mut compact = key.sign(compact).await?.into_iter();
    let tokens = wholes.into_iter().map(|whole| TicketTokens {
        compact: is_too_long(&whole).then(|| compact.next()).flatten(),
        whole,
    });
    Ok(tokens.collect())
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

fn is_too_long(token: &str) -> bool {
    token.len() > QR_CODE_MAX
}

fn claims(live: &LiveEvent, ticket: &Ticket) -> Result<Claims, DeskError> {
    let kind = known_type(&live.event, &ticket.type_id)?;
    Ok(Claims::Ticket(ticket.claims(&live.event, kind)))
}

fn compact_claims(live: &LiveEvent, ticket: &Ticket) -> Result<Claims, DeskError> {
    let kind = known_type(&live.event, &ticket.type_id)?;
    Ok(Claims::CompactTicket(
        ticket.compact_claims(&live.event, kind),
    ))
}
