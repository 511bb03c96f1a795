//! Converts the domain's calendars and holders to the types of `wit/`, and a strategy's windows back.

use gatewit_domain::calendar::Calendar;
use gatewit_domain::window::{self, DoorRule, ProposedWindow};
use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::bindings::{Event, EventDay, Holder, LocalDatetime, Moment, Window, Zoned};
use crate::errors::InvalidAnswer;

/// A rule's event as a strategy sees it.
pub(crate) fn event(rule: &DoorRule) -> Event {
    let calendar = &rule.calendar;
    let days = calendar.days.iter().map(|day| EventDay {
        name: day.name.clone(),
        starts: zoned(day.starts, calendar),
        ends: zoned(day.ends, calendar),
    });
    Event {
        name: rule.event_name.clone(),
        time_zone: calendar.time_zone.to_string(),
        days: days.collect(),
    }
}

/// A holder as a strategy sees it.
pub(crate) fn holder(holder: &window::Holder) -> Holder {
    Holder {
        ticket_type: holder.ticket_type.clone(),
        attributes: holder.attributes.clone(),
    }
}

fn zoned(at: Timestamp, calendar: &Calendar) -> Zoned {
    let local = calendar.local(at).datetime();
    Zoned {
        instant: at.as_second(),
        local: LocalDatetime {
            year: i32::from(local.year()),
            month: local.month().unsigned_abs(),
            day: local.day().unsigned_abs(),
            hour: local.hour().unsigned_abs(),
            minute: local.minute().unsigned_abs(),
            second: local.second().unsigned_abs(),
        },
    }
}

/// Converts a strategy's windows. The error names a moment that does not exist.
pub(crate) fn proposed(windows: &[Window]) -> Result<Vec<ProposedWindow>, InvalidAnswer> {
    let proposed = windows.iter().map(|window| {
        Ok(ProposedWindow {
            day: window.day,
            opens: moment(&window.opens)?,
            closes: moment(&window.closes)?,
        })
    });
    proposed.collect()
}

fn moment(moment: &Moment) -> Result<window::Moment, InvalidAnswer> {
    match moment {
        Moment::Instant(second) => Timestamp::from_second(*second)
            .map(window::Moment::Instant)
            .map_err(|_| InvalidAnswer::Instant(*second)),
        Moment::Local(local) => date_time(local)
            .map(window::Moment::Local)
            .ok_or_else(|| InvalidAnswer::LocalTime(print(local))),
    }
}

fn date_time(local: &LocalDatetime) -> Option<DateTime> {
    let part = |part: u8| i8::try_from(part).ok();
    DateTime::new(
        i16::try_from(local.year).ok()?,
        part(local.month)?,
        part(local.day)?,
        part(local.hour)?,
        part(local.minute)?,
        part(local.second)?,
        0,
    )
    .ok()
}

fn print(local: &LocalDatetime) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        local.year, local.month, local.day, local.hour, local.minute, local.second
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(year: i32, month: u8, day: u8, hour: u8) -> LocalDatetime {
        LocalDatetime {
            year,
            month,
            day,
            hour,
            minute: 0,
            second: 0,
        }
    }

    #[track_caller]
    fn check(moment: Moment, expected: Result<&str, &str>) {
        let converted = super::moment(&moment).map(|moment| match moment {
            window::Moment::Instant(instant) => instant.to_string(),
            window::Moment::Local(local) => local.to_string(),
        });
        let converted = converted.map_err(|mistake| mistake.to_string());
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(converted, expected);
    }

    #[test]
    fn moments_that_are_none_are_named() {
        check(Moment::Instant(1_765_778_400), Ok("2025-12-15T06:00:00Z"));
        check(
            Moment::Local(local(2025, 12, 15, 8)),
            Ok("2025-12-15T08:00:00"),
        );
        check(
            Moment::Local(local(2024, 2, 29, 23)),
            Ok("2024-02-29T23:00:00"),
        );
        check(
            Moment::Instant(i64::MAX),
            Err("it answered the instant 9223372036854775807, which is out of range"),
        );
        check(
            Moment::Local(local(2026, 2, 30, 0)),
            Err("it answered 2026-02-30T00:00:00, which does not exist"),
        );
        check(
            Moment::Local(local(2026, 2, 3, 24)),
            Err("it answered 2026-02-03T24:00:00, which does not exist"),
        );
        check(
            Moment::Local(local(40_000, 255, 0, 0)),
            Err("it answered 40000-255-00T00:00:00, which does not exist"),
        );
    }

    #[test]
    fn a_day_is_told_both_ways() {
        let calendar = Calendar {
            time_zone: "Africa/Nairobi".parse().unwrap(),
            days: vec![],
        };
        let told = zoned("2025-12-15T06:00:00Z".parse().unwrap(), &calendar);
        assert_eq!(
            (told.instant, print(&told.local)),
            (1_765_778_400, "2025-12-15T09:00:00".to_owned())
        );
    }
}
