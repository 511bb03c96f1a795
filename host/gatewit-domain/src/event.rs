//! An event: its days, its door rule, its ticket types and scan points. `gatewit-api.md` §3.

use gatewit_decision::DayId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::calendar::{Calendar, EventDay};
use crate::id::EventId;
use crate::identifier::is_same;
use crate::source::{SourceName, SourceType};
use crate::window::{CheckInStrategy, DoorRule};

mod change;
mod facts;
mod identity;
mod unmatched;
mod warnings;
pub use change::{DayChange, EventChange};
pub use warnings::MissedDays;

/// Options of a strategy, as the organizer wrote them.
pub type StrategyOptions = serde_json::Map<String, serde_json::Value>;

/// An event as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// `eventId` in the contracts.
    pub id: EventId,
    /// Increases with every change.
    pub revision: u64,
    /// Shown to organizers, attendees and strategies.
    pub name: String,
    /// Unique within its organization.
    pub slug: String,
    /// The organization it belongs to. It cannot change once a scanner is registered.
    pub org_id: String,
    /// Its days, and the time zone of all its local times.
    pub calendar: Calendar,
    /// How many days the event has ever had. The next day's id follows from it.
    pub days_made: u32,
    /// Removed days. A day that is added again is the same day and keeps its entries.
    #[serde(default)]
    pub former_days: Vec<EventDay>,
    /// The strategy that gives its opening windows.
    pub strategy: CheckInStrategy,
    /// The strategy's options. Its plugin has accepted them.
    pub strategy_options: StrategyOptions,
    /// The types it declares. Tickets of its sources may have others.
    pub ticket_types: Vec<TicketType>,
    /// At least one.
    pub zones: Vec<Zone>,
    /// May be empty: scans then take place in the zone that the scanner is bound to, or in the first.
    pub scan_points: Vec<ScanPoint>,
    /// Sources whose tickets are also tickets of the event.
    #[serde(default)]
    pub ticket_sources: Vec<SourceName>,
    /// Identities (`sub`) that may manage the event; its creator comes first.
    pub organizers: Vec<String>,
    /// Identities (`sub`) that may scan at its doors.
    pub staff: Vec<String>,
    /// The time of its creation, which a change does not move.
    pub created_at: Timestamp,
    /// Set once the event is published.
    pub key: Option<SealedKey>,
}

impl Event {
    /// Returns `Published` once the event has a key, which is never removed.
    pub fn status(&self) -> EventStatus {
        match self.key {
            Some(_) => EventStatus::Published,
            None => EventStatus::Draft,
        }
    }

    /// The type of this id; the case of the id makes no difference.
    pub fn ticket_type(&self, id: &str) -> Option<&TicketType> {
        self.ticket_type_at(id)
            .map(|index| &self.ticket_types[index])
    }

    /// The index of [`Event::ticket_type`] among the event's ticket types.
    pub(crate) fn ticket_type_at(&self, id: &str) -> Option<usize> {
        let types = || self.ticket_types.iter();
        let exact = types().position(|kind| kind.id == id);
        exact.or_else(|| types().position(|kind| is_same(&kind.id, id)))
    }

    /// Returns the zone with exactly this id.
    pub fn zone(&self, id: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.id == id)
    }

    /// Returns the scan point with exactly this id.
    pub fn scan_point(&self, id: &str) -> Option<&ScanPoint> {
        self.scan_points.iter().find(|point| point.id == id)
    }

    /// Returns which of a ticket's codes counts at a scan point, or at a scanner without one.
    pub fn match_field(&self, scan_point: Option<&str>) -> MatchField {
        let point = scan_point.and_then(|id| self.scan_point(id));
        point.map_or(MatchField::QrCode, |point| point.match_field)
    }

    /// Returns the days that have this name, start on this date or fall on this weekday. Removed days match by name
    /// only.
    pub fn days_called(&self, text: &str) -> Vec<DayId> {
        let days = self.calendar.days.iter().enumerate();
        let present = days.filter(|(index, _)| self.calendar.day_is_called(*index, text));
        let present = present.map(|(_, day)| day.id);
        let former = self.former_days.iter().filter(|day| day.name == text);
        present.chain(former.map(|day| day.id)).collect()
    }

    /// The day of something that happened: the day that decided it, else the running day, else the first day on its date.
    pub fn day_of(&self, decided: Option<DayId>, at: Timestamp) -> Option<&EventDay> {
        let days = &self.calendar.days;
        if let Some(id) = decided {
            return days
                .iter()
                .chain(&self.former_days)
                .find(|day| day.id == id);
        }
        let is_running = |day: &&EventDay| (day.starts..day.ends).contains(&at);
        let is_today = |day: &&EventDay| self.calendar.is_today(day, at);
        days.iter()
            .find(is_running)
            .or_else(|| days.iter().find(is_today))
    }

    /// Collects everything that determines the event's windows.
    pub fn door_rule(&self) -> DoorRule {
        let CheckInStrategy::One(strategy) = &self.strategy;
        DoorRule::new(
            strategy.clone(),
            &self.strategy_options,
            self.name.clone(),
            self.calendar.clone(),
        )
    }
}

