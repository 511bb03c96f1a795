//! For a plugin's own tests: events from readable times, windows as the host reads them (daylight saving included), and
//! runs of a backend over prepared answers.

mod run;

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::strategy::wire;
use crate::{Event, EventDay, Holder, Moment, Strategy, Window, Zoned};

pub use run::{Reply, Run, Synced};

/// An event in a time zone (an IANA name or an offset such as `+03:00`). Its days are named `Day 1`, `Day 2` and so on.
///
/// Each day is its start and its end, in RFC 3339, with or without an offset: see [`zoned`].
///
/// # Panics
/// If the time zone or a time is invalid.
#[track_caller]
pub fn event(time_zone: &str, days: &[(&str, &str)]) -> Event {
    let mut event = Event {
        name: "Event".to_owned(),
        time_zone: time_zone.to_owned(),
        days: Vec::new(),
    };
    for (index, (starts, ends)) in (0..).zip(days) {
        let name = format!("Day {}", index + 1);
        event.days.push(EventDay {
            index,
            name,
            starts: zoned(time_zone, starts),
            ends: zoned(time_zone, ends),
        });
    }
    event
}

/// The holder of a ticket of this type, with these attributes.
pub fn holder(ticket_type: &str, attributes: &[&str]) -> Holder {
    let mut attributes: Vec<String> = attributes.iter().copied().map(str::to_owned).collect();
    attributes.sort();
    Holder {
        ticket_type: ticket_type.to_owned(),
        attributes,
    }
}

/// A moment from RFC 3339: with an offset (`2025-12-15T09:00+01:00`, or `Z`) that instant, without one the time on the
/// wall clock in that time zone.
///
/// # Panics
/// If the time zone or the time is invalid.
#[track_caller]
pub fn zoned(time_zone: &str, time: &str) -> Zoned {
    let zone = zone(time_zone);
    let instant = match time.parse::<Timestamp>() {
        Ok(instant) => instant,
        Err(_) => {
            let local: DateTime = time
                .parse()
                .unwrap_or_else(|err| panic!("{time:?} is not a time: {err}"));
            zone.to_timestamp(local)
                .unwrap_or_else(|err| panic!("{time:?} is out of range: {err}"))
        }
    };
    Zoned {
        instant,
        local: zone.to_datetime(instant),
    }
}

/// Calls a strategy as the host does, and returns each window as `Day 1: 2025-12-15T07:00:00+01:00 to …`.
///
/// The error is the strategy's own, including those about its options, or the host's reason to refuse the answer.
///
/// # Panics
/// If the event's time zone is invalid.
#[track_caller]
pub fn windows<S: Strategy>(
    options: &str,
    event: &Event,
    holder: &Holder,
) -> Result<Vec<String>, String> {
    let zone = zone(&event.time_zone);
    let windows = wire::answer::<S>(options, event, holder)?;
    windows
        .iter()
        .filter_map(|window| print(&zone, event, window).transpose())
        .collect()
}

#[track_caller]
fn zone(name: &str) -> TimeZone {
    DateTimeParser::new()
        .parse_time_zone(name)
        .unwrap_or_else(|err| panic!("{name:?} is not a time zone: {err}"))
}

/// The window as the host reads it; `None` if a change of the clocks skips all of it.
fn print(zone: &TimeZone, event: &Event, window: &Window) -> Result<Option<String>, String> {
    let day = event
        .days
        .get(window.day as usize)
        .ok_or_else(|| format!("there is no day {}", window.day))?;
    let opens = resolve(zone, window.opens, Edge::Opens);
    let closes = resolve(zone, window.closes, Edge::Closes);
    let [from, to] = [opens, closes].map(|instant| {
        instant
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%dT%H:%M:%S%:z")
            .to_string()
    });
    if opens < closes {
        return Ok(Some(format!("{}: {from} to {to}", day.name)));
    }
    match (window.opens, window.closes) {
        (Moment::Local(opens), Moment::Local(closes)) if opens < closes => Ok(None),
        _ => Err(format!(
            "{} opens at {from}, which is not before it closes at {to}",
            day.name
        )),
    }
}

#[derive(Clone, Copy)]
enum Edge {
    Opens,
    Closes,
}

/// Converts a moment to an instant by the host's rule for times that do not exist or exist twice.
fn resolve(zone: &TimeZone, moment: Moment, edge: Edge) -> Timestamp {
    let local = match moment {
        Moment::Instant(instant) => return instant,
        Moment::Local(local) => local,
    };
    let at = |offset: jiff::tz::Offset| offset.to_timestamp(local).unwrap_or(Timestamp::MAX);
    match (zone.to_ambiguous_timestamp(local).offset(), edge) {
        (AmbiguousOffset::Unambiguous { offset }, _) => at(offset),
        (AmbiguousOffset::Fold { before, .. }, Edge::Opens) => at(before),
        // A date ends at the first instant of the next one.
        (AmbiguousOffset::Fold { before, .. }, Edge::Closes)
            if local.time() == Time::midnight() =>
        {
            at(before)
        }
        (AmbiguousOffset::Fold { after, .. }, Edge::Closes) => at(after),
        // With the later offset, the time lies before the change; the next transition is the change itself.
        (AmbiguousOffset::Gap { before, after }, _) => zone
            .following(at(after))
            .next()
            .map_or_else(|| at(before), |change| change.timestamp()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(local: &str, edge: Edge, expected: &str) {
        check_in("Europe/Berlin", local, edge, expected);
    }

    #[track_caller]
    fn check_in(time_zone: &str, local: &str, edge: Edge, expected: &str) {
        let moment = Moment::Local(local.parse().unwrap());
        assert_eq!(
            resolve(&zone(time_zone), moment, edge),
            expected.parse().unwrap(),
            "{local}"
        );
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_the_instant_after_the_gap() {
        check("2025-03-30T01:59:59", Edge::Opens, "2025-03-30T00:59:59Z");
        check("2025-03-30T02:00", Edge::Opens, "2025-03-30T01:00:00Z");
        check("2025-03-30T02:59:59", Edge::Closes, "2025-03-30T01:00:00Z");
        check("2025-03-30T03:00", Edge::Opens, "2025-03-30T01:00:00Z");
    }

    #[test]
    fn a_time_that_comes_twice_opens_at_the_earlier_and_closes_at_the_later() {
        check("2025-10-26T02:30", Edge::Opens, "2025-10-26T00:30:00Z");
        check("2025-10-26T02:30", Edge::Closes, "2025-10-26T01:30:00Z");
        check("2025-10-26T03:00", Edge::Opens, "2025-10-26T02:00:00Z");
    }

    #[test]
    fn a_midnight_that_comes_twice_is_the_earlier() {
        let azores = "Atlantic/Azores";
        check_in(
            azores,
            "2026-10-25T00:00",
            Edge::Opens,
            "2026-10-25T00:00:00Z",
        );
        check_in(
            azores,
            "2026-10-25T00:00",
            Edge::Closes,
            "2026-10-25T00:00:00Z",
        );
        check_in(
            azores,
            "2026-10-25T00:01",
            Edge::Closes,
            "2026-10-25T01:01:00Z",
        );
    }

    #[test]
    fn a_time_is_read_in_its_zone_or_with_its_offset() {
        let nairobi = zoned("+03:00", "2025-12-15T09:00");
        assert_eq!(nairobi, zoned("Africa/Nairobi", "2025-12-15T06:00:00Z"));
        assert_eq!(nairobi.local, "2025-12-15T09:00".parse().unwrap());
    }
}
