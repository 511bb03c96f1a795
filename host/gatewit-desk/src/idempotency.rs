//! Answers stored for requests that may be sent again: under which keys, and for how long. `gatewit-api.md` §5 "Repeats".

use gatewit_domain::problem::{Problem, RequestCode};
use gatewit_domain::record::RecordedBy;
use jiff::{SignedDuration, Timestamp};

use crate::changes::delete_where;
use crate::error::DeskError;
use crate::ports::Ports;
use crate::tables::{DESK_REQUESTS, ISSUE_REQUESTS};

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
    let is_old = |at| is_forgotten(at, ports.now());
    delete_where(ports.store(), &DESK_REQUESTS, |request| is_old(request.at)).await?;
    delete_where(ports.store(), &ISSUE_REQUESTS, |request| is_old(request.at)).await?;
    Ok(())
}
