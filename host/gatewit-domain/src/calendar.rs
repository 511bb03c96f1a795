//! When an event takes place: its time zone and its days.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use gatewit_decision::DayId;
use jiff::civil::{Date, Weekday};
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Deserializer, Serialize};

use crate::identifier;

/// An event's days in its time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Calendar {
    /// The zone of its local times, dates and weekdays.
    pub time_zone: EventZone,
    /// Sorted by start; at least one.
    pub days: Vec<EventDay>,
}

/// One day of an event, from `starts` until just before `ends`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDay {
    /// Stays the same while the organizer renames or moves the day, so that no entries are lost.
    pub id: DayId,
    /// Unique among the days; case, dashes and spaces make no difference. Ticket types refer to it.
    pub name: String,
    /// Inclusive.
    pub starts: Timestamp,
    /// Exclusive, and after `starts`.
    pub ends: Timestamp,
}

impl Calendar {
    /// Formats an instant as RFC 3339 with the event's UTC offset at that moment.
    pub fn rfc3339(&self, at: Timestamp) -> String {
        let offset = self.time_zone.0.to_offset(at);
        at.display_with_offset(offset).to_string()
    }

    /// Returns the wall-clock time at the event.
    pub fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.time_zone.0.clone())
    }

    /// Returns the calendar date on which a day starts.
    pub fn date_of(&self, day: &EventDay) -> Date {
        self.local(day.starts).date()
    }

    /// Whether the day at this index has this name, or starts on this ISO date, this date of any year (`--12-15`) or
    /// this weekday. Ignores case, dashes and spaces.
    pub(crate) fn day_is_called(&self, day: usize, name: &str) -> bool {
        let Some(day) = self.days.get(day) else {
            return false;
        };
        let date = self.date_of(day);
        if let Some(date_of_any_year) = name.trim().strip_prefix("--") {
            return date_of_any_year == date.strftime("%m-%d").to_string();
        }
        let name = folded(name);
        name == folded(&day.name)
            || name == folded(&date.to_string())
            || name.eq_ignore_ascii_case(weekday_name(date.weekday()))
    }

    /// Whether any day matches this text.
    pub(crate) fn has_day_called(&self, name: &str) -> bool {
        (0..self.days.len()).any(|day| self.day_is_called(day, name))
    }

    /// The time from the beginning of a day's first calendar date to the end of its last one.
    pub(crate) fn dates_of(&self, day: &EventDay) -> Range<Timestamp> {
        let last_moment = day.ends - jiff::SignedDuration::from_nanos(1);
        let first = self.date_of(day).to_zoned(self.time_zone.0.clone());
        let after = self.local(last_moment).date().tomorrow();
        let after = after.and_then(|date| date.to_zoned(self.time_zone.0.clone()));
        let start = |zoned: Result<Zoned, _>| zoned?.start_of_day().map(|start| start.timestamp());
        start(first).unwrap_or(Timestamp::MIN)..start(after).unwrap_or(Timestamp::MAX)
    }

    /// Whether any part of a day is on the calendar date of `now`.
    pub(crate) fn is_today(&self, day: &EventDay, now: Timestamp) -> bool {
        self.dates_of(day).contains(&now)
    }
}

/// A time zone: an IANA name, or a fixed offset such as `+03:00`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventZone(TimeZone);

impl EventZone {
    /// The zone with its rules for clock changes.
    pub fn time_zone(&self) -> &TimeZone {
        &self.0
    }

    /// Whether it is an offset, which has no clock changes.
    pub(crate) fn is_fixed(&self) -> bool {
        self.0.to_fixed_offset().is_ok()
    }
}

impl From<Offset> for EventZone {
    fn from(offset: Offset) -> Self {
        Self(TimeZone::fixed(offset))
    }
}

impl FromStr for EventZone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(offset) = fixed_offset(text) {
            return Ok(offset.into());
        }
        let known = TimeZone::get(text).map(Self);
        known.map_err(|_| {
            format!("time zone \"{text}\" is not known: use an IANA name (Africa/Nairobi) or an offset (+03:00)")
        })
    }
}

