//! `/api/v1/events`. `gatewit-api.md` §3.

use std::time::Duration;

use axum::extract::State;
use gatewit_desk::LiveEvent;
use gatewit_domain::event::{EventChange, EventStatus, ScanPoint, StrategyOptions, TicketType};
use gatewit_domain::id::EventId;
use gatewit_domain::source::SourceName;
use gatewit_domain::window::StrategyName;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Done, Envelope, Failure};
use crate::http::extract::{Body, FromQuery, Id, Organizer, Params, QueryFields};
use crate::http::state::Shared;

/// How long an answer waits for importing the tickets of the event's sources: enough for some ten thousand.
const IMPORT_WAIT: Duration = Duration::from_secs(5);

/// An event as organizers see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventResponse {
    event_id: EventId,
    #[schema(example = "East African Tech Summit 2025")]
    name: String,
    #[schema(example = "eats-2025")]
    slug: String,
    #[schema(example = "default")]
    org_id: String,
    #[schema(example = "Africa/Nairobi")]
    timezone: String,
    days: Vec<DayResponse>,
    check_in_strategy: StrategyName,
    #[schema(value_type = Object, example = json!({"earlyCheckInHours": 2, "lateCheckInMinutes": 30}))]
    strategy_options: StrategyOptions,
    ticket_types: Vec<TicketType>,
    zones: Vec<Zone>,
    scan_points: Vec<ScanPoint>,
    ticket_sources: Vec<SourceName>,
    organizers: Vec<String>,
    staff: Vec<String>,
    status: EventStatus,
    #[schema(format = DateTime, example = "2025-12-01T12:00:00+03:00")]
    created_at: String,
    /// Base64 of the SPKI DER; null until the event is published.
    public_key: Option<String>,
    /// Settings that are valid but unusual, and what the event still lacks, in sentences.
    #[schema(example = json!([]))]
    warnings: Vec<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Zone {
    #[schema(example = "venue")]
    id: String,
    /// Whether its doors lead in from outside. The first zone's always do.
    perimeter: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayResponse {
    #[schema(example = "Day 1")]
    day_name: String,
    #[schema(format = DateTime, example = "2025-12-15T09:00:00+03:00")]
    start_date_time: String,
    #[schema(format = DateTime, example = "2025-12-15T18:00:00+03:00")]
    end_date_time: String,
}

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

#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct WindowParams {
    /// The ticket type. Without it, the windows of a ticket without a type.
    ticket_type: Option<String>,
}

impl From<gatewit_decision::Zone> for Zone {
    fn from(zone: gatewit_decision::Zone) -> Self {
        Self {
            id: zone.id,
            perimeter: zone.perimeter,
        }
    }
}

impl FromQuery for WindowParams {
    fn read(query: &QueryFields) -> Result<Self, Failure> {
        let ticket_type = query.text("ticketType")?.map(str::to_owned);
        Ok(Self { ticket_type })
    }
}

impl EventResponse {
    fn new(live: &LiveEvent, warnings: Vec<String>) -> Self {
        let event = live.event.clone();
        let calendar = &event.calendar;
        let days = calendar.days.iter().map(|day| DayResponse {
            day_name: day.name.clone(),
            start_date_time: calendar.rfc3339(day.starts),
            end_date_time: calendar.rfc3339(day.ends),
        });
        Self {
            event_id: event.id,
            timezone: calendar.time_zone.to_string(),
            days: days.collect(),
            created_at: calendar.rfc3339(event.created_at),
            status: event.status(),
            name: event.name,
            slug: event.slug,
            org_id: event.org_id,
            check_in_strategy: event.strategy,
            strategy_options: event.strategy_options,
            ticket_types: event.ticket_types,
            zones: event.zones.into_iter().map(Zone::from).collect(),
            scan_points: event.scan_points,
            ticket_sources: event.ticket_sources,
            organizers: event.organizers,
            staff: event.staff,
            public_key: event.key.map(|key| key.public_key),
            warnings,
        }
    }
}

