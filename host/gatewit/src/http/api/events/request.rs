//! An event as organizers write it: as JSON here, and as YAML in the configuration. Which values are acceptable is
//! decided by the domain.

use gatewit_domain::event::{self, StrategyOptions};
use gatewit_domain::window::CheckInStrategy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::schema;

/// Fields of an event to set. None leaves a field unchanged, or at its default in a new event.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventChange {
    /// Unique within its organization. Default: derived from the name.
    #[schema(example = "eats-2025")]
    pub slug: Option<String>,
    #[schema(example = "East African Tech Summit 2025")]
    pub name: Option<String>,
    /// Default: `default`.
    #[schema(example = "default")]
    pub org_id: Option<String>,
    /// IANA name or offset. Default: the offset of the days, if they all have the same one.
    #[schema(example = "Africa/Nairobi")]
    pub timezone: Option<String>,
    pub days: Option<Vec<DayChange>>,
    /// Default: `HOURS_BEFORE`.
    #[schema(value_type = Option<schema::StrategyName>)]
    pub check_in_strategy: Option<CheckInStrategy>,
    /// The strategy decides which options are valid.
    #[schema(value_type = Option<Object>, example = json!({"earlyCheckInHours": 2, "lateCheckInMinutes": 30}))]
    pub strategy_options: Option<StrategyOptions>,
    pub ticket_types: Option<Vec<TicketTypeChange>>,
    /// Default: one, `venue`.
    pub zones: Option<Vec<ZoneChange>>,
    pub scan_points: Option<Vec<ScanPointChange>>,
    /// Names of configured sources of tickets. Default: none.
    #[schema(example = json!(["pretix"]))]
    pub ticket_sources: Option<Vec<String>>,
    pub organizers: Option<Vec<String>>,
    pub staff: Option<Vec<String>>,
}

/// One day as an organizer writes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayChange {
    /// Default: `Day 1`, `Day 2` and so on.
    #[schema(example = "Day 1")]
    pub day_name: Option<String>,
    /// RFC 3339 with an offset.
    #[schema(format = DateTime, example = "2025-12-15T09:00:00+03:00")]
    pub start_date_time: String,
    /// RFC 3339 with an offset.
    #[schema(format = DateTime, example = "2025-12-15T18:00:00+03:00")]
    pub end_date_time: String,
}

/// A ticket type as an organizer writes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketTypeChange {
    pub id: String,
    /// Default: the id.
    pub name: Option<String>,
    #[serde(default)]
    pub allow_reentry: bool,
    pub reentry_limit: Option<u32>,
    pub days: Option<Vec<String>>,
    /// Default: true.
    pub admits: Option<bool>,
}

/// A zone as an organizer writes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ZoneChange {
    #[schema(example = "venue")]
    pub id: String,
    /// Whether its doors lead in from outside. The first zone's always do. Default: false.
    #[serde(default)]
    pub perimeter: bool,
}

/// A scan point as an organizer writes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScanPointChange {
    pub id: String,
    /// Default: the id.
    pub name: Option<String>,
    /// Default: the first zone.
    pub zone: Option<String>,
    pub match_field: Option<MatchField>,
    pub accepted_ticket_types: Option<Vec<String>>,
}

/// Which of a ticket's codes a scanned text is compared with.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum MatchField {
    /// `qrCode`, then `credentialCode`, then `ticketId`.
    Any,
    QrCode,
    CredentialCode,
    TicketId,
}

/// Converts each part of a list.
fn all<F, P: From<F>>(changes: Option<Vec<F>>) -> Option<Vec<P>> {
    changes.map(|changes| changes.into_iter().map(P::from).collect())
}

impl From<EventChange> for event::EventChange {
    fn from(change: EventChange) -> Self {
        Self {
            name: change.name,
            slug: change.slug,
            org_id: change.org_id,
            timezone: change.timezone,
            days: all(change.days),
            check_in_strategy: change.check_in_strategy,
            strategy_options: change.strategy_options,
            ticket_types: all(change.ticket_types),
            zones: all(change.zones),
            scan_points: all(change.scan_points),
            ticket_sources: change.ticket_sources,
            organizers: change.organizers,
            staff: change.staff,
        }
    }
}

impl From<DayChange> for event::DayChange {
    fn from(change: DayChange) -> Self {
        Self {
            day_name: change.day_name,
            start_date_time: change.start_date_time,
            end_date_time: change.end_date_time,
        }
    }
}

impl From<TicketTypeChange> for event::TicketType {
    fn from(change: TicketTypeChange) -> Self {
        Self {
            name: change.name.unwrap_or_else(|| change.id.clone()),
            id: change.id,
            allow_reentry: change.allow_reentry,
            reentry_limit: change.reentry_limit,
            days: change.days,
            admits: change.admits.unwrap_or(true),
        }
    }
}

impl From<ZoneChange> for event::Zone {
    fn from(change: ZoneChange) -> Self {
        Self {
            id: change.id,
            perimeter: change.perimeter,
        }
    }
}

impl From<ScanPointChange> for event::ScanPoint {
    fn from(change: ScanPointChange) -> Self {
        Self {
            name: change.name.unwrap_or_else(|| change.id.clone()),
            id: change.id,
            zone: change.zone,
            match_field: change
                .match_field
                .map(event::MatchField::from)
                .unwrap_or_default(),
            accepted_ticket_types: change.accepted_ticket_types,
        }
    }
}

impl From<MatchField> for event::MatchField {
    fn from(name: MatchField) -> Self {
        match name {
            MatchField::Any => Self::Any,
            MatchField::QrCode => Self::QrCode,
            MatchField::CredentialCode => Self::CredentialCode,
            MatchField::TicketId => Self::TicketId,
        }
    }
}

impl From<event::MatchField> for MatchField {
    fn from(field: event::MatchField) -> Self {
        match field {
            event::MatchField::Any => Self::Any,
            event::MatchField::QrCode => Self::QrCode,
            event::MatchField::CredentialCode => Self::CredentialCode,
            event::MatchField::TicketId => Self::TicketId,
        }
    }
}
