//! The open connections, and which of them to close when a new one finds no room.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

use super::seldom::Seldom;

/// This bit of the rank marks a connection whose latest request has a valid credential. The other bits count up.
const PROVEN: u64 = 1 << 63;

/// The connections of a server, limited in number.
pub struct Connections {
    max: usize,
    // A std mutex: held for map operations and to spawn a task, never across an await.
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// The lowest rank is closed first: connections without a valid credential, longest without a finished request.
    by_rank: BTreeMap<u64, AbortHandle>,
    last_rank: u64,
    closed: Seldom,
}

/// A connection's place among the others, released when dropped.
pub struct Place {
    connections: Arc<Connections>,
    /// Changes only while the table is locked.
    rank: AtomicU64,
    /// Whether the request under way has a valid credential.
    is_credential_valid: AtomicBool,
}

impl Connections {
    pub fn new(max: usize) -> Self {
        Self {
            max: max.max(1),
            table: Mutex::default(),
        }
    }

    /// Makes room if needed, and starts serving a connection. `serve` spawns the task, which keeps the place, and
    /// returns its handle.
    pub fn open(self: &Arc<Self>, serve: impl FnOnce(Place) -> AbortHandle) {
        let mut table = self.table();
        if table.by_rank.len() >= self.max
            && table.close_first()
            && let Some(closed) = table.closed.count()
        {
            tracing::warn!(
                connections = self.max,
                closed,
                "the limit on connections is reached; closed those that were longest without a finished request"
            );
        }
        let rank = table.next_rank();
        let place = Place {
            connections: self.clone(),
            rank: rank.into(),
            is_credential_valid: false.into(),
        };
        // The task may end before this returns; it then waits for the lock to release its place.
        let serving = serve(place);
        table.by_rank.insert(rank, serving);
    }

    /// Closes a connection even if the limit is not reached.
    pub fn make_room(&self) {
        self.table().close_first();
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // A panic between two operations on the table only leaves a connection that is not closed first.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn next_rank(&mut self) -> u64 {
        self.last_rank += 1;
        self.last_rank
    }

    fn close_first(&mut self) -> bool {
        let first = self.by_rank.pop_first();
        first.inspect(|(_, serving)| serving.abort()).is_some()
    }
}

impl Place {
    /// Notes a finished request: the connection is now the last of its kind to be closed. One whose request had no valid
    /// credential is a stranger's, whatever it proved before: a scanner may have been revoked since.
    pub fn request_finished(&self) {
        let mark = mark(self.is_credential_valid.swap(false, Ordering::Relaxed));
        let mut table = self.connections.table();
        let next = table.next_rank();
        self.move_to(&mut table, |_| mark | next);
    }

    /// Notes whether the credential of the request under way is valid: the connection is then closed after all others.
    pub fn credential_checked(&self, is_valid: bool) {
        self.is_credential_valid.store(is_valid, Ordering::Relaxed);
        let mark = mark(is_valid);
        if self.rank.load(Ordering::Relaxed) & PROVEN != mark {
            self.move_to(&mut self.connections.table(), |rank| rank & !PROVEN | mark);
        }
    }

    fn move_to(&self, table: &mut Table, change: impl FnOnce(u64) -> u64) {
        let rank = self.rank.load(Ordering::Relaxed);
        // A connection that is about to be closed no longer has a rank.
        if let Some(serving) = table.by_rank.remove(&rank) {
            let rank = change(rank);
            self.rank.store(rank, Ordering::Relaxed);
            table.by_rank.insert(rank, serving);
        }
    }
}

fn mark(is_credential_valid: bool) -> u64 {
    match is_credential_valid {
        true => PROVEN,
        false => 0,
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let rank = self.rank.load(Ordering::Relaxed);
        self.connections.table().by_rank.remove(&rank);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::task::JoinHandle;

    use super::*;

    const MAX: usize = 3;

    /// A server's connections, each a task that ends when the connection is closed.
    struct Server {
        connections: Arc<Connections>,
        opened: Vec<(Arc<Place>, JoinHandle<()>)>,
    }

    impl Server {
        fn full() -> Self {
            let mut server = Self {
                connections: Arc::new(Connections::new(MAX)),
                opened: Vec::new(),
            };
            (0..MAX).for_each(|_| server.open());
            server
        }

        fn open(&mut self) {
            let opened = &mut self.opened;
            self.connections.open(|place| {
                let task = tokio::spawn(pending());
                let handle = task.abort_handle();
                opened.push((Arc::new(place), task));
                handle
            });
        }

        fn place(&self, number: usize) -> &Place {
            &self.opened[number].0
        }

        /// Opens more connections, and returns those that were closed in turn, in order.
        async fn closed_by(&mut self, more: usize) -> Vec<usize> {
            let mut closed = Vec::new();
            for _ in 0..more {
                let open = self.still_open().await;
                self.open();
                let left = self.still_open().await;
                closed.extend(open.into_iter().filter(|number| !left.contains(number)));
            }
            closed
        }

        async fn still_open(&self) -> Vec<usize> {
            // An aborted task ends only when it is polled again.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            let tasks = self.opened.iter().enumerate();
            let open = tasks.filter(|(_, (_, task))| !task.is_finished());
            open.map(|(number, _)| number).collect()
        }
    }

    #[tokio::test]
    async fn at_the_cap_the_one_longest_without_a_finished_request_is_closed() {
        let mut server = Server::full();
        server.place(0).request_finished();
        assert_eq!(server.closed_by(4).await, [1, 2, 0, 3]);
    }

    #[tokio::test]
    async fn those_that_carried_a_valid_credential_go_last() {
        let mut server = Server::full();
        server.place(0).credential_checked(true);
        server.place(0).request_finished();
        server.place(1).request_finished();
        server.place(2).request_finished();
        assert_eq!(server.closed_by(6).await, [1, 2, 3, 4, 5, 6]);
    }

    #[tokio::test]
    async fn one_whose_credential_is_no_longer_valid_is_a_stranger_again() {
        let mut server = Server::full();
        server.place(0).credential_checked(true);
        server.place(1).credential_checked(true);
        server.place(0).credential_checked(false);
        assert_eq!(server.closed_by(3).await, [0, 2, 3]);
    }

    #[tokio::test]
    async fn one_whose_later_requests_have_no_credential_is_a_stranger_again() {
        let mut server = Server::full();
        for place in [0, 1] {
            server.place(place).credential_checked(true);
            server.place(place).request_finished();
        }
        server.place(2).request_finished();
        server.place(0).request_finished();
        assert_eq!(server.closed_by(3).await, [2, 0, 3]);
    }

    #[tokio::test]
    async fn a_connection_that_ends_leaves_its_place_to_another() {
        let mut server = Server::full();
        server.opened.remove(1);
        server.open();
        assert_eq!(server.closed_by(0).await, [0; 0]);
        assert_eq!(server.closed_by(1).await, [0]);
    }
}
