//! An event as organizers see it.

use gatewit_domain::event::{self, Event, StrategyOptions};
use gatewit_domain::id::EventId;
use gatewit_domain::source::SourceName;
use gatewit_domain::window::CheckInStrategy;
use serde::Serialize;
use utoipa::ToSchema;

use super::request::MatchField;
use crate::http::schema;

/// An event as organizers see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventResponse {
    #[schema(value_type = schema::EventId)]
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
    #[schema(value_type = schema::StrategyName)]
    check_in_strategy: CheckInStrategy,
    #[schema(value_type = Object, example = json!({"earlyCheckInHours": 2, "lateCheckInMinutes": 30}))]
    strategy_options: StrategyOptions,
    ticket_types: Vec<TicketType>,
    zones: Vec<Zone>,
    scan_points: Vec<ScanPoint>,
    #[schema(value_type = Vec<schema::SourceName>)]
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
pub struct DayResponse {
    #[schema(example = "Day 1")]
    day_name: String,
    #[schema(format = DateTime, example = "2025-12-15T09:00:00+03:00")]
    start_date_time: String,
    #[schema(format = DateTime, example = "2025-12-15T18:00:00+03:00")]
    end_date_time: String,
}

/// A kind of ticket.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketType {
    id: String,
    name: String,
    allow_reentry: bool,
    /// Total entries per day, including the first; None: unlimited. Has no effect unless `allow_reentry`.
    reentry_limit: Option<u32>,
    /// The days it is valid on: day names, ISO dates or weekdays; None: every day.
    days: Option<Vec<String>>,
    /// False for items that admit nobody, such as a T-shirt.
    admits: bool,
}

/// A part of the venue.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Zone {
    #[schema(example = "venue")]
    id: String,
    /// Whether its doors lead in from outside. The first zone's always do.
    perimeter: bool,
}

/// A place where tickets are scanned.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScanPoint {
    id: String,
    name: String,
    /// The zone it is in; None: the first zone.
    zone: Option<String>,
    /// Which of a ticket's codes scans are compared with here.
    match_field: MatchField,
    /// Ids of the ticket types let in here; None: every type.
    accepted_ticket_types: Option<Vec<String>>,
}

/// Whether tickets can be issued and scanned.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum EventStatus {
    Draft,
    Published,
}

impl EventResponse {
    /// Describes an event with what is unusual about it.
    pub fn new(event: Event, warnings: Vec<String>) -> Self {
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
            status: match event.status() {
                event::EventStatus::Draft => EventStatus::Draft,
                event::EventStatus::Published => EventStatus::Published,
            },
            name: event.name,
            slug: event.slug,
            org_id: event.org_id,
            check_in_strategy: event.strategy,
            strategy_options: event.strategy_options,
            ticket_types: event.ticket_types.into_iter().map(Into::into).collect(),
            zones: event.zones.into_iter().map(Into::into).collect(),
            scan_points: event.scan_points.into_iter().map(Into::into).collect(),
            ticket_sources: event.ticket_sources,
            organizers: event.organizers,
            staff: event.staff,
            public_key: event.key.map(|key| key.public_key),
            warnings,
        }
    }
}

impl From<event::TicketType> for TicketType {
    fn from(kind: event::TicketType) -> Self {
        Self {
            id: kind.id,
            name: kind.name,
            allow_reentry: kind.allow_reentry,
            reentry_limit: kind.reentry_limit,
            days: kind.days,
            admits: kind.admits,
        }
    }
}

impl From<event::Zone> for Zone {
    fn from(zone: event::Zone) -> Self {
        Self {
            id: zone.id,
            perimeter: zone.perimeter,
        }
    }
}

impl From<event::ScanPoint> for ScanPoint {
    fn from(point: event::ScanPoint) -> Self {
        Self {
            id: point.id,
            name: point.name,
            zone: point.zone,
            match_field: point.match_field.into(),
            accepted_ticket_types: point.accepted_ticket_types,
        }
    }
}
