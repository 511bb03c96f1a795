//! An in-memory index of each event's tickets: entries of 100 to 200 bytes, in segments.
//!
//! The entries of an event are read from the store once, after the start or at its first search. From then on tickets are
//! indexed just before they are committed. So an entry may be of a ticket that is not in the store: every hit is read
//! from the store before it is shown.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::search::IndexEntry;
use gatewit_domain::ticket::Ticket;

/// How many entries are searched before other tasks may run: about a millisecond.
const SEGMENT: usize = 4_096;

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
    pub fn add(&self, event: EventId, tickets: &[Ticket]) {
        let entries: Vec<_> = tickets.iter().map(IndexEntry::of).collect();
        self.events().entry(event).or_default().add(entries);
    }

    /// Removes the entries of tickets, such as those that were indexed but not committed.
    pub fn forget(&self, event: EventId, tickets: &[Ticket]) {
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
    pub fn complete_segments(&self, event: EventId) -> Option<Vec<Arc<Vec<IndexEntry>>>> {
        let events = self.events();
        let index = events.get(&event).filter(|index| index.is_complete);
        index.map(|index| index.segments.clone())
    }

    /// Returns the tickets indexed so far.
    pub fn indexed(&self, event: EventId) -> HashSet<TicketId> {
        let events = self.events();
        let segments = events.get(&event).map_or(&[][..], |index| &index.segments);
        segments
            .iter()
            .flat_map(|segment| segment.iter())
            .map(|entry| entry.id)
            .collect()
    }

    /// Adds the entries read from the store to those indexed meanwhile, unless another search did so first.
    pub fn complete(&self, event: EventId, mut read: Vec<IndexEntry>) -> Vec<Arc<Vec<IndexEntry>>> {
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
