//! Events as the configuration declares them: the fields of the API in snake_case.

use gatewit_desk::DEFAULT_ORGANIZATION;
use gatewit_domain::event::{
    DayChange, EventChange, MatchField, ScanPointChange, StrategyOptions, TicketTypeChange,
    ZoneChange,
};
use gatewit_domain::window::StrategyName;
use serde::Deserialize;
use serde_json::Value;

use super::scalars;

/// A declared event, identified by its slug.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventEntry {
    pub slug: String,
    name: Option<String>,
    org_id: Option<String>,
    timezone: Option<String>,
    days: Option<Vec<DayEntry>>,
    check_in_strategy: Option<StrategyName>,
    strategy_options: Option<StrategyOptions>,
    ticket_types: Option<Vec<TicketTypeEntry>>,
    zones: Option<Vec<ZoneEntry>>,
    scan_points: Option<Vec<ScanPointEntry>>,
    ticket_sources: Option<Vec<String>>,
    organizers: Option<Vec<String>>,
    staff: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DayEntry {
    day_name: Option<String>,
    start_date_time: String,
    end_date_time: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TicketTypeEntry {
    id: String,
    name: Option<String>,
    #[serde(default)]
    allow_reentry: bool,
    reentry_limit: Option<u32>,
    days: Option<Vec<String>>,
    admits: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneEntry {
    id: String,
    #[serde(default)]
    perimeter: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScanPointEntry {
    id: String,
    name: Option<String>,
    zone: Option<String>,
    match_field: Option<MatchFieldEntry>,
    accepted_ticket_types: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MatchFieldEntry {
    Any,
    QrCode,
    CredentialCode,
    TicketId,
}

impl EventEntry {
    pub fn org_id(&self) -> &str {
        self.org_id.as_deref().unwrap_or(DEFAULT_ORGANIZATION)
    }

    /// Takes the optional texts from the entry as it is written.
    pub(super) fn read_as_written(&mut self, written: &Value) {
        let text = |entry: &Value, key: &str| scalars::text(&entry[key]);
        self.name = text(written, "name");
        self.org_id = text(written, "org_id");
        self.timezone = text(written, "timezone");
        for (index, day) in self.days.iter_mut().flatten().enumerate() {
            day.day_name = text(&written["days"][index], "day_name");
        }
        for (index, kind) in self.ticket_types.iter_mut().flatten().enumerate() {
            kind.name = text(&written["ticket_types"][index], "name");
        }
        for (index, point) in self.scan_points.iter_mut().flatten().enumerate() {
            let written = &written["scan_points"][index];
            point.name = text(written, "name");
            point.zone = text(written, "zone");
        }
    }

    /// Whether it says who may manage it.
    pub fn has_organizers(&self) -> bool {
        self.organizers
            .as_ref()
            .is_some_and(|subs| !subs.is_empty())
    }
}

impl From<EventEntry> for EventChange {
    fn from(entry: EventEntry) -> Self {
        fn all<E, C: From<E>>(entries: Option<Vec<E>>) -> Option<Vec<C>> {
            entries.map(|entries| entries.into_iter().map(C::from).collect())
        }
        Self {
            name: entry.name,
            slug: Some(entry.slug),
            org_id: entry.org_id,
            timezone: entry.timezone,
            days: all(entry.days),
            check_in_strategy: entry.check_in_strategy,
            strategy_options: entry.strategy_options,
            ticket_types: all(entry.ticket_types),
            zones: all(entry.zones),
            scan_points: all(entry.scan_points),
            ticket_sources: entry.ticket_sources,
            organizers: entry.organizers,
            staff: entry.staff,
        }
    }
}

impl From<DayEntry> for DayChange {
    fn from(entry: DayEntry) -> Self {
        Self {
            day_name: entry.day_name,
            start_date_time: entry.start_date_time,
            end_date_time: entry.end_date_time,
        }
    }
}

impl From<TicketTypeEntry> for TicketTypeChange {
    fn from(entry: TicketTypeEntry) -> Self {
        Self {
            id: entry.id,
            name: entry.name,
            allow_reentry: entry.allow_reentry,
            reentry_limit: entry.reentry_limit,
            days: entry.days,
            admits: entry.admits,
        }
    }
}

impl From<ZoneEntry> for ZoneChange {
    fn from(entry: ZoneEntry) -> Self {
        Self {
            id: entry.id,
            perimeter: entry.perimeter,
        }
    }
}

impl From<ScanPointEntry> for ScanPointChange {
    fn from(entry: ScanPointEntry) -> Self {
        Self {
            id: entry.id,
            name: entry.name,
            zone: entry.zone,
            match_field: entry.match_field.map(MatchField::from),
            accepted_ticket_types: entry.accepted_ticket_types,
        }
    }
}

impl From<MatchFieldEntry> for MatchField {
    fn from(entry: MatchFieldEntry) -> Self {
        match entry {
            MatchFieldEntry::Any => Self::Any,
            MatchFieldEntry::QrCode => Self::QrCode,
            MatchFieldEntry::CredentialCode => Self::CredentialCode,
            MatchFieldEntry::TicketId => Self::TicketId,
        }
    }
}
