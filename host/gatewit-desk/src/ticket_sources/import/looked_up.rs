//! Looks up tickets that are unknown here in the event's sources, and imports them as a sync would.

use std::borrow::Cow;
use std::iter;
use std::pin::pin;

use futures::future::{Either, join_all, select};
use gatewit_domain::identifier::{fold, is_same, without_mark};
use gatewit_domain::source::SourceTicket;
use gatewit_domain::ticket::code_of;
use jiff::SignedDuration;

use super::super::TicketSources;
use super::update::TicketUpdate;
use crate::live_events::LiveEvent;
use crate::live_sources::{Asker, LiveSource};

/// How long a door waits for a source.
const DOOR_WAIT_MAX: SignedDuration = SignedDuration::from_secs(1);

/// An unknown code or order at a door.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted<'t> {
    Code(&'t str),
    /// The [meanings](gatewit_domain::identifier::order_meanings) of an order.
    Order(&'t [String]),
}

impl TicketSources {
    /// Imports the tickets that the event's sources have for a code or an order; returns whether there were any. A
    /// source that is not asked, or does not answer within a second, counts as having none.
    pub(crate) async fn import_looked_up(&self, live: &LiveEvent, wanted: Wanted<'_>) -> bool {
        let names = live.event.ticket_sources.iter();
        let sources = names.filter_map(|name| self.sources.get(name));
        // Until a source has been read once, its types are unknown.
        let sources = sources.filter(|source| source.set().is_some());
        let look_ups = sources.map(async |source| {
            let found = {
                let asking = pin!(Self::ask_source(&source, wanted));
                match select(asking, self.ports.clock.sleep(DOOR_WAIT_MAX)).await {
                    Either::Left((found, _)) => found,
                    Either::Right(_) => Vec::new(),
                }
            };
            (source, found)
        });
        let mut is_found = false;
        for (source, found) in join_all(look_ups).await {
            let updates: Vec<_> = found
                .into_iter()
                .map(Box::new)
                .map(TicketUpdate::LookedUp)
                .collect();
            if updates.is_empty() {
                continue;
            }
            let import = self.import_of(&source, live.event.id);
            match import.apply(updates).await {
                Ok(_) => is_found = true,
                Err(error) => tracing::warn!(
                    source.name = %source.name, event.id = %live.event.id,
                    "a ticket that ticket source {} looked up for event {} cannot be stored, so it is decided without \
                     it: {error}",
                    source.name, live.event.id
                ),
            }
        }
        is_found
    }

    /// Asks a source for one spelling after the other, until it has a ticket that is meant.
    async fn ask_source(source: &LiveSource, wanted: Wanted<'_>) -> Vec<SourceTicket> {
        for spelling in wanted.spellings() {
            let found = source.look_up(&spelling, Asker::Door).await;
            // The look-up logs its own failure; the scan is decided without it.
            let Ok(found) = found else { break };
            let meant = found
                .iter()
                .filter(|ticket| wanted.is_of(ticket, &spelling));
            let meant: Vec<_> = meant.cloned().collect();
            if !meant.is_empty() {
                return meant;
            }
        }
        Vec::new()
    }
}

impl<'t> Wanted<'t> {
    /// The texts to ask for, likeliest first: two at most for a code, four for an order.
    fn spellings(self) -> Vec<Cow<'t, str>> {
        match self {
            // A code with a dash may be a reference, which the ticketing system's own search may compare letter by
            // letter.
            Self::Code(code) => {
                let folded = Some(fold(code)).filter(|folded| folded != code);
                let reference = folded.filter(|folded| folded.contains('-'));
                iter::once(code.into()).chain(reference).collect()
            }
            // People add the mark; few ticketing systems have it.
            Self::Order(orders) => {
                let is_marked = |order: &&String| without_mark(order).is_some();
                let (marked, unmarked): (Vec<_>, Vec<_>) = orders.iter().partition(is_marked);
                let orders = unmarked.into_iter().chain(marked);
                orders.map(Cow::from).collect()
            }
        }
    }

    /// Whether a ticket has this code, or the order that was asked for. A ticketing system may return more: for
    /// `MH9CG-1`, one ticket of the order `MH9CG`.
    fn is_of(&self, ticket: &SourceTicket, asked: &str) -> bool {
        match self {
            Self::Code(code) => {
                let mut codes = ticket.codes.iter();
                codes.any(|own| code_of(&ticket.reference, own) == code_of(&ticket.reference, code))
            }
            Self::Order(_) => is_same(&ticket.order, asked),
        }
    }
}
