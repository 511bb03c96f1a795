//! Answers stored for requests that may be sent again: under which keys, and for how long. `gatewit-api.md` §5 "Repeats".

use gatewit_domain::ports::Write;
use gatewit_domain::problem::{Problem, RequestCode};
use gatewit_domain::record::RecordedBy;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::DeskError;
use crate::limits::PAGE;
use crate::ports::Ports;
use crate::tables::{CallerKey, DESK_REQUESTS, ISSUE_REQUESTS, Table};
use crate::turns::let_others_run;

/// How long an answer is kept for repeated requests.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Whether an answer given at `at` is too old to be repeated.
pub(super) fn is_forgotten(at: Timestamp, now: Timestamp) -> bool {
    now >= at + KEPT_FOR
}

pub(super) fn used_for_another() -> DeskError {
    DeskError::Conflict(Problem::new(
        RequestCode::IdempotencyMismatch,
        "this idempotency key was used for another request; use a new key for each request",
    ))
}

/// Returns a caller as keys of repeated requests name it. An organizer's identity is free text, so it is prefixed with its
/// length.
pub(super) fn caller(by: &RecordedBy) -> String {
    match by {
        RecordedBy::Scanner(id) => id.to_string(),
        RecordedBy::Organizer(sub) => organizer(sub),
    }
}

/// Returns an organizer as keys of repeated requests name it.
pub(super) fn organizer(sub: &str) -> String {
    format!("{}:{sub}", sub.len())
}

/// Deletes answers that are too old to be repeated.
pub(super) async fn forget_old_answers(ports: &Ports) -> Result<(), DeskError> {
    forget_old(ports, &DESK_REQUESTS, |request| request.at).await?;
    forget_old(ports, &ISSUE_REQUESTS, |request| request.at).await
}

async fn forget_old<V: Serialize + DeserializeOwned>(
    ports: &Ports,
    table: &Table<V, CallerKey>,
    at: impl Fn(&V) -> Timestamp,
) -> Result<(), DeskError> {
    let mut pages = table.pages(ports.store(), "", PAGE);
    while let Some(page) = pages.next().await? {
        let now = ports.now();
        let old = page
            .iter()
            .filter(|stored| is_forgotten(at(&stored.value), now));
        let (guards, writes): (Vec<_>, Vec<_>) = old
            .map(|stored| (stored.unchanged(), Write::Delete(stored.key.clone())))
            .unzip();
        if !writes.is_empty() {
            // If a key was reused meanwhile, its page is left until the next run.
            ports.store().commit(guards, writes).await?;
        }
        let_others_run().await;
    }
    Ok(())
}
