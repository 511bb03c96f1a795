//! Tickets that nobody knows here yet: looked up in the event's sources, and taken in as a sync would.

use futures::future::join_all;

use super::News;
use crate::identifier::is_same;
use crate::problem::DeskError;
use crate::service::sources::Asker;
use crate::service::{Desk, LiveEvent};
use crate::source::SourceTicket;
use crate::ticket::code_of;

/// What is unknown at a door.
#[derive(Clone, Copy, Debug)]
pub(in crate::service) enum Wanted<'t> {
    Code(&'t str),
    Order(&'t str),
}

impl Desk {
    /// Takes in what the event's sources have of a code or an order; tells whether that was anything. A source that is
    /// not asked, or does not answer within a second, has nothing.
    pub(in crate::service) async fn take_in_found(
        &self,
        live: &LiveEvent,
        wanted: Wanted<'_>,
    ) -> Result<bool, DeskError> {
        let names = live.event.ticket_sources.iter();
        let sources = names.filter_map(|name| self.sources.get(name));
        // Until a source has been read once, nothing is known of its types.
        let sources = sources.filter(|source| source.set().is_some());
        let look_ups = sources.map(async |source| {
            let found = self.look_up(source, wanted.text(), Asker::Door).await;
            // Why it is not answered is logged there; the scan is decided by what is known.
            (source, found.unwrap_or_default())
        });
        let mut is_found = false;
        for (source, found) in join_all(look_ups).await {
            let meant = found.iter().filter(|ticket| wanted.is_of(ticket));
            let news: Vec<_> = meant.cloned().map(Box::new).map(News::Found).collect();
            if !news.is_empty() {
                let ids = self.ticket_ids(live.event.id, &source.name).await?;
                self.take_in_news(source, &ids, live.event.id, news).await?;
                is_found = true;
            }
        }
        Ok(is_found)
    }
}

impl Wanted<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Code(text) | Self::Order(text) => text,
        }
    }

    /// Whether a ticket has this code, or is of this order. A ticketing system finds more than what was asked for.
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
