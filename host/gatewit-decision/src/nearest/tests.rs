//! What the search names is admitted, and nothing nearer is.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::facts::{Day, DayId, Entry, EventFacts, ScanPoint, TicketType, Window, Zone};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn day(id: u32, starts: i64, ends: i64) -> Day {
    Day {
        id: DayId(id),
        starts: at(starts),
        ends: at(ends),
        dates: at(starts - 10)..at(ends + 10),
    }
}

fn window(day: usize, opens: i64, closes: i64) -> Window {
    let (opens, closes) = (at(opens), at(closes));
    Window { day, opens, closes }
}

/// An event of two days at 100–200 and 300–400, with an inner zone and a point that takes other tickets.
fn event() -> EventFacts {
    let zone = |id: &str, perimeter| Zone {
        id: id.to_owned(),
        perimeter,
    };
    let point = |id: &str, zone: &str, accepted: &str| ScanPoint {
        id: id.to_owned(),
        zone: Some(zone.to_owned()),
        accepted_ticket_types: Some(vec![accepted.to_owned()]),
    };
    EventFacts {
        days: vec![day(0, 100, 200), day(1, 300, 400)],
        zones: vec![zone("venue", true), zone("lounge", false)],
        scan_points: vec![
            point("staff door", "venue", "STAFF"),
            point("lounge door", "lounge", "ONCE"),
        ],
        ticket_types: vec![TicketType {
            id: "ONCE".to_owned(),
            admits: true,
            entries_max: Some(1),
            days: None,
        }],
    }
}

fn entry(day: u32, zone: &str) -> Entry<'_> {
    Entry {
        day: DayId(day),
        zone,
        from_outside: zone == "venue",
        at: at(0),
        location: None,
    }
}

fn ticket<'a>(event: &'a EventFacts, windows: &'a [Window]) -> TicketFacts<'a> {
    TicketFacts {
        inactive: None,
        kind: event.ticket_types.first(),
        valid_from: None,
        valid_until: None,
        windows: Some(windows),
        entries: Vec::new(),
    }
}

fn facts<'a>(event: &'a EventFacts, ticket: TicketFacts<'a>, now: i64) -> Facts<'a> {
    Facts {
        now: at(now),
        event,
        station: Station::default(),
        lookup: Lookup::Ticket(ticket),
    }
}

/// Compares the nearest moment and place with `SECOND`, `SECOND at SCAN POINT` or `SECOND in ZONE`.
#[track_caller]
fn check(facts: &Facts, expected: Option<&str>) {
    let found = nearest(facts).flatten().next().map(|found| {
        let at = found.at.as_second();
        match (found.place.scan_point, found.place.zone) {
            (Some(point), _) => format!("{at} at {point}"),
            (None, Some(zone)) => format!("{at} in {zone}"),
            (None, None) => at.to_string(),
        }
    });
    assert_eq!(found.as_deref(), expected);
}

const BOTH: [Window; 2] = [
    Window {
        day: 0,
        opens: Timestamp::constant(90, 0),
        closes: Timestamp::constant(200, 0),
    },
    Window {
        day: 1,
        opens: Timestamp::constant(290, 0),
        closes: Timestamp::constant(400, 0),
    },
];

#[test]
fn a_ticket_that_is_let_in_is_let_in_there_and_then() {
    let event = event();
    check(&facts(&event, ticket(&event, &BOTH), 150), Some("150"));
}

#[test]
fn the_next_opening_comes_before_those_that_are_over() {
    let event = event();
    check(&facts(&event, ticket(&event, &BOTH), 0), Some("90"));
    check(&facts(&event, ticket(&event, &BOTH), 250), Some("290"));
    // After the last doors have closed, the latest moment at which something began.
    check(&facts(&event, ticket(&event, &BOTH), 500), Some("300"));
}

#[test]
fn of_places_at_one_moment_the_asked_one_comes_first_then_scan_points_then_zones() {
    let event = event();
    let mut used = ticket(&event, &BOTH);
    used.entries = vec![entry(0, "venue")];
    check(
        &facts(&event, used.clone(), 150),
        Some("150 at lounge door"),
    );
    let mut without_points = event.clone();
    without_points.scan_points.clear();
    check(&facts(&without_points, used, 150), Some("150 in lounge"));
    let mut at_staff_door = facts(&event, ticket(&event, &BOTH), 150);
    at_staff_door.station.scan_point = Some("staff door");
    check(&at_staff_door, Some("150 at lounge door"));
}

