//! An organizer's input about an event: a new event, a change, or a declaration in the configuration.

use std::collections::HashSet;

use gatewit_decision::DayId;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::identity::identify;
use super::{Event, ScanPoint, StrategyOptions, TicketType, Zone};
use crate::calendar::{Calendar, EventDay, EventZone, folded};
use crate::id::EventId;
use crate::problem::{EventCode, Problem};
use crate::source::SourceName;
use crate::window::{CheckInStrategy, StrategyName};

mod checks;
mod fields;
mod zones;

use checks::{
    LIST_MAX, NAME_MAX, bounded, checked_slug, distinct_types, identities, invalid, one_offset,
    slug_of, text, unique, written,
};
use zones::checked_zones;

const DAYS_MAX: usize = 366;
/// How many removed days an event remembers, the latest first.
const FORMER_DAYS_MAX: usize = 1_000;
const DAY_HOURS_MAX: i64 = 24 * 31;

/// Fields of an event to set. None leaves a field unchanged, or at its default in a new event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventChange {
    /// Required in a new event: 1 to 200 characters.
    pub name: Option<String>,
    /// Unique within its organization. Default: derived from the name.
    pub slug: Option<String>,
    /// Default: `default`.
    pub org_id: Option<String>,
    /// IANA name or offset. Default: the offset of the days, if they all have the same one.
    pub timezone: Option<String>,
    /// At least one, each ending after it starts. Required in a new event. A change replaces all days.
    pub days: Option<Vec<DayChange>>,
    /// Default: `HOURS_BEFORE`.
    pub check_in_strategy: Option<CheckInStrategy>,
    /// The strategy decides which options are valid.
    pub strategy_options: Option<StrategyOptions>,
    /// Replaces all types. Default: none.
    pub ticket_types: Option<Vec<TicketType>>,
    /// Default: one, `venue`.
    pub zones: Option<Vec<Zone>>,
    /// Replaces all scan points. Default: none.
    pub scan_points: Option<Vec<ScanPoint>>,
    /// Names of configured sources of tickets. Default: none.
    pub ticket_sources: Option<Vec<String>>,
    /// Replaces all organizers. Default: the one who creates or declares the event.
    pub organizers: Option<Vec<String>>,
    /// Replaces all staff. Default: none.
    pub staff: Option<Vec<String>>,
}

/// One day as an organizer writes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DayChange {
    /// Default: `Day 1`, `Day 2` and so on.
    pub day_name: Option<String>,
    /// RFC 3339 with an offset.
    pub start_date_time: String,
    /// RFC 3339 with an offset.
    pub end_date_time: String,
}

impl Event {
    /// Makes a draft event from its first change. Its creator is its first organizer. The caller must check that its
    /// slug is free.
    pub fn create(change: EventChange, creator: &str, now: Timestamp) -> Result<Self, Problem> {
        let mut event = Self::declare(change, creator, now)?;
        if !event.organizers.iter().any(|sub| sub == creator) {
            event.organizers.insert(0, creator.to_owned());
        }
        Ok(event)
    }

    /// Makes a draft event. Its organizers are those that the change names, else the one who declares it.
    pub fn declare(change: EventChange, declarer: &str, now: Timestamp) -> Result<Self, Problem> {
        let name = change
            .name
            .clone()
            .ok_or_else(|| invalid("name is required"))?;
        let days = change
            .days
            .as_deref()
            .ok_or_else(|| invalid("days is required"))?;
        let time_zone = match (&change.timezone, days.first()) {
            (None, Some(first)) => written("days[0].startDateTime", &first.start_date_time)?
                .offset
                .into(),
            _ => EventZone::from(jiff::tz::Offset::UTC),
        };
        let mut event = Self {
            id: EventId::new(now),
            revision: 0,
            slug: slug_of(&name),
            name,
            org_id: "default".to_owned(),
            calendar: Calendar {
                time_zone,
                days: Vec::new(),
            },
            days_made: 0,
            former_days: Vec::new(),
            strategy: StrategyName::default().into(),
            strategy_options: StrategyOptions::new(),
            ticket_types: Vec::new(),
            zones: vec![Zone::venue()],
            scan_points: Vec::new(),
            ticket_sources: Vec::new(),
            organizers: vec![declarer.to_owned()],
            staff: Vec::new(),
            created_at: now,
            key: None,
        };
        event.apply(change)?;
        Ok(event)
    }

