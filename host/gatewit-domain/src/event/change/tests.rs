//! Tests which changes organizers may make to an event.

use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::event::EventStatus;

/// Reads what a test writes of an event: JSON with the fields of the API.
fn change(fields: Value) -> EventChange {
    let text = |part: &Value, name: &str| part[name].as_str().map(str::to_owned);
    let days = |days: &Value| {
        let days = days.as_array()?.iter().map(|day| DayChange {
            day_name: text(day, "dayName"),
            start_date_time: text(day, "startDateTime").unwrap(),
            end_date_time: text(day, "endDateTime").unwrap(),
        });
        Some(days.collect())
    };
    EventChange {
        name: text(&fields, "name"),
        slug: text(&fields, "slug"),
        org_id: text(&fields, "orgId"),
        timezone: text(&fields, "timezone"),
        days: days(&fields["days"]),
        check_in_strategy: read(&fields["checkInStrategy"]),
        strategy_options: read(&fields["strategyOptions"]),
        ticket_types: parts(
            &fields["ticketTypes"],
            |kind| json!({"name": kind["id"], "allowReentry": false, "admits": true}),
        ),
        zones: parts(&fields["zones"], |_| json!({"perimeter": false})),
        scan_points: parts(
            &fields["scanPoints"],
            |point| json!({"name": point["id"], "matchField": "any"}),
        ),
        ticket_sources: read(&fields["ticketSources"]),
        organizers: read(&fields["organizers"]),
        staff: read(&fields["staff"]),
    }
}

fn read<T: DeserializeOwned>(field: &Value) -> Option<T> {
    serde_json::from_value(field.clone()).unwrap()
}

/// Reads the parts of a list, each with these values where it names none.
fn parts<T: DeserializeOwned>(list: &Value, defaults: fn(&Value) -> Value) -> Option<Vec<T>> {
    let list = list.as_array()?.iter().map(|part| {
        let mut whole = defaults(part);
        for (name, value) in part.as_object().unwrap() {
            whole[name] = value.clone();
        }
        serde_json::from_value(whole).unwrap()
    });
    Some(list.collect())
}

fn created(fields: Value) -> Result<Event, Problem> {
    let mut all = json!({
        "name": "East African Tech Summit 2025",
        "days": [
            {"dayName": "Day 1", "startDateTime": "2025-12-15T09:00:00+03:00", "endDateTime": "2025-12-15T18:00:00+03:00"},
            {"dayName": "Day 2", "startDateTime": "2025-12-16T09:00:00+03:00", "endDateTime": "2025-12-16T18:00:00+03:00"},
        ],
        "ticketTypes": [{"id": "vip"}]
    });
    for (name, value) in fields.as_object().unwrap() {
        all[name] = value.clone();
    }
    Event::create(
        change(all),
        "creator",
        "2025-12-01T00:00:00Z".parse().unwrap(),
    )
}

#[test]
fn an_event_needs_little_more_than_a_name_and_a_day() {
    let event = created(json!({})).unwrap();
    assert_eq!(event.slug, "east-african-tech-summit-2025");
    assert_eq!(event.org_id, "default");
    assert_eq!(event.calendar.time_zone.to_string(), "+03:00");
    assert_eq!(event.strategy.to_string(), "HOURS_BEFORE");
    assert_eq!(event.organizers, ["creator"]);
    assert_eq!(event.status(), EventStatus::Draft);
    assert!(event.ticket_types[0].admits && !event.ticket_types[0].allow_reentry);
}

#[track_caller]
fn check_refused(fields: Value, words: &str) {
    let problem = created(fields.clone()).expect_err(&fields.to_string());
    assert!(problem.message.contains(words), "{problem}, not {words}");
}

