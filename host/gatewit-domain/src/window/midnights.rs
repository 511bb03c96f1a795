//! Tests that windows from midnight to midnight are adjacent and never overlap, in any zone and on any date.

use gatewit_decision::DayId;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use proptest::sample::Index;

use super::{Moment, ProposedWindow, resolve};
use crate::calendar::{Calendar, EventDay};

const FIRST: Date = date(1970, 1, 3);
const DAYS: i32 = 365 * 80;
/// How many consecutive dates are tested, including a clock change.
const DATES: i32 = 5;

/// A zone, and a date on which its clocks may change.
fn zone_and_date() -> impl Strategy<Value = (TimeZone, Date)> {
    let names: Vec<_> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .collect();
    let choices = (any::<Index>(), 0..DAYS, any::<bool>());
    choices.prop_map(move |(zone, days, at_change)| {
        let zone = TimeZone::get(zone.get::<String>(&names)).unwrap();
        let date = FIRST.saturating_add(days.days());
        let from = zone.to_timestamp(date.at(12, 0, 0, 0)).unwrap();
        let change = zone.following(from).next().map(|change| change.timestamp());
        let date = match change.filter(|_| at_change) {
            Some(change) => zone.to_datetime(change).date(),
            None => date,
        };
        (zone, date)
    })
}

fn whole_date(date: Date) -> ProposedWindow {
    ProposedWindow {
        day: 0,
        opens: Moment::Local(date.at(0, 0, 0, 0)),
        closes: Moment::Local(date.tomorrow().unwrap().at(0, 0, 0, 0)),
    }
}

fn calendar(zone: &TimeZone) -> Calendar {
    let day = EventDay {
        id: DayId(1),
        name: "Day 1".to_owned(),
        starts: Timestamp::UNIX_EPOCH,
        ends: Timestamp::UNIX_EPOCH + 1.hour(),
    };
    Calendar {
        time_zone: zone.iana_name().unwrap().parse().unwrap(),
        days: vec![day],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn neighbouring_dates_meet_and_never_overlap((zone, date) in zone_and_date()) {
        let dates = (-2..DATES - 2).map(|days| date.saturating_add(days.days()));
        let proposed: Vec<_> = dates.map(whole_date).collect();
        // A date that a zone skipped entirely has no window.
        let windows = resolve(&proposed, &calendar(&zone)).unwrap();
        prop_assert!(windows.len() >= 4, "{windows:?}");
        for pair in windows.windows(2) {
            prop_assert_eq!(pair[0].closes, pair[1].opens);
        }
    }
}
