//! `/api/v1/events`. `gatewit-api.md` §3.

use std::time::Duration;

use axum::extract::State;
use gatewit_desk::{Desk, EventWindow, LiveEvent};
use gatewit_domain::calendar::Calendar;
use gatewit_domain::id::EventId;
use gatewit_domain::problem::{EventCode, RequestCode, TicketCode};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Done, Envelope, Failure};
use crate::http::extract::{Body, FromQuery, Id, Organizer, Params, QueryFields};
use crate::http::openapi::failures::failures;
use crate::http::schema;
use crate::http::state::Shared;

mod request;
mod response;

pub use request::EventChange;
use response::EventResponse;

/// How long an answer waits for importing the tickets of the event's sources: enough for some ten thousand.
const IMPORT_WAIT: Duration = Duration::from_secs(5);

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WindowResponse {
    #[schema(example = "Day 1")]
    day_name: String,
    #[schema(format = DateTime, example = "2025-12-15T07:00:00+03:00")]
    opens: String,
    #[schema(format = DateTime, example = "2025-12-15T18:30:00+03:00")]
    closes: String,
}

impl WindowResponse {
    /// Prints a window at the times of an event with this calendar.
    pub fn of(window: EventWindow, calendar: &Calendar) -> Self {
        Self {
            day_name: window.day_name,
            opens: calendar.rfc3339(window.opens),
            closes: calendar.rfc3339(window.closes),
        }
    }
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct WindowParams {
    /// The ticket type. Without it, the windows of a ticket without a type.
    ticket_type: Option<String>,
}

impl FromQuery for WindowParams {
    fn read(query: &QueryFields) -> Result<Self, Failure> {
        let ticket_type = query.text("ticketType")?.map(str::to_owned);
        Ok(Self { ticket_type })
    }
}

/// Describes an event, with its warnings.
fn shown(live: &LiveEvent, desk: &Desk) -> EventResponse {
    EventResponse::new(live.event.clone(), desk.events.warnings(live))
}

/// Imports the tickets of an event's sources. The event is stored already, so neither a failure nor the number of
/// tickets delays its answer; the answer's warnings say what is missing.
async fn import_tickets(desk: &Shared, live: &LiveEvent) {
    if live.event.ticket_sources.is_empty() {
        return;
    }
    let (desk, id) = (desk.clone(), live.event.id);
    go_on_behind(IMPORT_WAIT, async move {
        desk.sources.import_attached(id).await
    })
    .await;
}

/// Waits for some work, but no longer than this; the work then continues in the background.
async fn go_on_behind(wait: Duration, work: impl Future<Output = ()> + Send + 'static) {
    let work = tokio::spawn(work);
    // A panic in the work is logged where it happens.
    let _ = tokio::time::timeout(wait, work).await;
}

failures!(CreateFailures:
    FORBIDDEN [RequestCode::NotOrganizationMember, EventCode::SourceNotForOrganization]
    CONFLICT [EventCode::SlugTaken]
    UNPROCESSABLE_ENTITY [
        EventCode::Invalid, EventCode::UnknownStrategy, EventCode::InvalidStrategyOptions,
        EventCode::StrategyFailed, EventCode::UnknownTicketSource
    ]
);

/// Creates a draft of an event.
///
/// `name` and `days` are required.
#[utoipa::path(
    post, path = "/api/v1/events", tag = "Events", operation_id = "create_event",
    request_body = EventChange,
    responses(
        (status = 201, body = Envelope<EventResponse>, description = "The event, a draft."),
        CreateFailures
    )
)]
pub async fn create(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Body(change): Body<EventChange>,
) -> Result<Done<EventResponse>, Failure> {
    let live = desk.events.create(&caller, change.into()).await?;
    import_tickets(&desk, &live).await;
    Ok(Done::created("Event created", shown(&live, &desk)))
}

/// Lists the events that the caller manages.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "Events", operation_id = "list_events",
    responses((status = 200, body = Envelope<Vec<EventResponse>>, description = "The events."))
)]
pub async fn list(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
) -> Done<Vec<EventResponse>> {
    let events = desk.events.list(&caller);
    let warnings = desk.events.warnings_of_each(&events);
    let events = events.iter().zip(warnings);
    let events = events.map(|(live, warnings)| EventResponse::new(live.event.clone(), warnings));
    Done::ok("Events", events.collect())
}

/// Shows an event.
#[utoipa::path(
    get, path = "/api/v1/events/{eventId}", tag = "Events", operation_id = "show_event",
    params(("eventId" = schema::EventId, Path)),
    responses((status = 200, body = Envelope<EventResponse>, description = "The event."))
)]
pub async fn show(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<EventId>,
) -> Result<Done<EventResponse>, Failure> {
    let live = desk.events.managed(&caller, id)?;
    Ok(Done::ok("Event", shown(&live, &desk)))
}

