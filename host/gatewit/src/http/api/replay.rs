//! `GET /api/v1/scans/{scanId}/replay`: a recorded scan, decided again. `gatewit-api.md` §11.

use axum::extract::State;
use gatewit_decision::Refusal;
use gatewit_desk::{Decided, Fact, FactChange, Replay};
use gatewit_domain::event::Event;
use gatewit_domain::id::{CheckInId, EventId, TicketId};
use gatewit_domain::problem::{CheckInCode, RequestCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Done, Envelope, Failure};
use crate::http::extract::{Id, Organizer};
use crate::http::openapi::failures::failures;
use crate::http::schema;
use crate::http::state::Shared;

/// A recorded scan, decided again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplayResponse {
    #[schema(value_type = schema::CheckInId)]
    check_in_id: CheckInId,
    #[schema(value_type = schema::EventId)]
    event_id: EventId,
    #[schema(value_type = Option<schema::TicketId>)]
    ticket_instance_id: Option<TicketId>,
    #[schema(format = DateTime)]
    at: String,
    recorded: DecidedResponse,
    /// The decision from what was recorded; null if some of that is not stored.
    again: Option<DecidedResponse>,
    /// Whether the decision from what was recorded is the recorded one.
    same: bool,
    /// What the record names and the store does not have as it was.
    differs: Vec<FactChangeResponse>,
    /// The decision at the same moment and place with today's facts.
    today: DecidedResponse,
    /// The facts that have changed since.
    changed_since: Vec<FactChangeResponse>,
}

/// An outcome of the rules.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Decided)]
pub struct DecidedResponse {
    admitted: bool,
    /// The code of a refusal.
    #[schema(example = "already_used")]
    reason: Option<&'static str>,
    /// The day that decided.
    #[schema(example = "Day 1")]
    day_name: Option<String>,
}

/// A fact that was different.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FactChange)]
pub struct FactChangeResponse {
    /// `event`, `ticket`, `ticket state`, `ticket type`, `validity`, `windows` or `entries`.
    #[schema(example = "windows")]
    fact: &'static str,
    /// When the scan was decided.
    then: String,
    now: String,
}

impl DecidedResponse {
    fn new(decided: &Decided, event: &Event) -> Self {
        let days = event.calendar.days.iter().chain(&event.former_days);
        let mut days = days.filter(|day| Some(day.id) == decided.day);
        Self {
            admitted: decided.refusal.is_none(),
            reason: decided.refusal.as_ref().map(Refusal::code),
            day_name: days.next().map(|day| day.name.clone()),
        }
    }
}

impl From<FactChange> for FactChangeResponse {
    fn from(change: FactChange) -> Self {
        Self {
            fact: match change.fact {
                Fact::Event => "event",
                Fact::Ticket => "ticket",
                Fact::TicketState => "ticket state",
                Fact::TicketType => "ticket type",
                Fact::Validity => "validity",
                Fact::Windows => "windows",
                Fact::Entries => "entries",
            },
            then: change.then,
            now: change.now,
        }
    }
}

impl From<Replay> for ReplayResponse {
    fn from(replay: Replay) -> Self {
        let event = &replay.event.event;
        let shown = |decided: &Decided| DecidedResponse::new(decided, event);
        Self {
            check_in_id: replay.scan.id,
            event_id: event.id,
            ticket_instance_id: replay.scan.ticket().map(|ticket| ticket.id),
            at: event.calendar.rfc3339(replay.scan.at),
            recorded: shown(&replay.recorded()),
            again: replay.again.as_ref().map(shown),
            same: replay.is_same(),
            today: shown(&replay.today),
            differs: replay.lost.into_iter().map(Into::into).collect(),
            changed_since: replay.changed.into_iter().map(Into::into).collect(),
        }
    }
}

failures!(ReplayFailures:
    FORBIDDEN [RequestCode::NotOperator]
    UNPROCESSABLE_ENTITY [CheckInCode::NotAScan]
);

/// Decides a recorded scan again, from what was recorded, and compares its facts with those of today.
///
/// For operators.
#[utoipa::path(
    get, path = "/api/v1/scans/{scanId}/replay", tag = "Scans", operation_id = "replay_scan",
    params(("scanId" = schema::CheckInId, Path, description = "The `checkInId` of the scan.")),
    responses(
        (status = 200, body = Envelope<ReplayResponse>, description = "The decisions, and the facts that differ."),
        ReplayFailures
    )
)]
pub async fn replay(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<CheckInId>,
) -> Result<Done<ReplayResponse>, Failure> {
    let replay = desk.admissions.replay(&caller, id).await?;
    let words = match replay.is_same() {
        true => "Decided again as it was recorded",
        false => "Not decided again as it was recorded",
    };
    Ok(Done::ok(words, replay.into()))
}
