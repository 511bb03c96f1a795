//! `EXACT_TIME`: doors are open from the start of each day to its end, and at no other time.

#![warn(missing_docs)]

use gatewit_sdk::{Event, Holder, Strategy, Window};
use schemars::JsonSchema;
use serde::Deserialize;

/// There is nothing to choose.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExactTime {}

impl Strategy for ExactTime {
    fn windows(&self, event: &Event, _: &Holder) -> Result<Vec<Window>, String> {
        Ok(event
            .days
            .iter()
            .map(|day| day.window(day.starts, day.ends))
            .collect())
    }
}

gatewit_sdk::export_strategy!(ExactTime);

#[cfg(test)]
mod tests {
    use gatewit_sdk::testing;

    use super::*;

    fn ask(options: &str, days: &[(&str, &str)]) -> Result<Vec<String>, String> {
        testing::windows::<ExactTime>(
            options,
            &testing::event("Europe/Berlin", days),
            &testing::holder("vip", &[]),
        )
    }

    #[track_caller]
    fn check(day: (&str, &str), expected: &str) {
        assert_eq!(ask("{}", &[day]), Ok(vec![expected.to_owned()]));
    }

    #[test]
    fn doors_are_open_while_the_event_runs() {
        check(
            ("2025-12-15T14:00", "2025-12-15T17:00"),
            "Day 1: 2025-12-15T14:00:00+01:00 to 2025-12-15T17:00:00+01:00",
        );
        check(
            ("2025-12-15T22:00", "2025-12-16T04:00"),
            "Day 1: 2025-12-15T22:00:00+01:00 to 2025-12-16T04:00:00+01:00",
        );
    }

    #[test]
    fn a_start_or_end_that_comes_twice_stays_the_one_that_was_meant() {
        check(
            ("2025-10-26T02:30+02:00", "2025-10-26T02:30+01:00"),
            "Day 1: 2025-10-26T02:30:00+02:00 to 2025-10-26T02:30:00+01:00",
        );
        check(
            ("2025-03-30T01:30", "2025-03-30T03:00"),
            "Day 1: 2025-03-30T01:30:00+01:00 to 2025-03-30T03:00:00+02:00",
        );
    }

    #[test]
    fn each_day_has_its_own_window() {
        let days = [
            ("2025-12-15T09:00", "2025-12-15T18:00"),
            ("2025-12-16T10:00", "2025-12-16T16:00"),
        ];
        let expected = [
            "Day 1: 2025-12-15T09:00:00+01:00 to 2025-12-15T18:00:00+01:00",
            "Day 2: 2025-12-16T10:00:00+01:00 to 2025-12-16T16:00:00+01:00",
        ];
        assert_eq!(ask("{}", &days), Ok(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn there_are_no_options() {
        assert_eq!(
            ask(
                r#"{"lateCheckInMinutes": 5}"#,
                &[("2025-12-15T14:00", "2025-12-15T17:00")]
            ),
            Err(
                r#"strategyOptions: unknown field "lateCheckInMinutes", there are no options"#
                    .to_owned()
            ),
        );
    }
}
