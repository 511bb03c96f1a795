//! Background tasks that run until the server ends.

use std::sync::Arc;
use std::time::Duration;

use gatewit_desk::Desk;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::declared::warn_rejected;

/// How often to look whether refusals are due. Ticks a second apart would come a moment too early, and each would cost
/// another second.
const RECORD_CHECKED_EVERY: Duration = Duration::from_millis(100);
const RECORD_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often to look for issued tickets whose request was abandoned.
const TAKE_BACK_EVERY: Duration = Duration::from_secs(1);
/// How often to look for deleted events that still have rows.
const DELETE_EVERY: Duration = Duration::from_secs(5);
/// How often to delete stored answers that are too old to be repeated.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

/// Starts all of them.
pub(super) fn start(desk: &Arc<Desk>, beside: &mut JoinSet<()>) {
    beside.spawn(take_back_issues(Arc::clone(desk)));
    beside.spawn(delete_rows(Arc::clone(desk)));
    beside.spawn(housekeeping(Arc::clone(desk)));
    beside.spawn(record_refusals(Arc::clone(desk)));
    beside.spawn(import_all(Arc::clone(desk)));
}

/// Imports what the sources have into the events that they are attached to.
async fn import_all(desk: Arc<Desk>) {
    desk.sources.import_all().await;
}

/// Records the refusals that were too many to record one by one, once a second.
async fn record_refusals(desk: Arc<Desk>) {
    let mut ticks = tokio::time::interval(RECORD_CHECKED_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut has_failed = false;
    loop {
        ticks.tick().await;
        let recorded = desk.admissions.record_refusals().await;
        if let (Err(error), false) = (&recorded, has_failed) {
            tracing::warn!(error = %error, "cannot record refusals; will try again every second");
        }
        has_failed = recorded.is_err();
        if has_failed {
            ticks.reset_after(RECORD_AGAIN_AFTER);
        }
    }
}

/// Takes back tickets whose request did not finish; at the start, those left by a killed server.
async fn take_back_issues(desk: Arc<Desk>) {
    let mut ticks = tokio::time::interval(TAKE_BACK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = desk.tickets.roll_back_abandoned_issues().await {
            tracing::warn!(error = %error, "cannot take back tickets of a request that did not finish; will try again");
        }
    }
}

/// Deletes the rows of deleted events; at the start, those that a killed server left.
async fn delete_rows(desk: Arc<Desk>) {
    let mut ticks = tokio::time::interval(DELETE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        desk.delete_rows_of_deleted_events().await;
    }
}

/// Prepares what the first scan and the first search need, then deletes old answers every hour.
async fn housekeeping(desk: Arc<Desk>) {
    desk.events.warm_windows().await;
    warn_rejected(&desk).await;
    if let Err(error) = desk.tickets.warm_search().await {
        tracing::warn!(error = %error, "cannot read tickets ahead of the first search; it will read them itself");
    }
    let mut hourly = tokio::time::interval(FORGET_EVERY);
    loop {
        hourly.tick().await;
        if let Err(error) = desk.forget_old_answers().await {
            tracing::warn!(error = %error, "cannot delete old answers; will try again");
        }
    }
}