    /// Sets the fields that the change names. After an error, the event must not be used.
    pub fn apply(&mut self, change: EventChange) -> Result<(), Problem> {
        self.revision += 1;
        if let Some(name) = change.name {
            self.name = text("name", name, NAME_MAX)?;
        }
        if let Some(slug) = change.slug {
            self.slug = checked_slug(slug)?;
        }
        if let Some(org_id) = change.org_id {
            self.org_id = text("orgId", org_id, NAME_MAX)?;
        }
        let is_zone_given = change.timezone.is_some();
        if let Some(zone) = change.timezone {
            self.calendar.time_zone = zone.parse().map_err(|words: String| invalid(words))?;
        }
        if let Some(days) = change.days {
            let times = days.iter();
            let times = times.flat_map(|day| [&day.start_date_time, &day.end_date_time]);
            let one_offset = one_offset(times);
            self.set_days(days)?;
            if !is_zone_given && self.calendar.time_zone.is_fixed() {
                one_offset?;
            }
        }
        self.set_strategy(change.check_in_strategy, change.strategy_options);
        if let Some(types) = change.ticket_types {
            self.ticket_types = checked_types(types)?;
        }
        if let Some(zones) = change.zones {
            self.zones = checked_zones(zones)?;
        }
        if let Some(points) = change.scan_points {
            self.scan_points = checked_points(points)?;
        }
        if let Some(sources) = change.ticket_sources {
            self.ticket_sources = ticket_sources(&sources)?;
        }
        if let Some(organizers) = change.organizers {
            self.organizers = identities("organizers", organizers)?;
        }
        if let Some(staff) = change.staff {
            self.staff = identities("staff", staff)?;
        }
        self.check_references()
    }

    /// A new strategy starts with its own defaults unless the change includes options.
    fn set_strategy(
        &mut self,
        strategy: Option<CheckInStrategy>,
        options: Option<StrategyOptions>,
    ) {
        if let Some(strategy) = strategy {
            self.strategy = strategy;
            self.strategy_options = StrategyOptions::new();
        }
        if let Some(options) = options {
            self.strategy_options = options;
        }
    }

    fn set_days(&mut self, changes: Vec<DayChange>) -> Result<(), Problem> {
        if changes.is_empty() || changes.len() > DAYS_MAX {
            return Err(invalid(format!("days must hold 1 to {DAYS_MAX} days")));
        }
        let mut days = changes
            .into_iter()
            .enumerate()
            .map(|(index, change)| day(index, change))
            .collect::<Result<Vec<_>, _>>()?;
        days.sort_by_key(|day| (day.starts, day.ends));
        distinct_names(&days)?;
        let mut old = std::mem::take(&mut self.calendar.days);
        old.append(&mut self.former_days);
        self.former_days = identify(
            &mut days,
            old,
            &self.calendar.time_zone,
            &mut self.days_made,
        );
        self.former_days.truncate(FORMER_DAYS_MAX);
        self.calendar.days = days;
        Ok(())
    }

    /// Checks references between parts of the event.
    fn check_references(&self) -> Result<(), Problem> {
        for kind in &self.ticket_types {
            for name in kind.days.iter().flatten() {
                if !self.calendar.has_day_called(name) {
                    return Err(invalid(format!(
                        "ticketTypes: type \"{}\" names the day \"{name}\", which is no day's name, date or weekday",
                        kind.id
                    )));
                }
            }
        }
        for point in &self.scan_points {
            if let Some(zone) = point.zone.as_ref().filter(|zone| self.zone(zone).is_none()) {
                return Err(invalid(format!(
                    "scanPoints: point \"{}\" is in the zone \"{zone}\", which does not exist",
                    point.id
                )));
            }
            // The types of ticket sources are not known in advance.
            let has_all_types = self.ticket_sources.is_empty();
            for id in point.accepted_ticket_types.iter().flatten() {
                if has_all_types && self.ticket_type(id).is_none() {
                    return Err(invalid(format!(
                        "scanPoints: point \"{}\" accepts the ticket type \"{id}\", which does not exist",
                        point.id
                    )));
                }
            }
        }
        Ok(())
    }
}

