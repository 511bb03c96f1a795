//! `ALL_DAY`: doors are open on the whole date on which a day starts, from midnight to midnight.
//!
//! A day that ends at midnight or later closes at its end instead, so that nobody is locked out of a party that goes
//! on. That also holds where midnight comes twice.

#![warn(missing_docs)]

use gatewit_sdk::{Event, EventDay, Holder, Moment, Strategy, Window};
use schemars::JsonSchema;
use serde::Deserialize;

/// There is nothing to choose.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AllDay {}

impl Strategy for AllDay {
    fn windows(&self, event: &Event, _: &Holder) -> Result<Vec<Window>, String> {
        Ok(event.days.iter().map(whole_date).collect())
    }
}

fn whole_date(day: &EventDay) -> Window {
    let midnight = day.date().at(0, 0, 0, 0);
    let next_midnight = day.next_date().at(0, 0, 0, 0);
    let closes: Moment = if day.ends.local >= next_midnight {
        day.ends.into()
    } else {
        next_midnight.into()
    };
    day.window(midnight, closes)
}

gatewit_sdk::export_strategy!(AllDay);

#[cfg(test)]
mod tests {
    use gatewit_sdk::jiff::{ToSpan, civil::Date};
    use gatewit_sdk::testing;

    use super::*;

    fn ask(options: &str, time_zone: &str, days: &[(&str, &str)]) -> Result<Vec<String>, String> {
        testing::windows::<AllDay>(
            options,
            &testing::event(time_zone, days),
            &testing::holder("vip", &[]),
        )
    }

    #[track_caller]
    fn check(time_zone: &str, day: (&str, &str), expected: &str) {
        assert_eq!(ask("{}", time_zone, &[day]), Ok(vec![expected.to_owned()]));
    }

    #[test]
    fn doors_are_open_from_midnight_to_midnight() {
        check(
            "Europe/Berlin",
            ("2025-12-15T09:00", "2025-12-15T18:00"),
            "Day 1: 2025-12-15T00:00:00+01:00 to 2025-12-16T00:00:00+01:00",
        );
        check(
            "+03:00",
            ("2025-12-15T00:00", "2025-12-16T00:00"),
            "Day 1: 2025-12-15T00:00:00+03:00 to 2025-12-16T00:00:00+03:00",
        );
    }

    #[test]
    fn a_day_that_runs_past_midnight_closes_at_its_end() {
        check(
            "Europe/Berlin",
            ("2025-12-31T20:00", "2026-01-01T05:00"),
            "Day 1: 2025-12-31T00:00:00+01:00 to 2026-01-01T05:00:00+01:00",
        );
    }

    #[test]
    fn a_date_may_have_23_or_25_hours() {
        check(
            "Europe/Berlin",
            ("2025-03-30T09:00", "2025-03-30T18:00"),
            "Day 1: 2025-03-30T00:00:00+01:00 to 2025-03-31T00:00:00+02:00",
        );
        check(
            "Europe/Berlin",
            ("2025-10-26T09:00", "2025-10-26T18:00"),
            "Day 1: 2025-10-26T00:00:00+02:00 to 2025-10-27T00:00:00+01:00",
        );
    }

    #[test]
    fn a_date_without_a_midnight_opens_when_it_begins() {
        check(
            "Asia/Beirut",
            ("2025-03-30T09:00", "2025-03-30T18:00"),
            "Day 1: 2025-03-30T01:00:00+03:00 to 2025-03-31T00:00:00+03:00",
        );
    }

    #[test]
    fn a_date_ends_where_the_next_one_begins() {
        // In the Azores, clocks go back from 01:00 to midnight on 25 October 2026.
        let days = [
            ("2026-10-24T09:00", "2026-10-24T18:00"),
            ("2026-10-25T09:00", "2026-10-25T18:00"),
        ];
        let expected = [
            "Day 1: 2026-10-24T00:00:00+00:00 to 2026-10-25T00:00:00+00:00",
            "Day 2: 2026-10-25T00:00:00+00:00 to 2026-10-26T00:00:00-01:00",
        ];
        assert_eq!(
            ask("{}", "Atlantic/Azores", &days),
            Ok(expected.map(str::to_owned).to_vec())
        );
        // A day that ends at the second midnight is not cut off at the first.
        check(
            "Atlantic/Azores",
            ("2026-10-24T20:00:00Z", "2026-10-25T01:00:00Z"),
            "Day 1: 2026-10-24T00:00:00+00:00 to 2026-10-25T00:00:00-01:00",
        );
    }

    #[test]
    fn neighbouring_dates_meet_wherever_clocks_change_at_midnight() {
        let changes = [
            ("Atlantic/Azores", "2026-03-29", "2026-10-25"),
            ("Asia/Beirut", "2026-03-29", "2026-10-25"),
            ("Africa/Cairo", "2026-04-24", "2026-10-30"),
            ("America/Asuncion", "2023-10-01", "2024-03-24"),
            ("America/Havana", "2026-03-08", "2026-11-01"),
            ("America/St_Johns", "2006-04-02", "2006-10-29"),
        ];
        for (zone, forward, back) in changes {
            for change in [forward, back] {
                let change: Date = change.parse().unwrap();
                let dates = [-2, -1, 0, 1].map(|days| change.saturating_add(days.days()));
                let days = dates.map(|date| (format!("{date}T11:00"), format!("{date}T13:00")));
                let days = days
                    .each_ref()
                    .map(|(starts, ends)| (starts.as_str(), ends.as_str()));
                let windows = ask("{}", zone, &days).unwrap();
                let windows = windows
                    .iter()
                    .filter_map(|window| window[7..].split_once(" to "));
                let windows: Vec<_> = windows.collect();
                for pair in windows.windows(2) {
                    assert_eq!(pair[0].1, pair[1].0, "{zone} {change}");
                }
            }
        }
    }

    #[test]
    fn each_day_has_its_own_window() {
        let days = [
            ("2025-12-15T09:00", "2025-12-15T18:00"),
            ("2025-12-17T10:00", "2025-12-17T16:00"),
        ];
        let expected = [
            "Day 1: 2025-12-15T00:00:00+01:00 to 2025-12-16T00:00:00+01:00",
            "Day 2: 2025-12-17T00:00:00+01:00 to 2025-12-18T00:00:00+01:00",
        ];
        assert_eq!(
            ask("{}", "Europe/Berlin", &days),
            Ok(expected.map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn there_are_no_options() {
        assert_eq!(
            ask(
                r#"{"checkInOpensAt": "08:00"}"#,
                "UTC",
                &[("2025-12-15T14:00", "2025-12-15T17:00")]
            ),
            Err(
                r#"strategyOptions: unknown field "checkInOpensAt", there are no options"#
                    .to_owned()
            ),
        );
    }
}
