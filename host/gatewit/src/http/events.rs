//! `/api/v1/events`. `gatewit-api.md` §3.

use axum::extract::State;
use gatewit_domain::event::{EventChange, EventStatus, ScanPoint, StrategyOptions, TicketType};
use gatewit_domain::id::EventId;
use gatewit_domain::service::LiveEvent;
use gatewit_domain::window::StrategyName;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::answer::{Done, Failure};
use super::extract::{Body, Id, Organizer, Params};

/// An event as organizers see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventResponse {
    event_id: EventId,
    name: String,
    slug: String,
    org_id: String,
    timezone: String,
    days: Vec<DayResponse>,
    check_in_strategy: StrategyName,
    strategy_options: StrategyOptions,
    ticket_types: Vec<TicketType>,
    scan_points: Vec<ScanPoint>,
    organizers: Vec<String>,
    staff: Vec<String>,
    status: EventStatus,
    created_at: String,
    /// Base64 of the SPKI DER; null until the event is published.
    public_key: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DayResponse {
    day_name: String,
    start_date_time: String,
    end_date_time: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowResponse {
    day_name: String,
    opens: String,
    closes: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowParams {
    ticket_type: Option<String>,
}

impl From<&LiveEvent> for EventResponse {
    fn from(live: &LiveEvent) -> Self {
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
            scan_points: event.scan_points,
            organizers: event.organizers,
            staff: event.staff,
            public_key: event.key.map(|key| key.public_key),
        }
    }
}

pub async fn create(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Body(change): Body<EventChange>,
) -> Result<Done<EventResponse>, Failure> {
    let live = desk.create_event(&caller, change).await?;
    Ok(Done::created("Event created", (&*live).into()))
}

pub async fn list(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
) -> Done<Vec<EventResponse>> {
    let events = desk.events(&caller);
    Done::ok(
        "Events",
        events.iter().map(|live| (&**live).into()).collect(),
    )
}

pub async fn show(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<EventId>,
) -> Result<Done<EventResponse>, Failure> {
    let live = desk.event(&caller, id)?;
    Ok(Done::ok("Event", (&*live).into()))
}

pub async fn change(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<EventId>,
    Body(change): Body<EventChange>,
) -> Result<Done<EventResponse>, Failure> {
    let live = desk.change_event(&caller, id, change).await?;
    Ok(Done::ok("Event changed", (&*live).into()))
}

pub async fn publish(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<EventId>,
) -> Result<Done<EventResponse>, Failure> {
    let live = desk.publish_event(&caller, id).await?;
    Ok(Done::ok("Event published", (&*live).into()))
}

pub async fn windows(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<EventId>,
    Params(params): Params<WindowParams>,
) -> Result<Done<Vec<WindowResponse>>, Failure> {
    let windows = desk
        .event_windows(&caller, id, params.ticket_type.as_deref())
        .await?;
    let calendar = &desk.event(&caller, id)?.event.calendar;
    let windows = windows.into_iter().map(|window| WindowResponse {
        day_name: window.day_name,
        opens: calendar.rfc3339(window.opens),
        closes: calendar.rfc3339(window.closes),
    });
    Ok(Done::ok("Check-in windows", windows.collect()))
}
