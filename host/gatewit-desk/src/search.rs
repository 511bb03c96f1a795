//! Searches an event's tickets in an in-memory index of cards, 100 to 200 bytes per ticket.
//!
//! The cards of an event are read from the store once, after the start or at its first search. From then on tickets are
//! indexed just before they are committed. So a card may be of a ticket that is not in the store: every hit is read
//! from the store before it is shown.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::tickets::{TicketPage, TicketQuery};
use super::turns::{Turns, let_others_run};
use super::{Desk, LOOKED_AT_MAX, LiveEvent};
use crate::error::DeskError;
use crate::tables::{EVENT_TICKETS, TICKETS, within};
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::search::{Card, Search};
use gatewit_domain::ticket::Ticket;

/// How many cards are searched before other tasks may run: about a millisecond.
const DRAWER: usize = 4_096;
/// How many cards are written before other tasks may run: also about a millisecond.
const WRITTEN_AT_ONCE: usize = 256;

/// The cards of every event that was searched or had tickets issued since the start.
#[derive(Default)]
pub(super) struct TicketIndex {
    // A std mutex: held for moves and pushes, never across an await.
    cabinets: Mutex<HashMap<EventId, Cabinet>>,
}

/// The cards of one event.
#[derive(Default)]
struct Cabinet {
    /// All full except the last. A search sees them as they were when it began.
    drawers: Vec<Arc<Vec<Card>>>,
    /// Whether they include the tickets issued before the start.
    is_whole: bool,
}

impl TicketIndex {
    /// Adds the cards of tickets.
    pub(super) fn note(&self, event: EventId, tickets: &[Ticket]) {
        let cards: Vec<_> = tickets.iter().map(Card::of).collect();
        self.cabinets().entry(event).or_default().add(cards);
    }

    /// Removes the cards of tickets, such as those that were noted but not committed.
    pub(super) fn forget(&self, event: EventId, tickets: &[Ticket]) {
        let gone: HashSet<_> = tickets.iter().map(|ticket| ticket.id).collect();
        if let Some(cabinet) = self.cabinets().get_mut(&event) {
            for drawer in &mut cabinet.drawers {
                if drawer.iter().any(|card| gone.contains(&card.id)) {
                    Arc::make_mut(drawer).retain(|card| !gone.contains(&card.id));
                }
            }
        }
    }

    /// Returns the event's cards if all of them are in memory.
    fn whole(&self, event: EventId) -> Option<Vec<Arc<Vec<Card>>>> {
        let cabinets = self.cabinets();
        let cabinet = cabinets.get(&event).filter(|cabinet| cabinet.is_whole);
        cabinet.map(|cabinet| cabinet.drawers.clone())
    }

    /// Returns the tickets noted so far.
    fn noted(&self, event: EventId) -> HashSet<TicketId> {
        let cabinets = self.cabinets();
        let drawers = cabinets
            .get(&event)
            .map_or(&[][..], |cabinet| &cabinet.drawers);
        drawers
            .iter()
            .flat_map(|drawer| drawer.iter())
            .map(|card| card.id)
            .collect()
    }

    /// Adds the cards read from the store to those noted meanwhile, unless another search did so first.
    fn complete(&self, event: EventId, mut read: Vec<Card>) -> Vec<Arc<Vec<Card>>> {
        let noted = self.noted(event);
        read.retain(|card| !noted.contains(&card.id));
        let mut cabinets = self.cabinets();
        let cabinet = cabinets.entry(event).or_default();
        if !mem::replace(&mut cabinet.is_whole, true) {
            cabinet.add(read);
        }
        cabinet.drawers.clone()
    }

    fn cabinets(&self) -> MutexGuard<'_, HashMap<EventId, Cabinet>> {
        // At worst, a panic between two pushes leaves cards missing.
        self.cabinets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cabinet {
    fn add(&mut self, cards: Vec<Card>) {
        for card in cards {
            match self.drawers.last_mut() {
                Some(last) if last.len() < DRAWER => Arc::make_mut(last).push(card),
                _ => self.drawers.push(Arc::new(vec![card])),
            }
        }
    }
}

impl Desk {
    /// Indexes the tickets of every event that is not over, so that the first search need not.
    pub async fn warm_search(&self) -> Result<(), DeskError> {
        for live in self.live.all() {
            let days = &live.event.calendar.days;
            if days.iter().any(|day| day.ends >= self.now()) {
                self.cards(live.event.id).await?;
            }
        }
        Ok(())
    }

    /// Indexes tickets that are about to be committed. After the commit, a dropped request would leave them out.
    pub(super) async fn note_issued(&self, event: EventId, tickets: &[Ticket]) {
        for some in tickets.chunks(WRITTEN_AT_ONCE) {
            self.index.note(event, some);
            let_others_run().await;
        }
    }

    /// Lists the tickets that match the search, best match first, equal matches in the order they were issued.
    pub(super) async fn search_tickets(
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
            let stored = TICKETS.get(self.store(), id).await?;
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
        for drawer in self.cards(event).await? {
            let ranked = drawer
                .iter()
                .filter_map(|card| Some((search.rank(card)?, card.id)));
            found.extend(ranked);
            let_others_run().await;
        }
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    /// Returns the event's cards, reading them from the store the first time.
    async fn cards(&self, event: EventId) -> Result<Vec<Arc<Vec<Card>>>, DeskError> {
        if let Some(cards) = self.index.whole(event) {
            return Ok(cards);
        }
        let noted = self.index.noted(event);
        let mut read = Vec::new();
        let mut turns = Turns::default();
        let mut after = None;
        loop {
            let prefix = within(&event, &"");
            let rows = EVENT_TICKETS
                .page(self.store(), &prefix, after.as_ref(), WRITTEN_AT_ONCE)
                .await?;
            let Some(last) = rows.last() else {
                return Ok(self.index.complete(event, read));
            };
            after = Some(last.key.clone());
            for row in &rows {
                turns.step().await;
                let id = row.listed("ticket", event)?;
                // The tickets of an issue in progress are noted when all of them are written.
                if !noted.contains(&id)
                    && let Some(stored) = self.stored_ticket(&id).await?
                {
                    read.push(Card::of(&stored.value));
                }
            }
        }
    }
}
