//! Signed codes of tickets: created when a ticket is issued, and again when it is read after their claims have changed.
//!
//! Earlier codes stay valid online, where only the ticket's id counts. `gatewit-api.md` §4.

use std::iter;
use std::sync::Arc;

use gatewit_domain::claims::Claims;
use gatewit_domain::event::{Event, TicketType};
use gatewit_domain::ports::Write;
use gatewit_domain::problem::TicketCode;
use gatewit_domain::ticket::Ticket;

use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::tables::{COMPACT_TOKENS, EventTicket, TICKET_TOKENS};

/// The longest signed code shown as a QR code, in characters. Twice the length does not fit at all, and readers at a
/// door get slow long before that.
const QR_CODE_MAX: usize = 1_500;

/// A ticket's signed codes.
#[derive(Clone)]
pub(super) struct TicketTokens {
    pub whole: Arc<str>,
    /// Set if the whole code is too long for a QR code.
    pub compact: Option<Arc<str>>,
}

impl TicketTokens {
    pub fn qr_code(&self) -> &Arc<str> {
        self.compact.as_ref().unwrap_or(&self.whole)
    }

    /// Returns the writes for a new ticket.
    pub fn inserts(&self, ticket: EventTicket) -> impl Iterator<Item = Write> {
        let whole = TICKET_TOKENS.insert(&ticket, &self.whole);
        let compact = self.compact.as_ref();
        let compact = compact.map(|compact| COMPACT_TOKENS.insert(&ticket, compact));
        iter::once(whole).chain(compact)
    }

    /// Returns the writes for a ticket that has tokens already.
    pub fn puts(&self, ticket: EventTicket) -> impl Iterator<Item = Write> {
        let whole = TICKET_TOKENS.put(&ticket, &self.whole);
        let compact = self.compact.as_ref();
        let compact = compact.map(|compact| COMPACT_TOKENS.put(&ticket, compact));
        iter::once(whole).chain(compact)
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
        compact: (is_too_long(&whole).then(|| compact.next()).flatten()).map(Arc::from),
        whole: whole.into(),
    });
    Ok(tokens.collect())
}

pub(super) fn is_too_long(token: &str) -> bool {
    token.len() > QR_CODE_MAX
}

pub(super) fn claims(live: &LiveEvent, ticket: &Ticket) -> Result<Claims, DeskError> {
    let kind = known_type(&live.event, &ticket.type_id)?;
    Ok(Claims::Ticket(ticket.claims(&live.event, kind)))
}

pub(super) fn compact_claims(live: &LiveEvent, ticket: &Ticket) -> Result<Claims, DeskError> {
    let kind = known_type(&live.event, &ticket.type_id)?;
    Ok(Claims::CompactTicket(
        ticket.compact_claims(&live.event, kind),
    ))
}

/// Finds a type among those that the event itself lists.
pub(super) fn known_type<'e>(event: &'e Event, id: &str) -> Result<&'e TicketType, DeskError> {
    event.ticket_type(id).ok_or_else(|| {
        let known: Vec<_> = event
            .ticket_types
            .iter()
            .map(|kind| kind.id.as_str())
            .collect();
        let known = match known.as_slice() {
            [] => "none; add ticketTypes to it".to_owned(),
            known => known.join(", "),
        };
        let words = format!(
            "ticketTypeId: event {} has no ticket type \"{id}\"; it has: {known}",
            event.id
        );
        DeskError::unacceptable(TicketCode::UnknownType, words)
    })
}
