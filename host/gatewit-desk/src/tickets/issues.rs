//! The issues in progress: each is locked by the request that works on it, and its tickets are hidden until it is done.
//!
//! A request that issues many tickets writes them piece by piece, so that no scan waits for all of them. Until the last
//! piece is on disk, no reader sees any of them. If the request is dropped or the server is killed, a retry of the
//! request or a background task takes the lock and rolls the issue back.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use futures::lock::{Mutex as AsyncMutex, OwnedMutexGuard};
use gatewit_domain::id::{EventId, IssueId};
use gatewit_domain::ports::Store;
use gatewit_domain::ticket::Ticket;

use crate::error::DeskError;
use crate::limits::PAGE;
use crate::tables::{CallerKey, ISSUES, IssueState, Stored};

/// The issues in progress, and those whose tickets are hidden.
#[derive(Default)]
pub(super) struct Issues {
    // A std mutex: held for a lookup or a push, never across an await.
    under_way: Mutex<Vec<Arc<IssueUnderWay>>>,
    /// Unfinished issues that may have pieces in the store.
    ///
    /// An issue that was rolled back stays here until the server stops: a reader may still hold one of its tickets.
    hidden: ArcSwap<HashSet<IssueId>>,
}

/// An issue that is neither done nor rolled back.
pub(super) struct IssueUnderWay {
    pub id: IssueId,
    pub event: EventId,
    /// Its request, if that has an idempotency key.
    request: Option<CallerKey>,
    /// Held by the request that works on it, or by the task that rolls it back.
    lock: Arc<AsyncMutex<()>>,
}

/// The lock of an issue, released on drop.
pub(super) struct IssueLock<'i> {
    issues: &'i Issues,
    pub issue: Arc<IssueUnderWay>,
    _guard: OwnedMutexGuard<()>,
}

/// One reader's view: an issue that was unfinished when the reader began stays hidden from it, so that it never sees
/// part of one.
pub(super) struct Visible<'i> {
    issues: &'i Issues,
    hidden_at_first: Arc<HashSet<IssueId>>,
}

impl Issues {
    /// Reads which issues were unfinished when the store was last closed: their requests no longer run.
    pub(super) async fn open(store: &dyn Store) -> Result<Self, DeskError> {
        let (mut under_way, mut hidden) = (Vec::new(), HashSet::new());
        let mut pages = ISSUES.pages(store, "", PAGE);
        while let Some(page) = pages.next().await? {
            for Stored { value, .. } in page {
                if value.state != IssueState::Done {
                    hidden.insert(value.id);
                    let issue = IssueUnderWay::new(value.id, value.event_id, value.request);
                    under_way.push(Arc::new(issue));
                }
            }
        }
        Ok(Self {
            under_way: Mutex::new(under_way),
            hidden: ArcSwap::from_pointee(hidden),
        })
    }

    /// Begins an issue; if the same request has one in progress, returns that as the error.
    pub(super) fn begin(
        &self,
        event: EventId,
        id: IssueId,
        request: Option<CallerKey>,
    ) -> Result<IssueLock<'_>, Arc<IssueUnderWay>> {
        let mut under_way = self.under_way();
        let is_same = |other: &&Arc<IssueUnderWay>| request.is_some() && other.request == request;
        if let Some(other) = under_way.iter().find(is_same) {
            return Err(Arc::clone(other));
        }
        let issue = Arc::new(IssueUnderWay::new(id, event, request));
        let guard = issue.lock.try_lock_owned();
        let guard = guard.expect("nobody else knows of it yet");
        under_way.push(Arc::clone(&issue));
        Ok(self.locked(issue, guard))
    }

    /// Waits for an issue's lock; None if the issue is done or rolled back by then.
    pub(super) async fn wait_for(&self, issue: Arc<IssueUnderWay>) -> Option<IssueLock<'_>> {
        let guard = issue.lock.clone().lock_owned().await;
        let is_under_way = self.under_way().iter().any(|one| Arc::ptr_eq(one, &issue));
        is_under_way.then(|| self.locked(issue, guard))
    }

    /// Lists the issues that nobody has locked: their requests no longer run.
    pub(super) fn abandoned(&self) -> Vec<Arc<IssueUnderWay>> {
        let under_way = self.under_way();
        let abandoned = under_way.iter().filter(|one| one.lock.try_lock().is_some());
        abandoned.cloned().collect()
    }

    /// Whether an issue of the event is in progress.
    pub(super) fn is_any_under_way(&self, event: EventId) -> bool {
        self.under_way().iter().any(|issue| issue.event == event)
    }

    pub(super) fn visible(&self) -> Visible<'_> {
        Visible {
            issues: self,
            hidden_at_first: self.hidden.load_full(),
        }
    }

    pub(super) fn shows(&self, ticket: &Ticket) -> bool {
        !ticket.issue.is_some_and(|issue| self.hides(issue))
    }

    fn hides(&self, issue: IssueId) -> bool {
        self.hidden.load().contains(&issue)
    }

    fn locked(&self, issue: Arc<IssueUnderWay>, guard: OwnedMutexGuard<()>) -> IssueLock<'_> {
        IssueLock {
            issues: self,
            issue,
            _guard: guard,
        }
    }

    fn end(&self, issue: &Arc<IssueUnderWay>) {
        self.under_way().retain(|one| !Arc::ptr_eq(one, issue));
    }

    fn under_way(&self) -> MutexGuard<'_, Vec<Arc<IssueUnderWay>>> {
        // No holder of the lock panics halfway through a change.
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl IssueUnderWay {
    fn new(id: IssueId, event: EventId, request: Option<CallerKey>) -> Self {
        Self {
            id,
            event,
            request,
            lock: Arc::default(),
        }
    }
}

impl IssueLock<'_> {
    /// Hides the issue's tickets from readers; call it before the first of them is written.
    pub(super) fn hide(&self) {
        let id = self.issue.id;
        self.issues.hidden.rcu(|hidden| {
            let mut hidden = HashSet::clone(hidden);
            hidden.insert(id);
            hidden
        });
    }

    /// Shows them, now that all of them are on disk.
    pub(super) fn show(&self) {
        let id = self.issue.id;
        self.issues.hidden.rcu(|hidden| {
            let mut hidden = HashSet::clone(hidden);
            hidden.remove(&id);
            hidden
        });
    }

    /// Whether there may be something to roll back.
    pub(super) fn is_hidden(&self) -> bool {
        self.issues.hides(self.issue.id)
    }

    /// Ends an issue that has nothing left in the store.
    pub(super) fn end_rolled_back(&self) {
        self.issues.end(&self.issue);
    }
}

impl Drop for IssueLock<'_> {
    /// Ends the issue, unless its tickets are hidden: then it stays open, and whoever locks it next rolls it back.
    fn drop(&mut self) {
        if !self.is_hidden() {
            self.issues.end(&self.issue);
        }
    }
}

impl Visible<'_> {
    pub(super) fn shows(&self, ticket: &Ticket) -> bool {
        let was_hidden = |issue| self.hidden_at_first.contains(&issue);
        !ticket.issue.is_some_and(was_hidden) && self.issues.shows(ticket)
    }
}