impl fmt::Display for EventZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.iana_name() {
            Some(name) => f.write_str(name),
            None => {
                let minutes = self.0.to_offset(Timestamp::UNIX_EPOCH).seconds() / 60;
                let sign = if minutes < 0 { '-' } else { '+' };
                let minutes = minutes.abs();
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

impl Serialize for EventZone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A day's name without the parts that do not distinguish days: case, dashes and spaces.
pub fn folded(name: &str) -> String {
    let name = identifier::fold(name);
    let told = name.chars();
    told.filter(|letter| *letter != '-' && !letter.is_whitespace())
        .collect()
}

fn weekday_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

/// Reads `+HH:MM` or `-HH:MM`.
fn fixed_offset(text: &str) -> Option<Offset> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let two_digits = |part: &str| match part.len() {
        2 => part.parse::<u8>().ok(),
        _ => None,
    };
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    if minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60)).ok()
}

/// A point in time as a client wrote it: RFC 3339, with its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OffsetTimestamp {
    /// The instant that it means.
    pub instant: Timestamp,
    /// The UTC offset that the client wrote.
    pub offset: Offset,
}

impl FromStr for OffsetTimestamp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = || {
            format!(
                "\"{text}\" is not an RFC 3339 time with an offset, such as 2025-12-15T09:00:00+03:00"
            )
        };
        let pieces = Pieces::parse(text).map_err(|_| problem())?;
        let offset = pieces.to_numeric_offset().ok_or_else(problem)?;
        let instant = text.parse().map_err(|_| problem())?;
        Ok(Self { instant, offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_zone(text: &str, printed: Option<&str>) {
        let zone = text.parse::<EventZone>().ok().map(|zone| zone.to_string());
        assert_eq!(zone.as_deref(), printed, "{text}");
    }

    #[test]
    fn a_zone_is_an_iana_name_or_an_offset() {
        check_zone("Africa/Nairobi", Some("Africa/Nairobi"));
        check_zone("+03:00", Some("+03:00"));
        check_zone("-09:30", Some("-09:30"));
        check_zone("+00:00", Some("UTC"));
        check_zone("UTC", Some("UTC"));
        check_zone("+3", None);
        check_zone("+03:60", None);
        check_zone("Mars/Olympus", None);
        check_zone("", None);
    }

    #[test]
    fn a_written_time_keeps_its_offset() {
        let time: OffsetTimestamp = "2025-12-15T09:00:00+03:00".parse().unwrap();
        assert_eq!(time.instant, "2025-12-15T06:00:00Z".parse().unwrap());
        assert_eq!(EventZone::from(time.offset).to_string(), "+03:00");
        assert!("2025-12-15T09:00:00".parse::<OffsetTimestamp>().is_err());
        assert!("2025-12-15".parse::<OffsetTimestamp>().is_err());
        assert!("tomorrow".parse::<OffsetTimestamp>().is_err());
        let utc: OffsetTimestamp = "2025-12-15T09:00:00Z".parse().unwrap();
        assert_eq!(EventZone::from(utc.offset).to_string(), "UTC");
    }

    #[test]
    fn a_day_is_called_by_name_date_or_weekday_whatever_the_case_dashes_and_spaces() {
        let calendar = Calendar {
            time_zone: "Africa/Nairobi".parse().unwrap(),
            days: vec![EventDay {
                id: DayId(0),
                name: "Build‑Up Day 1".to_owned(),
                starts: "2025-12-14T22:00:00Z".parse().unwrap(),
                ends: "2025-12-15T15:00:00Z".parse().unwrap(),
            }],
        };
        for name in [
            "Build‑Up Day 1",
            "build-up day 1",
            " BUILD – UP  DAY1 ",
            "buildup day 1",
            "2025-12-15",
            "2025–12–15",
            "--12-15",
            "monday",
            "Monday ",
        ] {
            assert!(calendar.has_day_called(name), "{name}");
        }
        for name in [
            "Day 1",
            "Build-Up Day",
            "2025-12-14",
            "--12-14",
            "mon",
            "",
            "-",
        ] {
            assert!(!calendar.has_day_called(name), "{name}");
        }
    }

    #[test]
    fn times_print_with_the_offset_of_their_moment() {
        let berlin = Calendar {
            time_zone: "Europe/Berlin".parse().unwrap(),
            days: vec![],
        };
        let print = |at: &str| berlin.rfc3339(at.parse().unwrap());
        assert_eq!(print("2026-03-29T00:59:59Z"), "2026-03-29T01:59:59+01:00");
        assert_eq!(print("2026-03-29T01:00:00Z"), "2026-03-29T03:00:00+02:00");
    }
}