#[test]
fn what_cannot_be_is_refused_by_field() {
    let day = |starts: &str, ends: &str| json!([{"startDateTime": starts, "endDateTime": ends}]);
    check_refused(json!({"name": null}), "name is required");
    check_refused(json!({"name": " "}), "name must have");
    check_refused(json!({"days": null}), "days is required");
    check_refused(json!({"days": []}), "1 to 366");
    let backwards = day("2025-12-15T18:00:00+03:00", "2025-12-15T09:00:00+03:00");
    check_refused(json!({"days": backwards}), "days[0] ends at");
    let empty = day("2025-12-15T18:00:00+03:00", "2025-12-15T15:00:00Z");
    check_refused(json!({"days": empty}), "not after it starts");
    let no_offset = day("2025-12-15T09:00:00", "2025-12-15T18:00:00");
    check_refused(json!({"days": no_offset}), "days[0].startDateTime");
    let long = day("2025-01-15T09:00:00Z", "2025-03-15T18:00:00Z");
    check_refused(json!({"days": long}), "longer than 31 days");
    let many = vec!["monday"; 367];
    check_refused(
        json!({"ticketTypes": [{"id": "a", "days": many}]}),
        "at most 366",
    );
    check_refused(
        json!({"ticketTypes": [{"id": "a"}, {"id": " a "}]}),
        "\"a\" twice",
    );
    for (one, other) in [
        ("v", "V"),
        ("day-pass", "Day\u{2013}Pass"),
        ("vip", "\u{feff}VIP "),
    ] {
        check_refused(
            json!({"ticketTypes": [{"id": one}, {"id": other}]}),
            "twice; case",
        );
    }
    check_refused(json!({"timezone": "Mars/Olympus"}), "Mars/Olympus");
    check_refused(json!({"slug": "No Slug"}), "No Slug");
    check_refused(
        json!({"ticketTypes": [{"id": "a"}, {"id": "a"}]}),
        "\"a\" twice",
    );
    check_refused(
        json!({"ticketTypes": [{"id": "a", "reentryLimit": 0}]}),
        "at least 1",
    );
    check_refused(
        json!({"ticketTypes": [{"id": "a", "days": ["Day 9"]}]}),
        "Day 9",
    );
    check_refused(
        json!({"scanPoints": [{"id": "x", "acceptedTicketTypes": ["gold"]}]}),
        "gold",
    );
}

#[test]
fn an_event_stored_with_types_that_are_the_same_when_compared_can_still_be_changed() {
    let mut event = created(json!({})).unwrap();
    let mut same = event.ticket_types[0].clone();
    same.id = "VIP".to_owned();
    event.ticket_types.push(same);
    event.apply(change(json!({"name": "Summit"}))).unwrap();
    assert_eq!(event.ticket_types.len(), 2);
}

#[test]
fn times_are_kept_to_the_second() {
    let days = json!([{
        "startDateTime": "2025-12-15T09:00:00.999+03:00",
        "endDateTime": "2025-12-15T18:00:00.001+03:00",
    }]);
    let event = created(json!({ "days": days })).unwrap();
    let day = &event.calendar.days[0];
    assert_eq!(day.starts, "2025-12-15T06:00:00Z".parse().unwrap());
    assert_eq!(day.ends, "2025-12-15T15:00:00Z".parse().unwrap());
}

#[test]
fn a_type_may_name_days_by_name_date_or_weekday() {
    for name in ["Day 1", "2025-12-16", "monday", "Tuesday"] {
        let types = json!([{"id": "vip", "days": [name]}]);
        created(json!({ "ticketTypes": types })).unwrap();
    }
}

#[test]
fn a_change_sets_the_fields_it_names() {
    let mut event = created(json!({"strategyOptions": {"earlyCheckInHours": 4}})).unwrap();
    event.apply(change(json!({"name": "Summit"}))).unwrap();
    assert_eq!(
        (event.name.as_str(), event.strategy_options.len()),
        ("Summit", 1)
    );
    event
        .apply(change(json!({"checkInStrategy": "ALL_DAY"})))
        .unwrap();
    assert_eq!(
        (event.strategy.to_string(), event.strategy_options.len()),
        ("ALL_DAY".to_owned(), 0)
    );
}

#[test]
fn an_event_is_stored_with_the_name_of_its_strategy_alone() {
    let event = created(json!({"checkInStrategy": "ALL_DAY"})).unwrap();
    let mut stored = serde_json::to_value(&event).unwrap();
    assert_eq!(stored["strategy"], "ALL_DAY");
    assert_eq!(Event::deserialize(&stored).unwrap(), event);
    stored["strategy"] = json!({"any": ["ALL_DAY", "EXACT_TIME"]});
    let refusal = Event::deserialize(&stored).unwrap_err().to_string();
    assert_eq!(refusal, "invalid type: map, expected a string");
}

