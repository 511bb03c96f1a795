//! Takes orders for the library: whatever happens to a plugin, by its file, by an upload, a roll-back, a removal or too many
//! failures. Those for one name are carried out one after the other, those for different names at once.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{Id, JoinError, JoinSet};

use crate::library::Library;
use crate::orders::{Order, Task};

/// Takes the orders of a library, and has those for each name carried out one after the other.
pub(crate) struct Foreman {
    library: Arc<Library>,
    orders: UnboundedReceiver<Order>,
    /// The names that a job works on, with what waits for it.
    waiting: HashMap<String, VecDeque<Task>>,
    jobs: JoinSet<()>,
    names: HashMap<Id, String>,
}

impl Foreman {
    pub(crate) fn new(library: Library, orders: UnboundedReceiver<Order>) -> Self {
        Self {
            library: Arc::new(library),
            orders,
            waiting: HashMap::new(),
            jobs: JoinSet::new(),
            names: HashMap::new(),
        }
    }

    pub(crate) async fn run(mut self) {
        loop {
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(order) => self.take(order),
                    None => return,
                },
                Some(ended) = self.jobs.join_next_with_id() => self.end(ended),
            }
        }
    }

    fn take(&mut self, Order { plugin, task }: Order) {
        match self.waiting.get_mut(&plugin) {
            // One look sees all that changed.
            Some(waiting)
                if matches!(task, Task::Look(None))
                    && matches!(waiting.back(), Some(Task::Look(_))) => {}
            Some(waiting) => waiting.push_back(task),
            None => {
                self.waiting.insert(plugin.clone(), VecDeque::new());
                self.begin(plugin, task);
            }
        }
    }

    fn begin(&mut self, plugin: String, task: Task) {
        let (library, name) = (Arc::clone(&self.library), plugin.clone());
        let job = self
            .jobs
            .spawn(async move { library.carry_out(&name, task).await });
        self.names.insert(job.id(), plugin);
    }

    fn end(&mut self, ended: Result<(Id, ()), JoinError>) {
        // A job that panicked has said so in the log.
        let id = ended.map_or_else(|panicked| panicked.id(), |(id, ())| id);
        let Some(plugin) = self.names.remove(&id) else {
            return;
        };
        match self.waiting.get_mut(&plugin).and_then(VecDeque::pop_front) {
            Some(task) => self.begin(plugin, task),
            None => {
                self.waiting.remove(&plugin);
            }
        }
    }
}
