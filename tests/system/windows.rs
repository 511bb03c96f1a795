//! When doors are open, as organizers see it: every strategy of the contract, by the name that events use.

use serde_json::{Value, json};

use crate::support::door::{text, with};
use crate::support::{Client, Server};

const OFFICE_HOURS: [(&str, &str); 1] = [("15T09:00", "15T18:00")];
const TWO_NIGHTS: [(&str, &str); 2] = [("15T20:00", "16T01:00"), ("16T20:00", "17T01:00")];

/// Creates an event and returns its windows for a ticket type, each as `Day 1: OPENS to CLOSES`.
async fn windows(client: &Client, event: Value, query: &str) -> Vec<String> {
    let event = client.post("/api/v1/events", event).await.data(201);
    let path = format!("/api/v1/events/{}/windows{query}", text(&event["eventId"]));
    let windows = client.get(&path).await.data(200);
    let windows = windows.as_array().expect("windows are an array").iter();
    let print = |window: &Value| {
        let [day, opens, closes] = ["dayName", "opens", "closes"].map(|name| text(&window[name]));
        format!("{day}: {opens} to {closes}")
    };
    windows.map(print).collect()
}

fn day(starts: &str, ends: &str) -> Value {
    json!({"startDateTime": starts, "endDateTime": ends})
}

