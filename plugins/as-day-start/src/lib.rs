//! `AS_DAY_START`: doors open at midnight of the date on which a day starts and close some minutes after it ends.

#![warn(missing_docs)]

use gatewit_sdk::{Event, Holder, Minutes, Strategy, Window};
use schemars::JsonSchema;
use serde::Deserialize;

/// When doors close, counted from a day's own end.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct AsDayStart {
    /// How many minutes after a day ends its doors close.
    late_check_in_minutes: Minutes,
}

impl Default for AsDayStart {
    fn default() -> Self {
        Self {
            late_check_in_minutes: Minutes(30),
        }
    }
}

impl Strategy for AsDayStart {
    fn windows(&self, event: &Event, _: &Holder) -> Result<Vec<Window>, String> {
        let windows = event.days.iter().map(|day| {
            let midnight = day.date().at(0, 0, 0, 0);
            day.window(midnight, day.ends.after(self.late_check_in_minutes))
        });
        Ok(windows.collect())
    }
}

gatewit_sdk::export_strategy!(AsDayStart);

#[cfg(test)]
mod tests {
    use gatewit_sdk::testing;

    use super::*;

    fn ask(options: &str, days: &[(&str, &str)]) -> Result<Vec<String>, String> {
        testing::windows::<AsDayStart>(
            options,
            &testing::event("Europe/Berlin", days),
            &testing::holder("vip", &[]),
        )
    }

    #[track_caller]
    fn check(options: &str, day: (&str, &str), expected: &str) {
        assert_eq!(ask(options, &[day]), Ok(vec![expected.to_owned()]));
    }

    #[test]
    fn doors_open_at_midnight_and_close_after_the_end() {
        let evening = ("2025-12-15T18:00", "2025-12-15T23:00");
        check(
            "{}",
            evening,
            "Day 1: 2025-12-15T00:00:00+01:00 to 2025-12-15T23:30:00+01:00",
        );
        check(
            r#"{"lateCheckInMinutes": 90}"#,
            evening,
            "Day 1: 2025-12-15T00:00:00+01:00 to 2025-12-16T00:30:00+01:00",
        );
    }

    #[test]
    fn a_day_that_starts_at_midnight_opens_as_it_starts() {
        check(
            r#"{"lateCheckInMinutes": 0}"#,
            ("2025-12-15T00:00", "2025-12-15T06:00"),
            "Day 1: 2025-12-15T00:00:00+01:00 to 2025-12-15T06:00:00+01:00",
        );
    }

    #[test]
    fn midnight_is_on_the_wall_clock_when_the_clocks_change() {
        check(
            "{}",
            ("2025-03-30T18:00", "2025-03-30T23:00"),
            "Day 1: 2025-03-30T00:00:00+01:00 to 2025-03-30T23:30:00+02:00",
        );
        check(
            "{}",
            ("2025-10-25T18:00", "2025-10-26T02:45+02:00"),
            "Day 1: 2025-10-25T00:00:00+02:00 to 2025-10-26T02:15:00+01:00",
        );
    }

    #[test]
    fn each_day_has_its_own_window() {
        let days = [
            ("2025-12-15T20:00", "2025-12-16T04:00"),
            ("2025-12-16T20:00", "2025-12-17T04:00"),
        ];
        let expected = [
            "Day 1: 2025-12-15T00:00:00+01:00 to 2025-12-16T04:30:00+01:00",
            "Day 2: 2025-12-16T00:00:00+01:00 to 2025-12-17T04:30:00+01:00",
        ];
        assert_eq!(ask("{}", &days), Ok(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        let day = [("2025-12-15T18:00", "2025-12-15T23:00")];
        assert_eq!(
            ask(r#"{"earlyCheckInHours": 2}"#, &day),
            Err(r#"strategyOptions: unknown field "earlyCheckInHours", expected "lateCheckInMinutes""#.to_owned()),
        );
        assert_eq!(
            ask(r#"{"lateCheckInMinutes": 0.5}"#, &day),
            Err(r#"strategyOptions.lateCheckInMinutes: invalid type: floating point 0.5, expected a whole number of minutes from 0 to 5256000"#
                .to_owned()),
        );
    }
}
