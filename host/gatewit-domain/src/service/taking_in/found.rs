//! Looks up tickets that are unknown here in the event's sources, and imports them as a sync would.

use futures::future::join_all;

use super::News;
use crate::identifier::is_same;
use crate::problem::DeskError;
use crate::service::sources::{Asker, LiveSource};
use crate::service::{Desk, LiveEvent};
use crate::source::SourceTicket;
use crate::ticket::code_of;

/// An unknown code or order at a door.
#[derive(Clone, Copy, Debug)]
pub(in crate::service) enum Wanted<'t> {
    Code(&'t str),
    Order(&'t str),
}

impl Desk {
    /// Imports the tickets that the event's sources have for a code or an order; returns whether there were any. A
    /// source that is not asked, or does not answer within a second, counts as having none.
    pub(in crate::service) async fn take_in_found(
        &self,
        live: &LiveEvent,
        wanted: Wanted<'_>,
    ) -> bool {
        let names = live.event.ticket_sources.iter();
        let sources = names.filter_map(|name| self.sources.get(name));
        // Until a source has been read once, its types are unknown.
        let sources = sources.filter(|source| source.set().is_some());
        let look_ups = sources.map(async |source| {
            let found = self.look_up(source, wanted.text(), Asker::Door).await;
            // The look-up logs its own failure; the scan is decided without it.
            (source, found.unwrap_or_default())
        });
        let mut is_found = false;
        for (source, found) in join_all(look_ups).await {
            let meant = found.iter().filter(|ticket| wanted.is_of(ticket));
            let news: Vec<_> = meant.cloned().map(Box::new).map(News::Found).collect();
            if news.is_empty() {
                continue;
            }
            match self.keep_found(live, source, news).await {
                Ok(()) => is_found = true,
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

    async fn keep_found(
        &self,
        live: &LiveEvent,
        source: &LiveSource,
        news: Vec<News>,
    ) -> Result<(), DeskError> {
        let ids = self.ticket_ids(live.event.id, &source.name).await?;
        self.take_in_news(source, &ids, live.event.id, news).await?;
        Ok(())
    }
}

impl Wanted<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Code(text) | Self::Order(text) => text,
        }
    }

    /// Whether a ticket has this code or order. A ticketing system may return more than was asked for.
    fn is_of(&self, ticket: &SourceTicket) -> bool {
        match self {
            Self::Code(code) => {
                let mut codes = ticket.codes.iter();
                codes.any(|own| code_of(&ticket.reference, own) == code_of(&ticket.reference, code))
            }
            Self::Order(order) => is_same(&ticket.order, order),
        }
    }
}
