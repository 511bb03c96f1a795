//! The one thread that writes. It gathers waiting commits into a group, makes the group durable, then answers all of
//! them.
//!
//! Durable commits are fast because a whole group shares one sync. Knows no files: its caller passes the function that
//! makes a batch durable.

use std::collections::hash_map::Entry;
use std::mem;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use gatewit_domain::ports::{Commit, Guard, Key, StoreError, Write};
use tokio::sync::oneshot;
use tracing::error;

use super::meter::StoreMeter;
use super::view::{Group, PendingKey, Stopped, View};
use crate::disk::{Cause, caught};
use crate::evaluate::{Value, evaluate};

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

pub(super) struct Committer {
    queue: Receiver<Request>,
    view: Arc<View>,
    meter: Arc<StoreMeter>,
    persist: Persist,
    group: Group,
    /// The commits to answer when the group is durable.
    waiting: Vec<Waiting>,
    changes: Vec<(Key, Value)>,
    stopped: Option<Stopped>,
}

impl Committer {
    pub(super) fn new(
        queue: Receiver<Request>,
        view: Arc<View>,
        meter: Arc<StoreMeter>,
        persist: Persist,
    ) -> Self {
        Self {
            queue,
            view,
            meter,
            persist,
            group: Group::default(),
            waiting: Vec::new(),
            changes: Vec::new(),
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
        caught(|| Ok(self.decide(guards, writes))).unwrap_or_else(|cause| {
            let stopped = self.stop(cause);
            Err(stopped.fails("commit"))
        })
    }

    fn decide(&mut self, guards: &[Guard], writes: Vec<Write>) -> Answer {
        // Readers need the old value of a written key. It is read here, so that the writes below cannot fail halfway.
        for write in &writes {
            let (Write::Put(key, _)
            | Write::Insert(key, _)
            | Write::Delete(key)
            | Write::Add(key, _)
            | Write::Append(key, _)) = write;
            pending_key(&mut self.group, &self.view, key)?;
        }
        let held = |key: &Key| {
            let pending = pending_key(&mut self.group, &self.view, key)?;
            Ok(match &pending.next {
                Some(next) => next.clone(),
                None => Value::from_stored(pending.durable.clone()),
            })
        };
        let commit = evaluate(guards, writes, held, &mut self.changes)?;
        if commit.is_done() {
            for (key, next) in self.changes.drain(..) {
                (self.group.entry(key)).and_modify(|pending| pending.next = Some(next));
            }
        }
        Ok(commit)
    }

    /// Makes the writes of the group durable.
    fn write_group(&mut self) {
        let mut batch = sled::Batch::default();
        let mut is_empty = true;
        for (key, pending) in &self.group {
            let Some(next) = &pending.next else { continue };
            let next = next.clone().into_stored();
            if next == pending.durable {
                continue;
            }
            is_empty = false;
            match next {
                Some(value) => batch.insert(key.as_bytes(), &*value),
                None => batch.remove(key.as_bytes()),
            }
        }
        if is_empty {
            // Earlier groups are durable, and so is the value that blocked these commits.
            self.group.clear();
            return;
        }
        self.view.hide(mem::take(&mut self.group));
        match (self.persist)(batch) {
            Ok(()) => self.group = self.view.show(),
            Err(cause) => {
                self.stop(cause);
            }
        }
    }

    fn stop(&mut self, cause: Cause) -> Stopped {
        let stopped = Stopped(cause.into());
        error!(error = ?stopped.0, "the store has stopped: a commit did not reach the disk");
        self.view.stop(stopped.clone());
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

/// The pending state of a key, read from the tree when the group sees the key first.
fn pending_key<'a>(
    group: &'a mut Group,
    view: &View,
    key: &Key,
) -> Result<&'a mut PendingKey, StoreError> {
    Ok(match group.entry(key.clone()) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert(PendingKey {
            durable: view.get(key)?,
            next: None,
        }),
    })
}
