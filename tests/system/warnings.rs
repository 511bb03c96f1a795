//! Warnings to an event's organizers. `gatewit-api.md` §3.

use std::fs;

use gatewit_domain::ports::{Key, Write};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::attendees::configure;
use crate::support::door::{one_day, text, texts, with};
use crate::support::{Client, Server, test_guests, until};

const EVENTS: &str = "/api/v1/events";

fn day(name: &str, starts: &str, ends: &str) -> Value {
    let time = |time: &str| format!("2025-12-{time}:00+03:00");
    json!({"dayName": name, "startDateTime": time(starts), "endDateTime": time(ends)})
}

/// Creates an event and returns it, and checks that every answer shows it alike.
async fn shown(client: &Client, fields: Value) -> Value {
    let created = client
        .post(EVENTS, with(&one_day(), fields))
        .await
        .data(201);
    let path = format!("{EVENTS}/{}", text(&created["eventId"]));
    assert_eq!(client.get(&path).await.data(200), created);
    let changed = client.patch(&path, json!({"staff": []})).await.data(200);
    assert_eq!(changed, created);
    let all = client.get(EVENTS).await.data(200);
    // Ids of one moment are in no order.
    let all = all.as_array().expect("events are an array");
    assert!(all.contains(&created), "{all:?}");
    created
}

fn words(event: &Value) -> Vec<String> {
    let warnings = event["warnings"].as_array().expect("warnings are an array");
    warnings.iter().map(text).collect()
}

#[tokio::test]
async fn days_that_overlap_are_told() {
    let server = Server::start().await;
    let days = [
        day("Concert", "15T18:00", "15T23:00"),
        day("Dinner", "15T22:00", "15T22:30"),
        day("Party", "15T22:45", "16T04:00"),
        day("Brunch", "16T04:00", "16T12:00"),
    ];
    let event = shown(&server.client, json!({"days": days})).await;
    let start_before_its_end = |one: &str, starts: &str| {
        format!(
            "\"{one}\" starts at 2025-12-15T{starts}:00+03:00, before \"Concert\" ends at \
             2025-12-15T23:00:00+03:00: a scan in between counts for the first of them alone"
        )
    };
    let expected = [
        start_before_its_end("Dinner", "22:00"),
        start_before_its_end("Party", "22:45"),
    ];
    assert_eq!(words(&event), expected);
    let path = format!("{EVENTS}/{}", text(&event["eventId"]));
    let apart = json!({"days": [days[0], days[3]]});
    let changed = server.client.patch(&path, apart).await.data(200);
    assert_eq!(words(&changed), [""; 0]);
}

#[tokio::test]
async fn many_days_that_overlap_are_told_in_few_words() {
    let server = Server::start().await;
    let days: Vec<_> = (0..100)
        .map(|number| day(&format!("Day {number}"), "15T09:00", "15T18:00"))
        .collect();
    let event = shown(&server.client, json!({"days": days})).await;
    let words = words(&event);
    assert_eq!(words.len(), 21);
    assert_eq!(words[20], "and 79 more like these");
}

#[tokio::test]
async fn doors_that_are_never_open_while_their_day_runs_are_told() {
    let server = Server::start().await;
    let hours = |opens: &str, closes: &str| {
        json!({
            "checkInStrategy": "SPECIFIC_TIME",
            "strategyOptions": {"checkInOpensAt": opens, "checkInClosesAt": closes},
        })
    };
    let types = json!({"ticketTypes": [{"id": "vip"}, {"id": "late", "days": ["Evening"]}]});
    let days = json!({"days": [day("Noon", "15T12:00", "15T14:00"), day("Evening", "16T20:00", "16T23:00")]});
    let event = with(&with(&types, days), hours("08:00", "12:00"));
    let event = shown(&server.client, event).await;
    let expected = [
        "the doors of \"Noon\" are open to tickets of the types vip from 2025-12-15T08:00:00+03:00 to \
         2025-12-15T12:00:00+03:00, at no time between its start at 2025-12-15T12:00:00+03:00 and its end at \
         2025-12-15T14:00:00+03:00",
        "the doors of \"Evening\" are open from 2025-12-16T08:00:00+03:00 to 2025-12-16T12:00:00+03:00, at no time \
         between its start at 2025-12-16T20:00:00+03:00 and its end at 2025-12-16T23:00:00+03:00",
    ];
    assert_eq!(words(&event), expected);
    let path = format!("{EVENTS}/{}", text(&event["eventId"]));
    let changed = server.client.patch(&path, hours("08:00", "21:00"));
    assert_eq!(words(&changed.await.data(200)), [""; 0]);
    // An event without ticket types is warned about tickets from sources.
    let bare = with(&hours("08:00", "09:00"), json!({"ticketTypes": []}));
    assert_eq!(words(&shown(&server.client, bare).await).len(), 1);
}

