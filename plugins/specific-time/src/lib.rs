//! `SPECIFIC_TIME`: doors open and close at the same times on the wall clock on each day.
//!
//! Doors that close no later than they open close on the next date: 20:00 to 02:00 is six hours of an evening. The
//! hours are on the date on which the day starts. If they do not overlap the day but those of the evening before, or of
//! the next date, do, these count instead: 22:00 to 05:00 are the hours of a party that begins at half past midnight.

#![warn(missing_docs)]

use gatewit_sdk::jiff::civil::{Date, DateTime};
use gatewit_sdk::{Event, EventDay, Holder, Strategy, TimeOfDay, Window};
use schemars::JsonSchema;
use serde::Deserialize;

/// When doors open and close, on the wall clock at the event.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SpecificTime {
    /// The time at which doors open, on the date a day starts or, if only that meets the day, the one before or after.
    check_in_opens_at: TimeOfDay,
    /// The time at which they close; if it is earlier than that at which they open, on the next date.
    check_in_closes_at: TimeOfDay,
}

impl Strategy for SpecificTime {
    fn windows(&self, event: &Event, _: &Holder) -> Result<Vec<Window>, String> {
        Ok(event.days.iter().map(|day| self.window(day)).collect())
    }

    fn check(&self) -> Result<(), String> {
        if self.check_in_opens_at == self.check_in_closes_at {
            return Err(format!(
                "checkInOpensAt and checkInClosesAt are both {}, which may mean never or around the clock; \
                 for a whole date use the strategy ALL_DAY",
                self.check_in_opens_at
            ));
        }
        Ok(())
    }
}

impl SpecificTime {
    fn window(&self, day: &EventDay) -> Window {
        let date = day.date();
        let dates = [Some(date), date.yesterday().ok(), date.tomorrow().ok()];
        let mut hours = dates.into_iter().flatten().map(|date| self.hours_of(date));
        let meets = |(opens, closes): &(DateTime, DateTime)| {
            *opens < day.ends.local && day.starts.local < *closes
        };
        let (opens, closes) = hours.find(meets).unwrap_or_else(|| self.hours_of(date));
        day.window(opens, closes)
    }

    /// The opening and closing times of doors that open on a date.
    fn hours_of(&self, date: Date) -> (DateTime, DateTime) {
        let (opens_at, closes_at) = (self.check_in_opens_at, self.check_in_closes_at);
        let closing_date = if closes_at > opens_at {
            date
        } else {
            date.tomorrow().unwrap_or(Date::MAX)
        };
        (
            date.to_datetime(opens_at.0),
            closing_date.to_datetime(closes_at.0),
        )
    }
}

gatewit_sdk::export_strategy!(SpecificTime);

#[cfg(test)]
mod tests {
    use gatewit_sdk::testing;

    use super::*;

    fn ask(options: &str, days: &[(&str, &str)]) -> Result<Vec<String>, String> {
        testing::windows::<SpecificTime>(
            options,
            &testing::event("Europe/Berlin", days),
            &testing::holder("vip", &[]),
        )
    }

