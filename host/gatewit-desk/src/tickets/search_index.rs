//! Searches an event's tickets in an in-memory index of entries, 100 to 200 bytes per ticket.
//!
//! The entries of an event are read from the store once, after the start or at its first search. From then on tickets are
//! indexed just before they are committed. So an entry may be of a ticket that is not in the store: every hit is read
//! from the store before it is shown.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{TicketPage, TicketQuery, Tickets};
use crate::LOOKED_AT_MAX;
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::tables::{EVENT_TICKETS, TICKETS, join_key};
use crate::turns::{Turns, let_others_run};
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::search::{IndexEntry, Search};
use gatewit_domain::ticket::Ticket;

/// How many entries are searched before other tasks may run: about a millisecond.
const SEGMENT: usize = 4_096;
/// How many entries are written before other tasks may run: also about a millisecond.
const WRITTEN_AT_ONCE: usize = 256;

/// The entries of every event that was searched or had tickets issued since the start.
#[derive(Default)]
pub(super) struct SearchIndex {
    // A std mutex: held for moves and pushes, never across an await.
    events: Mutex<HashMap<EventId, EventIndex>>,
}

/// The entries of one event.
#[derive(Default)]
struct EventIndex {
    /// All full except the last. A search sees them as they were when it began.
    segments: Vec<Arc<Vec<IndexEntry>>>,
    /// Whether they include the tickets issued before the start.
    is_complete: bool,
}

impl SearchIndex {
    /// Adds the entries of tickets.
    pub(super) fn add(&self, event: EventId, tickets: &[Ticket]) {
        let entries: Vec<_> = tickets.iter().map(IndexEntry::of).collect();
        self.events().entry(event).or_default().add(entries);
    }

    /// Removes the entries of tickets, such as those that were indexed but not committed.
    pub(super) fn forget(&self, event: EventId, tickets: &[Ticket]) {
        let gone: HashSet<_> = tickets.iter().map(|ticket| ticket.id).collect();
        if let Some(index) = self.events().get_mut(&event) {
            for segment in &mut index.segments {
                if segment.iter().any(|entry| gone.contains(&entry.id)) {
                    Arc::make_mut(segment).retain(|entry| !gone.contains(&entry.id));
                }
            }
        }
    }

    /// Returns the event's entries if all of them are in memory.
    fn complete_segments(&self, event: EventId) -> Option<Vec<Arc<Vec<IndexEntry>>>> {
        let events = self.events();
        let index = events.get(&event).filter(|index| index.is_complete);
        index.map(|index| index.segments.clone())
    }

    /// Returns the tickets indexed so far.
    fn indexed(&self, event: EventId) -> HashSet<TicketId> {
        let events = self.events();
        let segments = events.get(&event).map_or(&[][..], |index| &index.segments);
        segments
            .iter()
            .flat_map(|segment| segment.iter())
            .map(|entry| entry.id)
            .collect()
    }

    /// Adds the entries read from the store to those indexed meanwhile, unless another search did so first.
    fn complete(&self, event: EventId, mut read: Vec<IndexEntry>) -> Vec<Arc<Vec<IndexEntry>>> {
        let indexed = self.indexed(event);
        read.retain(|entry| !indexed.contains(&entry.id));
        let mut events = self.events();
        let index = events.entry(event).or_default();
        if !mem::replace(&mut index.is_complete, true) {
            index.add(read);
        }
        index.segments.clone()
    }

    fn events(&self) -> MutexGuard<'_, HashMap<EventId, EventIndex>> {
        // At worst, a panic between two pushes leaves entries missing.
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventIndex {
    fn add(&mut self, entries: Vec<IndexEntry>) {
        for entry in entries {
            match self.segments.last_mut() {
                Some(last) if last.len() < SEGMENT => Arc::make_mut(last).push(entry),
                _ => self.segments.push(Arc::new(vec![entry])),
            }
        }
    }
}

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