#[tokio::test]
async fn warnings_are_there_again_after_a_restart() {
    let server = Server::start().await;
    let options = json!({"checkInOpensAt": "01:00", "checkInClosesAt": "02:00"});
    let never = json!({"checkInStrategy": "SPECIFIC_TIME", "strategyOptions": options});
    let event = shown(&server.client, never).await;
    assert_eq!(words(&event).len(), 1);
    let server = server.restart().await;
    let path = format!("{EVENTS}/{}", text(&event["eventId"]));
    until("the event is shown as before", async || {
        (server.client.get(&path).await.data(200) == event).then_some(())
    })
    .await;
}

/// A server with a guest list of two people.
pub async fn with_guests() -> (Server, TempDir) {
    let home = TempDir::new().expect("there is room for a test's data");
    let people = "order,name\nMH9CG,Ada Lovelace\nHLL1H,Sam Smith\n";
    fs::write(home.path().join("people.csv"), people).expect("a file can be written");
    let config = "sources:\n  crew:\n    plugin: guest-list\n    settings:\n      people: file://people.csv\n";
    configure(home.path(), config, "");
    let server = Server::start_configured(home.path()).await;
    server.client.wait_until_ready().await;
    (server, home)
}

#[tokio::test]
async fn an_event_whose_tickets_cannot_be_taken_in_is_stored_and_says_so() {
    let (server, _home) = with_guests().await;
    let event = server.client.post(EVENTS, one_day()).await.data(201);
    let id = text(&event["eventId"]);
    let path = format!("{EVENTS}/{id}");
    let taken_in = Key::new(format!("taken_in/{id}/crew"));
    let damage = Write::Put(taken_in.clone(), "damaged".into());
    let damaged = server.store.commit(Vec::new(), vec![damage]).await;
    damaged.expect("the store writes");
    let fields = json!({"name": "Congress", "ticketSources": ["crew"]});
    let changed = server.client.patch(&path, fields.clone()).await.data(200);
    let warnings = json!([
        "not all tickets of the source \"crew\" could be taken in; the next sync tries again, and the log says why"
    ]);
    let expected = with(&with(&event, fields), json!({"warnings": warnings}));
    assert_eq!(changed, expected);
    assert_eq!(server.client.get(&path).await.data(200), expected);
    // Once it can be read again, the next change imports them, and so does the next sync.
    let mend = vec![Write::Delete(taken_in)];
    let mended = server.store.commit(Vec::new(), mend).await;
    mended.expect("the store writes");
    let changed = server.client.patch(&path, json!({"name": "Gala"})).await;
    assert_eq!(words(&changed.data(200)), [""; 0]);
    let tickets = server
        .client
        .get(&format!("{path}/tickets"))
        .await
        .data(200);
    let mut names = texts(&tickets["tickets"], "attendeeName");
    names.sort();
    assert_eq!(names, ["Ada Lovelace", "Sam Smith"]);
}

#[tokio::test]
async fn the_tickets_of_a_source_are_there_once_the_event_that_attaches_it_is_answered() {
    let (server, _home) = with_guests().await;
    let attaching = with(&one_day(), json!({"ticketSources": ["crew"]}));
    let event = server.client.post(EVENTS, attaching).await.data(201);
    assert_eq!(words(&event), [""; 0]);
    let path = format!("{EVENTS}/{}/tickets", text(&event["eventId"]));
    let tickets = server.client.get(&path).await.data(200);
    assert_eq!(texts(&tickets["tickets"], "attendeeName").len(), 2);
}

#[tokio::test]
async fn an_event_whose_strategy_fails_is_told_so_when_it_is_made() {
    let server = Server::start_with(&test_guests()).await;
    let make = async |deed: &str| {
        let fields = json!({"checkInStrategy": "MISCHIEF", "strategyOptions": {"do": deed}});
        let event = server
            .client
            .post("/api/v1/events", with(&one_day(), fields));
        event.await.data(201)["warnings"].to_string()
    };
    let words = "the strategy MISCHIEF fails";
    let warnings = make("behave").await;
    assert!(!warnings.contains(words), "{warnings}");
    let warnings = make("panic").await;
    assert!(warnings.contains(words), "{warnings}");
}