    #[track_caller]
    fn check(opens: &str, closes: &str, day: (&str, &str), expected: &str) {
        let options = format!(r#"{{"checkInOpensAt": "{opens}", "checkInClosesAt": "{closes}"}}"#);
        assert_eq!(ask(&options, &[day]), Ok(vec![expected.to_owned()]));
    }

    #[track_caller]
    fn refused(options: &str, reason: &str) {
        assert_eq!(
            ask(options, &[("2025-12-15T09:00", "2025-12-15T18:00")]),
            Err(reason.to_owned())
        );
    }

    #[test]
    fn doors_keep_the_same_hours_each_day() {
        let days = [
            ("2025-12-15T10:00", "2025-12-15T22:00"),
            ("2025-12-16T09:00", "2025-12-16T22:00"),
            ("2025-12-17T12:00", "2025-12-18T01:00"),
        ];
        let expected = [
            "Day 1: 2025-12-15T08:00:00+01:00 to 2025-12-15T23:00:00+01:00",
            "Day 2: 2025-12-16T08:00:00+01:00 to 2025-12-16T23:00:00+01:00",
            "Day 3: 2025-12-17T08:00:00+01:00 to 2025-12-17T23:00:00+01:00",
        ];
        let options = r#"{"checkInOpensAt": "08:00", "checkInClosesAt": "23:00"}"#;
        assert_eq!(
            ask(options, &days),
            Ok(expected.map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn doors_that_close_before_they_open_close_on_the_next_date() {
        let night = ("2025-12-31T21:00", "2026-01-01T04:00");
        check(
            "20:00",
            "02:00",
            night,
            "Day 1: 2025-12-31T20:00:00+01:00 to 2026-01-01T02:00:00+01:00",
        );
        check(
            "20:00",
            "00:00",
            night,
            "Day 1: 2025-12-31T20:00:00+01:00 to 2026-01-01T00:00:00+01:00",
        );
        check(
            "00:00",
            "23:59",
            night,
            "Day 1: 2025-12-31T00:00:00+01:00 to 2025-12-31T23:59:00+01:00",
        );
    }

    #[test]
    fn hours_over_midnight_are_those_that_meet_the_day() {
        check(
            "22:00",
            "05:00",
            ("2025-12-16T00:30", "2025-12-16T05:00"),
            "Day 1: 2025-12-15T22:00:00+01:00 to 2025-12-16T05:00:00+01:00",
        );
        // The hours on its own date come first: a day entered as a whole date means its evening.
        check(
            "18:00",
            "02:00",
            ("2025-12-16T00:00", "2025-12-17T00:00"),
            "Day 1: 2025-12-16T18:00:00+01:00 to 2025-12-17T02:00:00+01:00",
        );
        // Hours that end as the day starts, or start as it ends, do not meet it.
        check(
            "22:00",
            "00:30",
            ("2025-12-16T00:30", "2025-12-16T05:00"),
            "Day 1: 2025-12-16T22:00:00+01:00 to 2025-12-17T00:30:00+01:00",
        );
        check(
            "22:00",
            "01:00",
            ("2025-12-16T00:30", "2025-12-16T22:00"),
            "Day 1: 2025-12-15T22:00:00+01:00 to 2025-12-16T01:00:00+01:00",
        );
    }

    #[test]
    fn hours_after_midnight_are_those_of_the_night_that_the_day_runs_into() {
        check(
            "00:30",
            "04:00",
            ("2025-12-15T22:00", "2025-12-16T05:00"),
            "Day 1: 2025-12-16T00:30:00+01:00 to 2025-12-16T04:00:00+01:00",
        );
        check(
            "08:00",
            "12:00",
            ("2025-12-15T14:00", "2025-12-15T18:00"),
            "Day 1: 2025-12-15T08:00:00+01:00 to 2025-12-15T12:00:00+01:00",
        );
    }

    #[test]
    fn eight_in_the_morning_is_eight_in_the_morning_when_the_clocks_change() {
        check(
            "01:00",
            "08:00",
            ("2025-03-30T09:00", "2025-03-30T18:00"),
            "Day 1: 2025-03-30T01:00:00+01:00 to 2025-03-30T08:00:00+02:00",
        );
        check(
            "20:00",
            "08:00",
            ("2025-10-25T21:00", "2025-10-26T07:00"),
            "Day 1: 2025-10-25T20:00:00+02:00 to 2025-10-26T08:00:00+01:00",
        );
    }

    #[test]
    fn a_time_that_is_skipped_or_comes_twice_never_shortens_the_window() {
        check(
            "02:30",
            "08:00",
            ("2025-03-30T09:00", "2025-03-30T18:00"),
            "Day 1: 2025-03-30T03:00:00+02:00 to 2025-03-30T08:00:00+02:00",
        );
        check(
            "02:15",
            "02:45",
            ("2025-10-26T09:00", "2025-10-26T18:00"),
            "Day 1: 2025-10-26T02:15:00+02:00 to 2025-10-26T02:45:00+01:00",
        );
    }

    #[test]
    fn a_window_that_is_skipped_whole_is_no_error() {
        let options = r#"{"checkInOpensAt": "02:15", "checkInClosesAt": "02:45"}"#;
        assert_eq!(
            ask(options, &[("2025-03-30T09:00", "2025-03-30T18:00")]),
            Ok(vec![])
        );
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        refused("{}", r#"strategyOptions: missing field "checkInOpensAt""#);
        refused(
            r#"{"checkInOpensAt": "08:00"}"#,
            r#"strategyOptions: missing field "checkInClosesAt""#,
        );
        refused(
            r#"{"checkInOpensAt": "8am", "checkInClosesAt": "23:00"}"#,
            r#"strategyOptions.checkInOpensAt: invalid value: string "8am", expected a time such as "08:00", from "00:00" to "23:59""#,
        );
        refused(
            r#"{"checkInOpensAt": "08:00", "checkInClosesAt": 23}"#,
            r#"strategyOptions.checkInClosesAt: invalid type: integer 23, expected a time such as "08:00", from "00:00" to "23:59""#,
        );
        refused(
            r#"{"checkInOpensAt": "08:00", "checkInClosesAt": "23:00", "timezone": "UTC"}"#,
            r#"strategyOptions: unknown field "timezone", expected "checkInOpensAt" or "checkInClosesAt""#,
        );
    }

    #[test]
    fn doors_that_open_and_close_at_the_same_time_are_ambiguous() {
        refused(
            r#"{"checkInOpensAt": "08:00", "checkInClosesAt": "08:00"}"#,
            "strategyOptions: checkInOpensAt and checkInClosesAt are both 08:00, which may mean never or around the \
             clock; for a whole date use the strategy ALL_DAY",
        );
    }
}
