//! `HOURS_BEFORE`: doors open some hours before each day starts and close some minutes after it ends.
//!
//! Both are durations: two hours stay two hours when the clocks change in between.

#![warn(missing_docs)]

use gatewit_sdk::{Event, Holder, Hours, Minutes, Strategy, Window};
use schemars::JsonSchema;
use serde::Deserialize;

/// When doors open and close, counted from a day's own start and end.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct HoursBefore {
    /// How many hours before a day starts its doors open.
    early_check_in_hours: Hours,
    /// How many minutes after a day ends its doors close.
    late_check_in_minutes: Minutes,
}

impl Default for HoursBefore {
    fn default() -> Self {
        Self {
            early_check_in_hours: Hours(2),
            late_check_in_minutes: Minutes(30),
        }
    }
}

impl Strategy for HoursBefore {
    fn windows(&self, event: &Event, _: &Holder) -> Result<Vec<Window>, String> {
        let windows = event.days.iter().map(|day| {
            day.window(
                day.starts.before(self.early_check_in_hours),
                day.ends.after(self.late_check_in_minutes),
            )
        });
        Ok(windows.collect())
    }
}

gatewit_sdk::export_strategy!(HoursBefore);

#[cfg(test)]
mod tests {
    use gatewit_sdk::testing;

    use super::*;

    fn ask(options: &str, days: &[(&str, &str)]) -> Result<Vec<String>, String> {
        testing::windows::<HoursBefore>(
            options,
            &testing::event("Europe/Berlin", days),
            &testing::holder("vip", &[]),
        )
    }

    #[track_caller]
    fn check(options: &str, day: (&str, &str), expected: &str) {
        assert_eq!(ask(options, &[day]), Ok(vec![expected.to_owned()]));
    }

    #[track_caller]
    fn refused(options: &str, reason: &str) {
        assert_eq!(
            ask(options, &[("2025-12-15T09:00", "2025-12-15T18:00")]),
            Err(reason.to_owned())
        );
    }

    #[test]
    fn doors_open_two_hours_before_and_close_half_an_hour_after() {
        let day = ("2025-12-15T09:00", "2025-12-15T18:00");
        check(
            "{}",
            day,
            "Day 1: 2025-12-15T07:00:00+01:00 to 2025-12-15T18:30:00+01:00",
        );
        check(
            r#"{"earlyCheckInHours": 5}"#,
            day,
            "Day 1: 2025-12-15T04:00:00+01:00 to 2025-12-15T18:30:00+01:00",
        );
        check(
            r#"{"earlyCheckInHours": 0, "lateCheckInMinutes": 0}"#,
            day,
            "Day 1: 2025-12-15T09:00:00+01:00 to 2025-12-15T18:00:00+01:00",
        );
    }

    #[test]
    fn windows_may_cross_midnight_both_ways() {
        check(
            "{}",
            ("2025-12-15T01:00", "2025-12-15T23:45"),
            "Day 1: 2025-12-14T23:00:00+01:00 to 2025-12-16T00:15:00+01:00",
        );
    }

    #[test]
    fn two_hours_stay_two_hours_when_the_clocks_change() {
        check(
            "{}",
            ("2025-03-30T04:00", "2025-03-30T08:00"),
            "Day 1: 2025-03-30T01:00:00+01:00 to 2025-03-30T08:30:00+02:00",
        );
        check(
            "{}",
            ("2025-10-26T04:00", "2025-10-26T08:00"),
            "Day 1: 2025-10-26T02:00:00+01:00 to 2025-10-26T08:30:00+01:00",
        );
        check(
            "{}",
            ("2025-10-25T22:00", "2025-10-26T01:45"),
            "Day 1: 2025-10-25T20:00:00+02:00 to 2025-10-26T02:15:00+02:00",
        );
    }

    #[test]
    fn each_day_has_its_own_window() {
        let days = [
            ("2025-12-15T09:00", "2025-12-15T18:00"),
            ("2025-12-16T10:00", "2025-12-16T16:00"),
        ];
        let expected = [
            "Day 1: 2025-12-15T07:00:00+01:00 to 2025-12-15T18:30:00+01:00",
            "Day 2: 2025-12-16T08:00:00+01:00 to 2025-12-16T16:30:00+01:00",
        ];
        assert_eq!(ask("{}", &days), Ok(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        refused(
            r#"{"earlyCheckinHours": 2}"#,
            r#"strategyOptions: unknown field "earlyCheckinHours", expected "earlyCheckInHours" or "lateCheckInMinutes""#,
        );
        refused(
            r#"{"earlyCheckInHours": "two"}"#,
            r#"strategyOptions.earlyCheckInHours: invalid type: string "two", expected a whole number of hours from 0 to 87600"#,
        );
        refused(
            r#"{"lateCheckInMinutes": -30}"#,
            r#"strategyOptions.lateCheckInMinutes: invalid value: integer -30, expected a whole number of minutes from 0 to 5256000"#,
        );
        refused(
            r#"{"earlyCheckInHours": 100000}"#,
            r#"strategyOptions.earlyCheckInHours: invalid value: integer 100000, expected a whole number of hours from 0 to 87600"#,
        );
    }
}
