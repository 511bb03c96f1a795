//! Searches an event's tickets, and keeps the index of them complete.

use std::sync::Arc;

use gatewit_domain::id::EventId;
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
                self.complete_index(live.event.id).await?;
            }
        }
        Ok(())
    }

    /// Indexes tickets that are about to be committed, in place of their former state. After the commit, a dropped
    /// request would leave them out.
    pub(crate) async fn index(&self, event: EventId, tickets: &[Ticket]) {
        for some in tickets.chunks(WRITTEN_AT_ONCE) {
            let entries = some.iter().map(IndexEntry::of).collect();
            self.search_indexes.add(event, entries);
            let_others_run().await;
        }
    }

    /// Removes tickets from the index.
    pub(crate) fn unindex(&self, event: EventId, tickets: &[Ticket]) {
        let tickets = tickets.iter().map(|ticket| ticket.id).collect();
        self.search_indexes.forget(event, tickets);
    }

    /// Lists the tickets that match the search, best match first, equal matches in the order they were issued.
    pub(super) async fn search(
        &self,
        live: &Arc<LiveEvent>,
        search: Search,
        query: &TicketQuery,
    ) -> Result<TicketPage, DeskError> {
        let event = live.event.id;
        // Before the search: it may find part of an issue that is done before the page is read.
        let visible = self.issues.visible();
        self.complete_index(event).await?;
        // A rank depends only on query and ticket, so the next page begins after the same ticket despite new ones.
        let found = self
            .search_indexes
            .find(event, search, query.cursor, LOOKED_AT_MAX + 1)
            .await?;
        let mut page = TicketPage {
            tickets: Vec::new(),
            next: None,
        };
        let mut turns = Turns::default();
        for (looked_at, id) in found.iter().enumerate() {
            if page.tickets.len() == query.limit {
                page.next = page.tickets.last().map(|shown| shown.ticket.id);
                return Ok(page);
            }
            if looked_at == LOOKED_AT_MAX {
                page.next = Some(found[looked_at - 1]);
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

    /// Indexes the event's tickets that were issued before the start, unless that is done.
    async fn complete_index(&self, event: EventId) -> Result<(), DeskError> {
        let completeness = self.search_indexes.completeness(event);
        let mut is_complete = completeness.lock().await;
        if *is_complete {
            return Ok(());
        }
        let mut turns = Turns::default();
        let prefix = join_key(&event, &"");
        let mut pages = EVENT_TICKETS.pages(self.ports.store(), &prefix, WRITTEN_AT_ONCE);
        while let Some(rows) = pages.next().await? {
            let mut entries = Vec::with_capacity(rows.len());
            for row in &rows {
                turns.step().await;
                let id = row.listed("ticket", event)?;
                // The tickets of an issue in progress are indexed when all of them are written.
                let stored = self.stored(&id).await?;
                entries.extend(stored.map(|stored| IndexEntry::of(&stored.value)));
            }
            self.search_indexes.add_missing(event, entries).await?;
        }
        *is_complete = true;
        Ok(())
    }
}
