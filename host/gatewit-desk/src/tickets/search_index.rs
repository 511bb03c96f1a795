//! Keeps the search index of each event on a thread of its own, so that no search delays a scan.
//!
//! The tickets of an event are read from the store once, after the start or at its first search. From then on tickets
//! are indexed just before they are committed. So an entry may be of a ticket that is not in the store: every hit is
//! read from the store before it is shown.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use futures::channel::oneshot;
use futures::lock::Mutex as AsyncMutex;
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::search::{IndexEntry, Search, SearchIndex};
use gatewit_domain::ticket::Ticket;

use crate::error::DeskError;

type Task = Box<dyn FnOnce(&mut Indexes) + Send>;
type Indexes = HashMap<EventId, SearchIndex>;

/// The search indexes of all events, as the desk sees them.
pub(super) struct SearchIndexes {
    /// The thread does what it is sent in this order, and ends with the desk.
    tasks: Sender<Task>,
    // A std mutex: held for a lookup, never across an await.
    completeness: Mutex<HashMap<EventId, Arc<AsyncMutex<bool>>>>,
}

impl SearchIndexes {
    /// Starts the thread.
    pub fn start() -> Result<Self, DeskError> {
        let (tasks, queue) = channel();
        thread::Builder::new()
            .name("search".to_owned())
            .spawn(move || run(&queue))
            .map_err(|source| fault("start a thread for searches", source))?;
        Ok(Self {
            tasks,
            completeness: Mutex::default(),
        })
    }

    /// Adds entries in place of former ones of the same tickets.
    pub fn add(&self, event: EventId, entries: Vec<IndexEntry>) {
        self.send(move |indexes| {
            let index = indexes.entry(event).or_default();
            entries.into_iter().for_each(|entry| index.add(entry));
        });
    }

    /// Adds entries for those of the tickets that have none. Returns when they are added, so that a reader of many gives way.
    pub async fn add_missing(&self, event: EventId, tickets: Vec<Ticket>) -> Result<(), DeskError> {
        self.ask(move |indexes| {
            let index = indexes.entry(event).or_default();
            for ticket in &tickets {
                if !index.contains(ticket.id) {
                    index.add(IndexEntry::of(ticket));
                }
            }
        })
        .await
    }

    /// Removes the entries of tickets, such as those that were indexed but not committed.
    pub fn forget(&self, event: EventId, tickets: Vec<TicketId>) {
        self.send(move |indexes| {
            if let Some(index) = indexes.get_mut(&event) {
                tickets.into_iter().for_each(|ticket| index.forget(ticket));
            }
        });
    }

    /// Drops the index of an event.
    pub fn drop_event(&self, event: EventId) {
        let completeness = self.completeness.lock();
        let mut completeness = completeness.unwrap_or_else(PoisonError::into_inner);
        completeness.remove(&event);
        self.send(move |indexes| {
            indexes.remove(&event);
        });
    }

    /// Returns the first matches after a ticket, best match first.
    pub async fn find(
        &self,
        event: EventId,
        search: Search,
        after: Option<TicketId>,
        limit: usize,
    ) -> Result<Vec<TicketId>, DeskError> {
        self.ask(move |indexes| {
            let index = indexes.get(&event);
            index.map_or_else(Vec::new, |index| index.find(&search, after, limit))
        })
        .await
    }

    /// Whether the index has the event's tickets that were issued before the start. Who finds that it has not, adds them
    /// under this lock.
    pub fn completeness(&self, event: EventId) -> Arc<AsyncMutex<bool>> {
        let completeness = self.completeness.lock();
        let mut completeness = completeness.unwrap_or_else(PoisonError::into_inner);
        Arc::clone(completeness.entry(event).or_default())
    }

    /// Lets the thread answer. Does nothing if nobody waits for the answer by then.
    async fn ask<A: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Indexes) -> A + Send + 'static,
    ) -> Result<A, DeskError> {
        let (sender, answer) = oneshot::channel();
        self.send(move |indexes| {
            if !sender.is_canceled() {
                // The receiver may have been dropped meanwhile.
                let _ = sender.send(question(indexes));
            }
        });
        answer.await.map_err(|gone| fault("search tickets", gone))
    }

    fn send(&self, task: impl FnOnce(&mut Indexes) + Send + 'static) {
        let is_sent = self.tasks.send(Box::new(task)).is_ok();
        debug_assert!(is_sent, "the thread ends when the last sender is dropped");
    }
}

fn run(queue: &Receiver<Task>) {
    let mut indexes = Indexes::new();
    for task in queue {
        // A panic fails one search, or leaves some entries missing. The panic hook has logged it, and whoever waits for
        // an answer gets an error.
        let _ = catch_unwind(AssertUnwindSafe(|| task(&mut indexes)));
    }
}

fn fault(action: &str, source: impl std::error::Error + Send + Sync + 'static) -> DeskError {
    DeskError::Fault {
        action: action.to_owned(),
        source: Box::new(source),
    }
}