/// A key pair as stored on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedKey {
    /// The public half: base64 of its SPKI DER.
    pub public_key: String,
    /// The private half, encrypted under the operator's master key and bound to the event.
    pub sealed_private_key: String,
}

/// Whether tickets can be issued and scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventStatus {
    /// It has no key yet: no ticket is issued and no scanner registers.
    Draft,
    /// It has a key. A published event never becomes a draft again.
    Published,
}

/// A kind of ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TicketType {
    /// Unique within the event; case and the kind of a dash make no difference. Tickets refer to it.
    pub id: String,
    /// 1 to 200 characters, shown at the door and part of the signed code.
    pub name: String,
    /// Whether a ticket may enter again in a scope in which it has already entered.
    pub allow_reentry: bool,
    /// Total entries per day, including the first; None: unlimited. Has no effect unless `allow_reentry`.
    pub reentry_limit: Option<u32>,
    /// The days it is valid on: day names, ISO dates or weekdays; None: every day.
    pub days: Option<Vec<String>>,
    /// False for items that admit nobody, such as a T-shirt.
    pub admits: bool,
}

impl From<&SourceType> for TicketType {
    /// The ticket type at an event that does not declare it: one entry on each of its days.
    fn from(of_source: &SourceType) -> Self {
        Self {
            id: of_source.id.clone(),
            name: of_source.name.clone(),
            allow_reentry: false,
            reentry_limit: None,
            days: (!of_source.days.is_empty()).then(|| of_source.days.clone()),
            admits: of_source.admits,
        }
    }
}

impl TicketType {
    /// Returns how many entries the type allows in one scope; None: any number.
    pub fn entries_max(&self) -> Option<u32> {
        match self.allow_reentry {
            true => self.reentry_limit,
            false => Some(1),
        }
    }

    /// Whether the type is valid on the day at this index of the calendar.
    pub fn is_good_for(&self, day: usize, calendar: &Calendar) -> bool {
        match &self.days {
            None => true,
            Some(names) => names.iter().any(|name| calendar.day_is_called(day, name)),
        }
    }
}

/// A part of the venue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Zone {
    /// Unique within the event.
    pub id: String,
    /// Whether its doors lead in from outside. The first zone's always do.
    pub perimeter: bool,
}

impl Zone {
    /// The zone of an event that declares no zones.
    pub fn venue() -> Self {
        Self {
            id: "venue".to_owned(),
            perimeter: true,
        }
    }
}

/// A place where tickets are scanned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScanPoint {
    /// Unique within the event. Registration tokens name it.
    pub id: String,
    /// 1 to 200 characters, shown to organizers.
    pub name: String,
    /// The zone it is in; None: the first zone.
    pub zone: Option<String>,
    /// Which of a ticket's codes scans are compared with here.
    pub match_field: MatchField,
    /// Ids of the ticket types let in here; None: every type.
    pub accepted_ticket_types: Option<Vec<String>>,
}

/// Which of a ticket's codes a scanned text is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MatchField {
    /// `qrCode`, then `credentialCode`, then `ticketId`.
    #[default]
    Any,
    /// The signed code, or the first code that a ticketing system gave.
    QrCode,
    /// The code on a badge or wristband.
    CredentialCode,
    /// The ticket's id in the contracts: `ticketInstanceId`.
    TicketId,
}
