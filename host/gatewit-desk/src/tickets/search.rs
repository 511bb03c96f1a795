//! Searches an event's tickets, and keeps the index of them complete.

use std::sync::Arc;

use gatewit_domain::id::EventId;
use gatewit_domain::search::{IndexEntry, Search};
use gatewit_domain::ticket::Ticket;

use super::{TicketPage, TicketQuery, Tickets};
use crate::error::DeskError;
use crate::limits::{AT_ONCE, LOOKED_AT_MAX};
use crate::live_events::LiveEvent;
use crate::tables::{EventTicket, TICKETS, of_event};
use crate::turns::let_others_run;

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

    /// Drops the index of an event that was deleted.
    pub(crate) fn drop_index(&self, event: EventId) {
        self.search_indexes.drop_event(event);
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
        let mut page = TicketPage::default();
        let looked_at = &found[..found.len().min(LOOKED_AT_MAX)];
        for (number, ids) in looked_at.chunks(AT_ONCE).enumerate() {
            // Not after the last: what was read would grow old.
            if number > 0 {
                let_others_run().await;
            }
            let keys = ids.iter().map(|id| EventTicket(event, *id));
            let keys: Vec<_> = keys.collect();
            let tickets = TICKETS.get_many(self.ports.store(), &keys).await?;
            let tickets = tickets.into_iter().flatten().map(|stored| stored.value);
            let tickets = tickets.filter(|ticket| visible.shows(ticket)).collect();
            let shown = self.shown_in(live, tickets, query.state).await?;
            if page.is_full_with(shown, query.limit) {
                return Ok(page);
            }
        }
        let is_cut = looked_at.len() < found.len();
        page.next = looked_at.last().filter(|_| is_cut).copied();
        Ok(page)
    }

    /// Indexes the event's tickets that were issued before the start, unless that is done.
    async fn complete_index(&self, event: EventId) -> Result<(), DeskError> {
        let completeness = self.search_indexes.completeness(event);
        let mut is_complete = completeness.lock().await;
        if *is_complete {
            return Ok(());
        }
        let mut pages = TICKETS.pages(self.ports.store(), &of_event(event), WRITTEN_AT_ONCE);
        while let Some(rows) = pages.next().await? {
            // The tickets of an issue in progress are indexed when all of them are written.
            let tickets = rows.into_iter().map(|row| row.value);
            let tickets = tickets.filter(|ticket| self.issues.shows(ticket));
            let tickets = tickets.collect();
            self.search_indexes.add_missing(event, tickets).await?;
            let_others_run().await;
        }
        *is_complete = true;
        Ok(())
    }
}