/// Applies new days, each a name and a start, and lists their ids in order.
#[track_caller]
fn ids_after(days: &[(&str, &str)]) -> Vec<u32> {
    let days: Vec<_> = days
        .iter()
        .map(|(name, starts)| {
            let ends = format!("{}T23:00:00+03:00", &starts[..10]);
            json!({"dayName": name, "startDateTime": format!("{starts}:00+03:00"), "endDateTime": ends})
        })
        .collect();
    let mut event = created(json!({})).unwrap();
    event.apply(change(json!({ "days": days }))).unwrap();
    event.calendar.days.iter().map(|day| day.id.0).collect()
}

#[test]
fn a_day_keeps_its_id_while_it_is_renamed_or_moved() {
    let first = ("Day 1", "2025-12-15T09:00");
    let second = ("Day 2", "2025-12-16T09:00");
    assert_eq!(ids_after(&[first, second]), [1, 2]);
    assert_eq!(ids_after(&[("Monday", "2025-12-15T08:00"), second]), [1, 2]);
    assert_eq!(ids_after(&[("Day 2", "2025-12-14T09:00"), first]), [2, 1]);
    assert_eq!(ids_after(&[second]), [2]);
    assert_eq!(
        ids_after(&[first, second, ("Day 3", "2025-12-17T09:00")]),
        [1, 2, 3]
    );
}

/// A session on the 15th with a name and hours.
fn session(name: &str, from: u8, to: u8) -> Value {
    let time = |hour: u8| format!("2025-12-15T{hour:02}:00:00+03:00");
    json!({"dayName": name, "startDateTime": time(from), "endDateTime": time(to)})
}

/// Makes an event with sessions on one date, replaces them, and lists the ids of the new ones.
#[track_caller]
fn session_ids(before: &[Value], changes: &[&[Value]]) -> Vec<u32> {
    let mut event = created(json!({ "days": before })).unwrap();
    for days in changes {
        event.apply(change(json!({ "days": days }))).unwrap();
    }
    event.calendar.days.iter().map(|day| day.id.0).collect()
}

#[test]
fn sessions_of_one_date_keep_their_own_ids() {
    let (a, b, c) = (
        session("A", 9, 10),
        session("B", 11, 12),
        session("C", 13, 14),
    );
    let all = [a.clone(), b.clone(), c.clone()];
    assert_eq!(session_ids(&all, &[&all]), [1, 2, 3]);
    assert_eq!(
        session_ids(&all, &[&[c.clone(), a.clone(), b.clone()]]),
        [1, 2, 3]
    );
    assert_eq!(session_ids(&all, &[&[b.clone(), c.clone()]]), [2, 3]);
    let unnamed = |from, to| {
        let mut day = session("", from, to);
        day["dayName"] = json!(null);
        day
    };
    assert_eq!(
        session_ids(&[unnamed(14, 16), unnamed(20, 22)], &[&[unnamed(20, 22)]]),
        [2]
    );
    let moved = session("B", 15, 16);
    assert_eq!(session_ids(&all, &[&[a, moved, c]]), [1, 3, 2]);
}

#[test]
fn a_day_that_comes_back_is_the_day_it_was() {
    let (a, b) = (session("A", 9, 10), session("B", 11, 12));
    let both = [a, b.clone()];
    assert_eq!(session_ids(&both, &[&[b], &both]), [1, 2]);
}

#[test]
fn a_name_that_moved_to_another_date_does_not_take_the_entries_of_that_date() {
    let moved_up = ("Day 1", "2025-12-16T09:00");
    assert_eq!(ids_after(&[moved_up]), [2]);
}

#[test]
fn the_id_of_a_day_that_is_gone_is_not_used_again() {
    let mut event = created(json!({})).unwrap();
    for (date, name) in [("2025-12-19", "Friday"), ("2025-12-23", "Tuesday")] {
        let time = |hour: u8| format!("{date}T{hour:02}:00:00+03:00");
        let day = json!({"dayName": name, "startDateTime": time(9), "endDateTime": time(18)});
        event.apply(change(json!({ "days": [day] }))).unwrap();
    }
    assert_eq!(event.calendar.days[0].id, DayId(4));
}