#[test]
fn a_validity_of_the_ticket_begins_its_windows() {
    let event = event();
    let mut late = ticket(&event, &BOTH);
    late.valid_from = Some(at(120));
    check(&facts(&event, late, 0), Some("120"));
}

#[test]
fn a_day_that_ends_leaves_the_choice_to_the_next() {
    let event = event();
    // The running day decides alone, and its entry is used; the next day's doors have been open for long.
    let windows = [window(0, 90, 250), window(1, 150, 400)];
    let mut used = ticket(&event, &windows);
    used.entries = vec![entry(0, "venue"), entry(0, "lounge")];
    check(&facts(&event, used, 160), Some("200"));
}

#[test]
fn there_is_nothing_for_a_ticket_that_no_moment_helps() {
    let event = event();
    let mut cancelled = ticket(&event, &BOTH);
    cancelled.inactive = Some(crate::Inactive::Cancelled);
    check(&facts(&event, cancelled, 150), None);
    let mut failed = ticket(&event, &BOTH);
    failed.windows = None;
    check(&facts(&event, failed, 150), None);
    let mut elsewhere = facts(&event, ticket(&event, &BOTH), 150);
    elsewhere.lookup = Lookup::Elsewhere;
    check(&elsewhere, None);
}

/// A case: the moment, the windows, the days and zones of entries, the validity.
type Case = (i64, Vec<(usize, i64, i64)>, Vec<(u32, bool)>, Option<i64>);

fn cases() -> impl Strategy<Value = Case> {
    let windows = vec((0..2_usize, 0..450_i64, 1..200_i64), 0..5);
    let entries = vec((0..2_u32, any::<bool>()), 0..4);
    (0..500_i64, windows, entries, option::of(0..450_i64))
}

/// Whether any place of the event lets the ticket in at a moment, tried one by one.
fn is_admitted_somewhere(facts: &Facts, at: Timestamp) -> bool {
    let points = facts.event.scan_points.iter();
    let points = points.map(|point| (Some(&*point.id), None));
    let zones = facts.event.zones.iter();
    let zones = zones.map(|zone| (None, Some(&*zone.id)));
    let mut places = [(None, None)].into_iter().chain(points).chain(zones);
    places.any(|(scan_point, zone)| {
        let mut there = facts.clone();
        there.now = at;
        there.station = Station {
            scanner: None,
            scan_point,
            zone,
        };
        decide(&there).refusal.is_none()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_named_is_admitted_and_nothing_nearer_is((now, windows, entries, from) in cases()) {
        let event = event();
        let windows = windows.into_iter();
        let windows: Vec<_> = windows.map(|(day, opens, length)| window(day, opens, opens + length)).collect();
        let zone = |inside| if inside { "lounge" } else { "venue" };
        let entries = entries.into_iter().map(|(day, inside)| entry(day, zone(inside)));
        let ticket = TicketFacts {
            entries: entries.collect(),
            valid_from: from.map(at),
            ..ticket(&event, &windows)
        };
        let facts = facts(&event, ticket, now);
        let named = nearest(&facts).flatten().next();
        // Every second from now on is tried, not only those at which something changes.
        let first = (now..1_000).map(at).find(|at| is_admitted_somewhere(&facts, *at));
        match (named, first) {
            (Some(named), Some(first)) => prop_assert_eq!(named.at, first),
            (Some(named), None) => prop_assert!(named.at < at(now)),
            (None, first) => {
                prop_assert_eq!(first, None);
                let mut before = (-100..now).map(at);
                prop_assert!(!before.any(|at| is_admitted_somewhere(&facts, at)));
            }
        }
        if let Some(Nearest { at, place }) = named {
            let there = Facts { now: at, station: place.station(&facts), ..facts.clone() };
            prop_assert_eq!(decide(&there).refusal, None);
            let mut later = moments_between(&facts, at);
            prop_assert!(!later.any(|at| is_admitted_somewhere(&facts, at)));
        }
    }
}

/// The moments of change that are nearer than this one.
fn moments_between<'f>(facts: &'f Facts<'f>, named: Timestamp) -> impl Iterator<Item = Timestamp> {
    let Lookup::Ticket(ticket) = &facts.lookup else {
        unreachable!("the case has a ticket");
    };
    moments(facts, ticket)
        .into_iter()
        .take_while(move |at| *at != named)
}