/// Imports the tickets of an event's sources. The event is stored already, so neither a failure nor the number of
/// tickets delays its answer; the answer's warnings say what is missing.
async fn take_in(desk: &Shared, live: &LiveEvent) {
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

/// Creates a draft of an event.
///
/// `name` and `days` are required.
#[utoipa::path(
    post, path = "/events", tag = "Events", operation_id = "create_event",
    request_body = EventChange,
    responses(
        (status = 201, body = Envelope<EventResponse>, description = "The event, a draft."),
        (status = 403, description = "`not_organization_member`, `source_not_for_organization`"),
        (status = 409, description = "`slug_taken`"),
        (status = 422, description = "`invalid_event`, `unknown_strategy`, `invalid_strategy_options`, `strategy_failed`, `unknown_ticket_source`")
    )
)]
pub async fn create(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Body(change): Body<EventChange>,
) -> Result<Done<EventResponse>, Failure> {
    let live = desk.events.create(&caller, change).await?;
    take_in(&desk, &live).await;
    Ok(Done::created(
        "Event created",
        EventResponse::new(&live, desk.events.warnings(&live)),
    ))
}

/// Lists the events that the caller manages.
#[utoipa::path(
    get, path = "/events", tag = "Events", operation_id = "list_events",
    responses((status = 200, body = Envelope<Vec<EventResponse>>, description = "The events."))
)]
pub async fn list(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
) -> Done<Vec<EventResponse>> {
    let events = desk.events.list(&caller);
    let warnings = desk.events.warnings_of_each(&events);
    Done::ok(
        "Events",
        events
            .iter()
            .zip(warnings)
            .map(|(live, warnings)| EventResponse::new(live, warnings))
            .collect(),
    )
}

/// Shows an event.
#[utoipa::path(
    get, path = "/events/{eventId}", tag = "Events", operation_id = "show_event",
    params(("eventId" = EventId, Path)),
    responses((status = 200, body = Envelope<EventResponse>, description = "The event."))
)]
pub async fn show(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<EventId>,
) -> Result<Done<EventResponse>, Failure> {
    let live = desk.events.managed(&caller, id)?;
    Ok(Done::ok(
        "Event",
        EventResponse::new(&live, desk.events.warnings(&live)),
    ))
}

/// Replaces the fields that the request names, all at once.
///
/// Naming `checkInStrategy` without `strategyOptions` resets the options.
#[utoipa::path(
    patch, path = "/events/{eventId}", tag = "Events", operation_id = "change_event",
    params(("eventId" = EventId, Path)),
    request_body = EventChange,
    responses(
        (status = 200, body = Envelope<EventResponse>, description = "The event as it is now."),
        (status = 403, description = "`not_organization_member`, `source_not_for_organization`"),
        (status = 409, description = "`slug_taken`, `organization_fixed`: an event that had scanners stays in its organization"),
        (status = 422, description = "`invalid_event`, `unknown_strategy`, `invalid_strategy_options`, `strategy_failed`, `unknown_ticket_source`")
    )
)]
pub async fn change(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<EventId>,
    Body(change): Body<EventChange>,
) -> Result<Done<EventResponse>, Failure> {
    let live = desk.events.change(&caller, id, change).await?;
    take_in(&desk, &live).await;
    Ok(Done::ok(
        "Event changed",
        EventResponse::new(&live, desk.events.warnings(&live)),
    ))
}

/// Creates an event's signing key, so that tickets can be issued; publishing again changes nothing.
#[utoipa::path(
    post, path = "/events/{eventId}/publish", tag = "Events", operation_id = "publish_event",
    params(("eventId" = EventId, Path)),
    responses((status = 200, body = Envelope<EventResponse>, description = "The event, with its public key."))
)]
pub async fn publish(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<EventId>,
) -> Result<Done<EventResponse>, Failure> {
    let live = desk.events.publish(&caller, id).await?;
    Ok(Done::ok(
        "Event published",
        EventResponse::new(&live, desk.events.warnings(&live)),
    ))
}

/// Lists when doors are open.
#[utoipa::path(
    get, path = "/events/{eventId}/windows", tag = "Events", operation_id = "list_windows",
    params(("eventId" = EventId, Path), WindowParams),
    responses(
        (status = 200, body = Envelope<Vec<WindowResponse>>, description = "The windows, in order of opening."),
        (status = 422, description = "`unknown_ticket_type`"),
        (status = 503, description = "`strategy_failed`")
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
    let windows = windows.into_iter().map(|window| WindowResponse {
        day_name: window.day_name,
        opens: calendar.rfc3339(window.opens),
        closes: calendar.rfc3339(window.closes),
    });
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
