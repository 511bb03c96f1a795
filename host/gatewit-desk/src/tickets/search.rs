//! Searches an event's tickets, and keeps the index of them complete.

use std::sync::Arc;

use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::search::{IndexEntry, Search};
use gatewit_domain::ticket::Ticket;

use super::{TicketPage, TicketQuery, Tickets};
use crate::error::DeskError;
use crate::limits::LOOKED_AT_MAX;
use crate::live_events::LiveEvent;
use crate::tables::{EVENT_TICKETS, TICKETS, join_key};
use crate::turns::{Turns, let_others_run};

/// How many entries are written before other tasks may run: about a millisecond.
const WRITTEN_AT_ONCE: usize = 256;

impl Tickets {
    /// Indexes the tickets of every event that is not over, so that the first search need not.
    pub async fn warm_search(&self) -> Result<(), DeskError> {
        for live in self.events.all() {
            let days = &live.event.calendar.days;
            if days.iter().any(|day| day.ends >= self.ports.now()) {
                self.segments(live.event.id).await?;
            }
        }
        Ok(())
    }

    /// Indexes tickets that are about to be committed. After the commit, a dropped request would leave them out.
    pub(crate) async fn index(&self, event: EventId, tickets: &[Ticket]) {
        for some in tickets.chunks(WRITTEN_AT_ONCE) {
            self.search_index.add(event, some);
            let_others_run().await;
        }
    }

    /// Removes tickets from the index.
    pub(crate) fn unindex(&self, event: EventId, tickets: &[Ticket]) {
        self.search_index.forget(event, tickets);
    }

    /// Lists the tickets that match the search, best match first, equal matches in the order they were issued.
    pub(super) async fn search(
        &self,
        live: &Arc<LiveEvent>,
        search: &Search,
        query: &TicketQuery,
    ) -> Result<TicketPage, DeskError> {
        let found = self.found_by(search, live.event.id).await?;
        // A rank depends only on query and ticket, so the next page begins after the same ticket despite new ones.
        let start = match query.cursor {
            None => 0,
            Some(cursor) => {
                let last = found.iter().position(|id| *id == cursor);
                last.map_or(found.len(), |last| last + 1)
            }
        };
        let mut page = TicketPage {
            tickets: Vec::new(),
            next: None,
        };
        let mut turns = Turns::default();
        let visible = self.issues.visible();
        for (looked_at, id) in found[start..].iter().enumerate() {
            if page.tickets.len() == query.limit {
                page.next = page.tickets.last().map(|shown| shown.ticket.id);
                return Ok(page);
            }
            if looked_at == LOOKED_AT_MAX {
                page.next = Some(found[start + looked_at - 1]);
                return Ok(page);
            }
            turns.step().await;
            let stored = TICKETS.get(self.ports.store(), id).await?;
            let Some(stored) = stored.filter(|stored| visible.shows(&stored.value)) else {
                continue;
            };
            let shown = self.shown_in(live, stored.value, query.state).await?;
            page.tickets.extend(shown);
        }
        Ok(page)
    }

    async fn found_by(&self, search: &Search, event: EventId) -> Result<Vec<TicketId>, DeskError> {
        let mut found = Vec::new();
        for segment in self.segments(event).await? {
            let ranked = segment
                .iter()
                .filter_map(|entry| Some((search.rank(entry)?, entry.id)));
            found.extend(ranked);
            let_others_run().await;
        }
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    /// Returns the event's entries, reading them from the store the first time.
    async fn segments(&self, event: EventId) -> Result<Vec<Arc<Vec<IndexEntry>>>, DeskError> {
        if let Some(entries) = self.search_index.complete_segments(event) {
            return Ok(entries);
        }
        let indexed = self.search_index.indexed(event);
        let mut read = Vec::new();
        let mut turns = Turns::default();
        let prefix = join_key(&event, &"");
        let mut pages = EVENT_TICKETS.pages(self.ports.store(), &prefix, WRITTEN_AT_ONCE);
        while let Some(rows) = pages.next().await? {
            for row in &rows {
                turns.step().await;
                let id = row.listed("ticket", event)?;
                // The tickets of an issue in progress are indexed when all of them are written.
                if !indexed.contains(&id)
                    && let Some(stored) = self.stored(&id).await?
                {
                    read.push(IndexEntry::of(&stored.value));
                }
            }
        }
        Ok(self.search_index.complete(event, read))
    }
}