failures!(ChangeFailures:
    FORBIDDEN [RequestCode::NotOrganizationMember, EventCode::SourceNotForOrganization]
    CONFLICT [EventCode::SlugTaken, EventCode::OrganizationFixed]
    UNPROCESSABLE_ENTITY [
        EventCode::Invalid, EventCode::UnknownStrategy, EventCode::InvalidStrategyOptions,
        EventCode::StrategyFailed, EventCode::UnknownTicketSource
    ]
);

/// Replaces the fields that the request names, all at once.
///
/// Naming `checkInStrategy` without `strategyOptions` resets the options.
#[utoipa::path(
    patch, path = "/api/v1/events/{eventId}", tag = "Events", operation_id = "change_event",
    params(("eventId" = schema::EventId, Path)),
    request_body = EventChange,
    responses(
        (status = 200, body = Envelope<EventResponse>, description = "The event as it is now."),
        ChangeFailures
    )
)]
pub async fn change(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<EventId>,
    Body(change): Body<EventChange>,
) -> Result<Done<EventResponse>, Failure> {
    let live = desk.events.change(&caller, id, change.into()).await?;
    import_tickets(&desk, &live).await;
    Ok(Done::ok("Event changed", shown(&live, &desk)))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct DeleteParams {
    /// The slug of the event, which shows that this event is meant.
    confirm: Option<String>,
}

impl FromQuery for DeleteParams {
    fn read(query: &QueryFields) -> Result<Self, Failure> {
        let confirm = query.text("confirm")?.map(str::to_owned);
        Ok(Self { confirm })
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletedResponse {
    #[schema(value_type = schema::EventId)]
    event_id: EventId,
}

failures!(DeleteFailures:
    CONFLICT [EventCode::Declared]
    UNPROCESSABLE_ENTITY [EventCode::NotConfirmed]
);

/// Deletes an event for good, with its tickets, scanners and scans.
///
/// From the answer on the event does not exist for anybody, the credentials of its scanners are refused, and its slug is
/// free. What is stored of it is deleted in the background.
#[utoipa::path(
    delete, path = "/api/v1/events/{eventId}", tag = "Events", operation_id = "delete_event",
    params(("eventId" = schema::EventId, Path), DeleteParams),
    responses(
        (status = 200, body = Envelope<DeletedResponse>, description = "The event is deleted."),
        DeleteFailures
    )
)]
pub async fn delete(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(event_id): Id<EventId>,
    Params(params): Params<DeleteParams>,
) -> Result<Done<DeletedResponse>, Failure> {
    let confirm = params.confirm.as_deref();
    desk.delete_event(&caller, event_id, confirm).await?;
    Ok(Done::ok("Event deleted", DeletedResponse { event_id }))
}

/// Creates an event's signing key, so that tickets can be issued; publishing again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/events/{eventId}/publish", tag = "Events", operation_id = "publish_event",
    params(("eventId" = schema::EventId, Path)),
    responses((status = 200, body = Envelope<EventResponse>, description = "The event, with its public key."))
)]
pub async fn publish(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<EventId>,
) -> Result<Done<EventResponse>, Failure> {
    let live = desk.events.publish(&caller, id).await?;
    Ok(Done::ok("Event published", shown(&live, &desk)))
}

failures!(WindowsFailures:
    UNPROCESSABLE_ENTITY [TicketCode::UnknownType]
    SERVICE_UNAVAILABLE [EventCode::StrategyFailed]
);

/// Lists when doors are open.
#[utoipa::path(
    get, path = "/api/v1/events/{eventId}/windows", tag = "Events", operation_id = "list_windows",
    params(("eventId" = schema::EventId, Path), WindowParams),
    responses(
        (status = 200, body = Envelope<Vec<WindowResponse>>, description = "The windows, in order of opening."),
        WindowsFailures
    )
)]
pub async fn windows(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<EventId>,
    Params(params): Params<WindowParams>,
) -> Result<Done<Vec<WindowResponse>>, Failure> {
    let windows = desk
        .events
        .windows(&caller, id, params.ticket_type.as_deref())
        .await?;
    let calendar = &desk.events.managed(&caller, id)?.event.calendar;
    let windows = windows.into_iter();
    let windows = windows.map(|window| WindowResponse::of(window, calendar));
    Ok(Done::ok("Check-in windows", windows.collect()))
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_that_takes_longer_goes_on_behind_the_answer() {
        let (begin, begun) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let work = async move {
            begun.await.unwrap();
            tell.send("done").unwrap();
        };
        go_on_behind(Duration::ZERO, work).await;
        begin.send(()).unwrap();
        assert_eq!(told.await, Ok("done"));
    }

    #[tokio::test]
    async fn an_answer_waits_for_work_that_ends_soon() {
        let (tell, mut told) = oneshot::channel();
        go_on_behind(IMPORT_WAIT, async move { tell.send("done").unwrap() }).await;
        assert_eq!(told.try_recv(), Ok("done"));
    }
}
