//! The state of one connection: when its client was last active, and its place among the others.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::time::Sleep;

use super::activity::Activity;
use super::connections::Place;
use super::limits::HttpLimits;

/// The state of a connection. Each of its requests has it as an extension.
pub struct Connection {
    place: Place,
    limits: Arc<HttpLimits>,
    // A std mutex: held for moves, never across an await.
    activity: Mutex<Activity>,
}

impl Connection {
    pub(super) fn new(place: Place, limits: Arc<HttpLimits>) -> Self {
        Self {
            place,
            limits,
            activity: Mutex::new(Activity::new(Instant::now())),
        }
    }

    /// Notes whether the latest credential was valid: if there are too many connections, the others are closed first.
    pub fn credential_checked(&self, is_valid: bool) {
        self.place.credential_checked(is_valid);
    }

    pub(super) fn read(&self) {
        self.activity().read(Instant::now());
    }

    pub(super) fn written(&self) {
        self.activity().written();
    }

    pub(super) fn write_blocked(&self) {
        self.activity().write_blocked(Instant::now());
    }

    pub(super) fn limits(&self) -> &Arc<HttpLimits> {
        &self.limits
    }

    pub(super) fn answered(&self) {
        self.activity().answered(Instant::now());
        self.place.request_finished();
    }

    /// Ready once the client has been inactive for too long. A deadline that moves later is set when the timer fires: each
    /// request moves it.
    pub(super) fn poll_overdue(
        &self,
        context: &mut Context<'_>,
        mut timer: Pin<&mut Sleep>,
    ) -> Poll<()> {
        let Some(due) = self.activity().due(&self.limits) else {
            return Poll::Pending;
        };
        let due = due.into();
        if timer.deadline() > due {
            timer.as_mut().reset(due);
        }
        ready!(timer.as_mut().poll(context));
        if timer.deadline() == due {
            return Poll::Ready(());
        }
        timer.as_mut().reset(due);
        timer.poll(context)
    }

    pub(super) fn activity(&self) -> MutexGuard<'_, Activity> {
        // A panic between two assignments only makes a limit come too early or too late.
        self.activity.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
