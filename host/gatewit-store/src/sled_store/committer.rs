//! The one thread that writes. It gathers waiting commits into a group, makes the group durable, then answers all of
//! them.
//!
//! Durable commits are fast because a whole group shares one sync. Knows no files: its caller passes the function that
//! makes a batch durable.

use std::mem;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use bytes::Bytes;
use gatewit_domain::ports::{Commit, Guard, Key, StoreError, StoreLayout, Write};
use tokio::sync::oneshot;
use tracing::error;

use super::meter::StoreMeter;
use super::view::{Stopped, View};
use crate::disk::{Cause, caught};
use crate::fold::Sequences;
use crate::group::{Group, Held};
use crate::layout::{Kind, kind};

/// The largest number of commits that share one sync.
const GROUP_MAX: usize = 1024;

/// One commit that waits for its answer.
pub(super) struct Request {
    pub guards: Vec<Guard>,
    pub writes: Vec<Write>,
    pub answer: oneshot::Sender<Answer>,
    pub asked_at: Instant,
}

/// A commit that is decided but not durable yet, and its waiter.
struct Waiting {
    waiter: oneshot::Sender<Answer>,
    answer: Answer,
    asked_at: Instant,
}

pub(super) type Answer = Result<Commit, StoreError>;

/// Applies a batch as one step and returns when it is durable.
pub(super) type Persist = Box<dyn FnMut(sled::Batch) -> Result<(), Cause> + Send>;

/// What is durable: the committer decides over it.
pub(super) struct Durable {
    pub view: Arc<View>,
    /// The last number of each sequence.
    pub sequences: Sequences,
}

impl Held for Durable {
    fn row(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        // No group is in flight while the committer stages the next one.
        let values = self.view.get_many(std::slice::from_ref(key))?;
        Ok(values.into_iter().next().flatten())
    }

    fn last(&self, prefix: &Key) -> Result<u64, StoreError> {
        self.view.check_whole(prefix)?;
        Ok(self.sequences.get(prefix).copied().unwrap_or_default())
    }

    fn is_damaged(&self, prefix: &Key) -> bool {
        self.view.check_whole(prefix).is_err()
    }
}

pub(super) struct Committer {
    layout: StoreLayout,
    queue: Receiver<Request>,
    durable: Durable,
    meter: Arc<StoreMeter>,
    persist: Persist,
    group: Group,
    /// The commits to answer when the group is durable.
    waiting: Vec<Waiting>,
    stopped: Option<Stopped>,
}

impl Committer {
    pub(super) fn new(
        layout: StoreLayout,
        queue: Receiver<Request>,
        durable: Durable,
        meter: Arc<StoreMeter>,
        persist: Persist,
    ) -> Self {
        Self {
            layout,
            queue,
            durable,
            meter,
            persist,
            group: Group::default(),
            waiting: Vec::new(),
            stopped: None,
        }
    }

    /// Commits until the queue is closed and empty.
    pub(super) fn run(mut self) {
        while let Ok(first) = self.queue.recv() {
            self.take(first);
            // More commits arrive while a group is written, so the next group fills without waiting here.
            while self.waiting.len() < GROUP_MAX
                && let Ok(next) = self.queue.try_recv()
            {
                self.take(next);
            }
            self.write_group();
            self.answer_all();
        }
    }

    /// Evaluates one commit against the disk and the group so far.
    fn take(&mut self, request: Request) {
        let answer = match &self.stopped {
            Some(stopped) => Err(stopped.fails("commit")),
            None => self.decide_or_stop(&request.guards, request.writes),
        };
        self.waiting.push(Waiting {
            waiter: request.answer,
            answer,
            asked_at: request.asked_at,
        });
    }

    /// Decides one commit. If sled fails while it is read, its state is unknown, and the store stops.
    fn decide_or_stop(&mut self, guards: &[Guard], writes: Vec<Write>) -> Answer {
        let stage = || Ok((self.group).stage(&self.layout, &self.durable, guards, writes));
        caught(stage).unwrap_or_else(|cause| {
            let stopped = self.stop(cause);
            Err(stopped.fails("commit"))
        })
    }

    /// Makes the writes of the group durable.
    fn write_group(&mut self) {
        let mut batch = sled::Batch::default();
        let mut is_empty = true;
        for (key, next) in self.group.changes() {
            is_empty = false;
            match next {
                _ if kind(&self.layout, key) == Kind::Derived => {}
                Some(value) => batch.insert(key.as_bytes(), &*value),
                None => batch.remove(key.as_bytes()),
            }
        }
        let sequences = self.group.sequences();
        let sequences = sequences.map(|(prefix, last)| (prefix.clone(), last));
        self.durable.sequences.extend(sequences);
        if is_empty {
            // Earlier groups are durable, and so is the value that blocked these commits.
            self.group.clear();
            return;
        }
        self.durable.view.hide(mem::take(&mut self.group));
        match (self.persist)(batch) {
            Ok(()) => {
                self.durable.view.show();
                self.meter.holds(self.durable.view.usage());
            }
            Err(cause) => {
                self.stop(cause);
            }
        }
    }

    fn stop(&mut self, cause: Cause) -> Stopped {
        let stopped = Stopped(cause.into());
        error!(error = ?stopped.0, "the store has stopped: a commit did not reach the disk");
        self.durable.view.stop(stopped.clone());
        for waiting in &mut self.waiting {
            waiting.answer = Err(stopped.fails("commit"));
        }
        self.group.clear();
        self.stopped = Some(stopped.clone());
        stopped
    }

    fn answer_all(&mut self) {
        self.meter.group_written(self.waiting.len());
        let now = Instant::now();
        for waiting in self.waiting.drain(..) {
            self.meter
                .answered_after(now.duration_since(waiting.asked_at));
            // A waiter may be gone; its commit stands.
            let _ = waiting.waiter.send(waiting.answer);
        }
    }
}