/// Checks when doors are open, in times such as `15T09:00`: 15 December 2025, 09:00 in Nairobi.
async fn check(strategy: &str, options: Value, days: &[(&str, &str)], expected: &[&str]) {
    let server = Server::start().await;
    let time = |time: &str| format!("2025-12-{time}:00+03:00");
    let days = days
        .iter()
        .map(|(starts, ends)| day(&time(starts), &time(ends)));
    let event = json!({
        "name": strategy,
        "days": days.collect::<Vec<_>>(),
        "checkInStrategy": strategy,
        "strategyOptions": options,
    });
    let windows = windows(&server.client, event, "").await;
    let expected = expected.iter().map(|window| {
        let (day, hours) = window.split_once(": ").expect("a window names its day");
        let (opens, closes) = hours.split_once(" to ").expect("a window has an end");
        format!("{day}: {} to {}", time(opens), time(closes))
    });
    assert_eq!(windows, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn hours_before_opens_two_hours_before_and_closes_half_an_hour_after() {
    let by_default = ["Day 1: 15T07:00 to 15T18:30"];
    check("HOURS_BEFORE", json!({}), &OFFICE_HOURS, &by_default).await;
    let options = json!({"earlyCheckInHours": 0, "lateCheckInMinutes": 5});
    let as_chosen = ["Day 1: 15T09:00 to 15T18:05"];
    check("HOURS_BEFORE", options, &OFFICE_HOURS, &as_chosen).await;
}

#[tokio::test]
async fn specific_time_opens_and_closes_by_the_wall_clock() {
    let options = json!({"checkInOpensAt": "08:00", "checkInClosesAt": "23:00"});
    let by_day = ["Day 1: 15T08:00 to 15T23:00"];
    check("SPECIFIC_TIME", options, &OFFICE_HOURS, &by_day).await;
    let options = json!({"checkInOpensAt": "20:00", "checkInClosesAt": "02:00"});
    let by_night = ["Day 1: 15T20:00 to 16T02:00", "Day 2: 16T20:00 to 17T02:00"];
    check("SPECIFIC_TIME", options, &TWO_NIGHTS, &by_night).await;
}

#[tokio::test]
async fn all_day_opens_at_midnight_and_closes_at_midnight_or_the_end() {
    let whole_date = ["Day 1: 15T00:00 to 16T00:00"];
    check("ALL_DAY", json!({}), &OFFICE_HOURS, &whole_date).await;
    let past_midnight = ["Day 1: 15T00:00 to 16T01:00", "Day 2: 16T00:00 to 17T01:00"];
    check("ALL_DAY", json!({}), &TWO_NIGHTS, &past_midnight).await;
}

#[tokio::test]
async fn exact_time_is_open_while_the_day_runs() {
    let as_it_runs = ["Day 1: 15T09:00 to 15T18:00"];
    check("EXACT_TIME", json!({}), &OFFICE_HOURS, &as_it_runs).await;
}

#[tokio::test]
async fn as_day_start_opens_at_midnight_and_closes_some_minutes_after_the_end() {
    let by_default = ["Day 1: 15T00:00 to 15T18:30"];
    check("AS_DAY_START", json!({}), &OFFICE_HOURS, &by_default).await;
    let options = json!({"lateCheckInMinutes": 90});
    let as_chosen = ["Day 1: 15T00:00 to 16T02:30", "Day 2: 16T00:00 to 17T02:30"];
    check("AS_DAY_START", options, &TWO_NIGHTS, &as_chosen).await;
}

#[tokio::test]
async fn a_ticket_type_has_windows_on_the_days_it_is_good_for() {
    let server = Server::start().await;
    let event = json!({
        "name": "Festival",
        "days": [
            day("2025-12-19T10:00:00+03:00", "2025-12-19T22:00:00+03:00"),
            day("2025-12-20T10:00:00+03:00", "2025-12-20T22:00:00+03:00"),
            day("2025-12-21T10:00:00+03:00", "2025-12-21T22:00:00+03:00"),
        ],
        "checkInStrategy": "EXACT_TIME",
        "ticketTypes": [
            {"id": "all"},
            {"id": "by-name", "days": ["Day 2"]},
            {"id": "by-a-name-alike", "days": [" day–2"]},
            {"id": "by-date", "days": ["2025-12-21", "2025-12-19"]},
            {"id": "by-weekday", "days": ["friday", "Saturday"]},
        ],
    });
    let named = |numbers: &[usize]| -> Vec<String> {
        let print = |number: &usize| {
            let date = format!("2025-12-{}", 18 + number);
            format!("Day {number}: {date}T10:00:00+03:00 to {date}T22:00:00+03:00")
        };
        numbers.iter().map(print).collect()
    };
    let expected = [
        ("", named(&[1, 2, 3])),
        ("?ticketType=all", named(&[1, 2, 3])),
        ("?ticketType=by-name", named(&[2])),
        ("?ticketType=by-a-name-alike", named(&[2])),
        ("?ticketType=by-date", named(&[1, 3])),
        ("?ticketType=by-weekday", named(&[1, 2])),
    ];
    for (query, expected) in expected {
        assert_eq!(
            windows(&server.client, event.clone(), query).await,
            expected,
            "{query}"
        );
    }
}

#[tokio::test]
async fn times_carry_the_offset_of_their_own_moment() {
    let server = Server::start().await;
    // Berlin's clocks go forward at 02:00 on 29 March and back at 03:00 on 25 October 2026.
    let event = json!({
        "name": "Clock change",
        "timezone": "Europe/Berlin",
        "days": [
            day("2026-03-28T22:00:00Z", "2026-03-29T02:00:00Z"),
            day("2026-10-24T22:00:00Z", "2026-10-25T02:00:00Z"),
        ],
        "checkInStrategy": "ALL_DAY",
    });
    let created = server
        .client
        .post("/api/v1/events", event.clone())
        .await
        .data(201);
    let day = |name: &str, starts: &str, ends: &str| json!({"dayName": name, "startDateTime": starts, "endDateTime": ends});
    let expected = json!([
        day(
            "Day 1",
            "2026-03-28T23:00:00+01:00",
            "2026-03-29T04:00:00+02:00"
        ),
        day(
            "Day 2",
            "2026-10-25T00:00:00+02:00",
            "2026-10-25T03:00:00+01:00"
        ),
    ]);
    assert_eq!(created["days"], expected);
    assert_eq!(created["createdAt"], "2025-12-15T05:00:00+01:00");
    let expected = [
        "Day 1: 2026-03-28T00:00:00+01:00 to 2026-03-29T04:00:00+02:00",
        "Day 2: 2026-10-25T00:00:00+02:00 to 2026-10-26T00:00:00+01:00",
    ];
    assert_eq!(windows(&server.client, event, "").await, expected);
}

#[tokio::test]
async fn the_zone_of_an_event_is_the_offset_of_its_days_unless_named() {
    let server = Server::start().await;
    let event = |fields: Value| {
        let tour = json!({
            "name": "Tour",
            "days": [
                day("2026-07-01T18:00:00+02:00", "2026-07-01T22:00:00+02:00"),
                day("2026-07-02T18:00:00-04:00", "2026-07-02T22:00:00-04:00"),
            ],
            "checkInStrategy": "EXACT_TIME",
        });
        with(&tour, fields)
    };
    let refused = server.client.post("/api/v1/events", event(json!({}))).await;
    assert_eq!(
        refused.failure(422, "invalid_event"),
        "days have different offsets from UTC, +02:00 and -04:00: give timezone, such as Europe/Berlin"
    );
    let expected = [
        "Day 1: 2026-07-01T18:00:00+02:00 to 2026-07-01T22:00:00+02:00",
        "Day 2: 2026-07-03T00:00:00+02:00 to 2026-07-03T04:00:00+02:00",
    ];
    for zone in ["+02:00", "Europe/Berlin"] {
        let named = event(json!({"timezone": zone}));
        assert_eq!(windows(&server.client, named, "").await, expected);
    }
    let alike = event(json!({"days": [
        day("2026-07-01T18:00:00+02:00", "2026-07-01T22:00:00+02:00"),
        day("2026-07-03T00:00:00+02:00", "2026-07-03T04:00:00+02:00"),
    ]}));
    assert_eq!(windows(&server.client, alike, "").await, expected);
}

#[tokio::test]
async fn days_on_both_sides_of_a_change_of_the_clocks_need_a_time_zone() {
    let server = Server::start().await;
    // The night in which Berlin's clocks go back.
    let night = json!([day(
        "2026-10-24T20:00:00+02:00",
        "2026-10-25T04:00:00+01:00"
    )]);
    let event = json!({"name": "Night", "days": night});
    let refused = server.client.post("/api/v1/events", event.clone()).await;
    let words = refused.failure(422, "invalid_event");
    assert!(words.contains("give timezone"), "{words}");
    let evening = json!([day(
        "2026-10-24T20:00:00+02:00",
        "2026-10-24T23:00:00+02:00"
    )]);
    let summer = with(&event, json!({"days": evening}));
    let summer = server.client.post("/api/v1/events", summer).await.data(201);
    let path = format!("/api/v1/events/{}", text(&summer["eventId"]));
    let refused = server.client.patch(&path, json!({"days": night})).await;
    refused.failure(422, "invalid_event");
    let named = json!({"days": night, "timezone": "Europe/Berlin"});
    server.client.patch(&path, named).await.data(200);
    // From here on, the event has a time zone.
    let days = json!({"days": [evening[0], day("2026-11-01T20:00:00+01:00", "2026-11-01T22:00:00+01:00")]});
    server.client.patch(&path, days).await.data(200);
}

#[tokio::test]
async fn a_whole_date_ends_where_the_next_one_begins_though_midnight_comes_twice() {
    let server = Server::start().await;
    let event = json!({
        "name": "Azores",
        "timezone": "Atlantic/Azores",
        "days": [
            day("2026-10-24T09:00:00Z", "2026-10-24T18:00:00Z"),
            day("2026-10-25T10:00:00Z", "2026-10-25T19:00:00Z"),
        ],
        "checkInStrategy": "ALL_DAY",
    });
    let expected = [
        "Day 1: 2026-10-24T00:00:00+00:00 to 2026-10-25T00:00:00+00:00",
        "Day 2: 2026-10-25T00:00:00+00:00 to 2026-10-26T00:00:00-01:00",
    ];
    assert_eq!(windows(&server.client, event, "").await, expected);
}

#[tokio::test]
async fn hours_over_midnight_open_the_evening_before_a_day_after_midnight() {
    let options = json!({"checkInOpensAt": "22:00", "checkInClosesAt": "05:00"});
    let party = [("16T00:30", "16T05:00")];
    let by_night = ["Day 1: 15T22:00 to 16T05:00"];
    check("SPECIFIC_TIME", options, &party, &by_night).await;
}

#[tokio::test]
async fn windows_of_a_ticket_type_that_does_not_exist_are_refused() {
    let server = Server::start().await;
    let event = json!({
        "name": "Small",
        "days": [day("2025-12-15T09:00:00+03:00", "2025-12-15T18:00:00+03:00")],
    });
    let event = server.client.post("/api/v1/events", event).await.data(201);
    let path = format!("/api/v1/events/{}/windows", text(&event["eventId"]));
    let refused = server.client.get(&format!("{path}?ticketType=gold")).await;
    let words = refused.failure(422, "unknown_ticket_type");
    assert_eq!(words, "ticketType: the event has no ticket type \"gold\"");
}