fn ticket_sources(names: &[String]) -> Result<Vec<SourceName>, Problem> {
    let names = bounded("ticketSources", Some(names.to_vec()), LIST_MAX)?.unwrap_or_default();
    unique("ticketSources", names.iter().map(String::as_str))?;
    let named = |words| {
        Problem::new(
            EventCode::UnknownTicketSource,
            format!("ticketSources: {words}"),
        )
    };
    names
        .iter()
        .map(|name| SourceName::parse(name).map_err(named))
        .collect()
}

fn day(index: usize, change: DayChange) -> Result<EventDay, Problem> {
    let field = |name: &str| format!("days[{index}].{name}");
    let starts = written(&field("startDateTime"), &change.start_date_time)?.instant;
    let ends = written(&field("endDateTime"), &change.end_date_time)?.instant;
    if ends <= starts {
        return Err(invalid(format!(
            "days[{index}] ends at {}, which is not after it starts at {}",
            change.end_date_time, change.start_date_time
        )));
    }
    if ends.duration_since(starts) > SignedDuration::from_hours(DAY_HOURS_MAX) {
        return Err(invalid(format!("days[{index}] is longer than 31 days")));
    }
    let name = change
        .day_name
        .unwrap_or_else(|| format!("Day {}", index + 1));
    Ok(EventDay {
        id: DayId(0),
        name: text(&field("dayName"), name, NAME_MAX)?,
        starts,
        ends,
    })
}

/// Rejects day names that ticket types could not tell apart.
fn distinct_names(days: &[EventDay]) -> Result<(), Problem> {
    let mut seen = HashSet::new();
    for EventDay { name, .. } in days {
        if !seen.insert(folded(name)) {
            return Err(invalid(format!(
                "days names \"{name}\" twice; case, dashes and spaces distinguish no days"
            )));
        }
    }
    Ok(())
}

fn checked_types(types: Vec<TicketType>) -> Result<Vec<TicketType>, Problem> {
    if types.len() > LIST_MAX {
        return Err(invalid(format!("ticketTypes must hold at most {LIST_MAX}")));
    }
    let one = |kind: TicketType| {
        if kind.reentry_limit == Some(0) {
            return Err(invalid(format!(
                "ticketTypes: reentryLimit of \"{}\" counts the first entry and must be at least 1",
                kind.id
            )));
        }
        Ok(TicketType {
            id: text("ticketTypes: id", kind.id, NAME_MAX)?,
            name: text("ticketTypes: name", kind.name, NAME_MAX)?,
            days: bounded("ticketTypes: days", kind.days, DAYS_MAX)?
                .filter(|days| !days.is_empty()),
            ..kind
        })
    };
    let types: Vec<TicketType> = types.into_iter().map(one).collect::<Result<_, _>>()?;
    distinct_types(types.iter().map(|kind| kind.id.as_str()))?;
    Ok(types)
}

fn checked_points(points: Vec<ScanPoint>) -> Result<Vec<ScanPoint>, Problem> {
    if points.len() > LIST_MAX {
        return Err(invalid(format!("scanPoints must hold at most {LIST_MAX}")));
    }
    let one = |point: ScanPoint| {
        Ok(ScanPoint {
            id: text("scanPoints: id", point.id, NAME_MAX)?,
            name: text("scanPoints: name", point.name, NAME_MAX)?,
            accepted_ticket_types: bounded(
                "scanPoints: acceptedTicketTypes",
                point.accepted_ticket_types,
                LIST_MAX,
            )?,
            ..point
        })
    };
    let points: Vec<ScanPoint> = points.into_iter().map(one).collect::<Result<_, _>>()?;
    unique("scanPoints", points.iter().map(|point| point.id.as_str()))?;
    Ok(points)
}

#[cfg(test)]
mod tests;
