//! When and where a ticket is let in, and which rule refuses it. `gatewit-api.md` §10.

use serde_json::{Value, json};

use crate::support::door::{NOBODY, days, one_day, text, with};
use crate::support::{Client, Door, Server, test_guests};

/// The answer about a ticket, with a query such as `?at=…`, and its sentence.
async fn explained(client: &Client, ticket: &Value, query: &str) -> (Value, String) {
    let answer = client.get(&path(ticket, query)).await;
    let sentence = text(&answer.body["message"]);
    (answer.data(200), sentence)
}

pub fn path(ticket: &Value, query: &str) -> String {
    let id = text(&ticket["ticketInstanceId"]);
    format!("/api/v1/tickets/{id}/explain{query}")
}

/// Reason, rule and nearest moment of an answer: `not_open: day and window; 2025-12-15T07:00:00+03:00 at front`.
async fn told(client: &Client, ticket: &Value, query: &str) -> String {
    let (data, _) = explained(client, ticket, query).await;
    let refused = match (data["reason"].as_str(), data["rule"].as_str()) {
        (Some(reason), Some(rule)) => format!("{reason}: {rule}"),
        (None, None) => "in".to_owned(),
        _ => panic!("a reason without a rule, or a rule without a reason: {data}"),
    };
    assert_eq!(data["admitted"], refused == "in");
    let nearest = match (&data["nearest"]["at"], &data["nearest"]["scanPoint"]) {
        (Value::String(at), Value::String(point)) => format!("{at} at {point}"),
        (Value::String(at), _) => format!("{at} in {}", text(&data["nearest"]["zone"])),
        _ => "never".to_owned(),
    };
    format!("{refused}; {nearest}")
}

/// Two days; a lounge inside; a door for everybody, one for staff and one of the lounge.
fn conference() -> Value {
    with(
        &one_day(),
        json!({
            "days": days(2),
            "ticketTypes": [{"id": "vip"}, {"id": "staff", "days": ["Day 2"]}, {"id": "shirt", "admits": false}],
            "zones": [{"id": "venue"}, {"id": "lounge"}],
            "scanPoints": [
                {"id": "staff-door", "name": "Staff door", "acceptedTicketTypes": ["staff"]},
                {"id": "front", "name": "Front door"},
            ],
        }),
    )
}

#[tokio::test]
async fn a_ticket_is_let_in_from_the_moment_its_doors_open() {
    let server = Server::start().await;
    let door = Door::open(&server.client, conference()).await;
    let ticket = door.issue("vip").await;
    let client = &door.organizer;
    server.clock.set("2025-12-15T06:00:00+03:00");
    let (data, sentence) = explained(client, &ticket, "").await;
    let expected = json!({
        "admitted": false,
        "reason": "not_open",
        "rule": "day and window",
        "nearest": {"at": "2025-12-15T07:00:00+03:00", "scanPoint": null, "zone": "venue"},
        "windows": [
            {"dayName": "Day 1", "opens": "2025-12-15T07:00:00+03:00", "closes": "2025-12-15T18:30:00+03:00"},
            {"dayName": "Day 2", "opens": "2025-12-16T07:00:00+03:00", "closes": "2025-12-16T18:30:00+03:00"},
        ],
    });
    assert_eq!(data, expected);
    let series = text(&ticket["ticketSeries"]);
    assert_eq!(
        sentence,
        format!(
            "Ticket {series} would not be let in now in the zone venue: doors open for it today at 07:00 (not_open). \
             Nearest: today at 07:00 in the zone venue."
        )
    );
    let (data, sentence) = explained(
        client,
        &ticket,
        "?at=2025-12-15T07:00:00%2B03:00&scanPoint=front%20door",
    )
    .await;
    assert_eq!(data["nearest"]["scanPoint"], "front");
    assert_eq!(data["admitted"], true);
    assert_eq!(
        sentence,
        format!(
            "Ticket {series} would be let in on Monday 15 December 2025 at 07:00 at Front door."
        )
    );
    // At the door itself it comes out as it was told.
    assert_eq!(
        door.verdict(&text(&ticket["jwtToken"])).await,
        "EXPIRED not_open"
    );
    server.clock.set("2025-12-15T07:00:00+03:00");
    assert_eq!(door.verdict(&text(&ticket["jwtToken"])).await, "VALID");
}

#[tokio::test]
async fn each_rule_is_named_with_the_nearest_moment_and_place_at_which_none_refuses() {
    let server = Server::start().await;
    let door = Door::open(&server.client, conference()).await;
    let client = &door.organizer;
    let ticket = door.issue("vip").await;
    assert_eq!(
        told(client, &ticket, "?scanPoint=staff-door").await,
        "ticket_type_not_accepted: scan point; 2025-12-15T07:00:00+03:00 at front"
    );
    assert_eq!(door.verdict(&text(&ticket["jwtToken"])).await, "VALID");
    let used = "already_used: earlier entries";
    assert_eq!(
        told(client, &ticket, "").await,
        format!("{used}; 2025-12-15T07:00:00+03:00 in lounge")
    );
    assert_eq!(
        told(client, &ticket, "?zone=lounge").await,
        "in; 2025-12-15T07:00:00+03:00 in lounge"
    );
    let (_, sentence) = explained(client, &ticket, "").await;
    assert!(
        sentence.contains(": it was used now at Gate A (already_used)."),
        "{sentence}"
    );
    assert_eq!(
        told(client, &ticket, "?at=2025-12-20T00:00:00Z").await,
        "expired: day and window; 2025-12-16T18:00:00+03:00 in venue"
    );
    let (_, sentence) = explained(client, &ticket, "?at=2025-12-20T00:00:00Z").await;
    assert!(sentence.ends_with(", which has passed."), "{sentence}");

    let staff = door.issue("staff").await;
    assert_eq!(
        told(client, &staff, "?scanPoint=staff-door").await,
        "wrong_day: day and window; 2025-12-16T07:00:00+03:00 at staff-door"
    );
    let (data, _) = explained(client, &staff, "").await;
    assert_eq!(data["windows"].as_array().map(Vec::len), Some(1), "{data}");
    let shirt = door.issue("shirt").await;
    assert_eq!(told(client, &shirt, "").await, "not_active: ticket; never");
    let cancel = format!(
        "/api/v1/tickets/{}/cancel",
        text(&staff["ticketInstanceId"])
    );
    client.post(&cancel, json!({})).await.data(200);
    assert_eq!(told(client, &staff, "").await, "not_active: ticket; never");
    let (_, sentence) = explained(client, &staff, "").await;
    let ending = "it was cancelled (not_active). No other time or place at this event would help.";
    assert!(sentence.ends_with(ending), "{sentence}");
}

#[tokio::test]
async fn a_strategy_that_does_not_answer_is_named() {
    let server = Server::start_with(&test_guests()).await;
    let event = with(
        &one_day(),
        json!({"checkInStrategy": "MISCHIEF", "strategyOptions": {"do": "panic"}}),
    );
    let door = Door::open(&server.client, event).await;
    let ticket = door.issue("vip").await;
    let told = told(&door.organizer, &ticket, "").await;
    assert_eq!(told, "strategy_failed: day and window; never");
}

#[tokio::test]
async fn an_explanation_writes_nothing() {
    let server = Server::start().await;
    let door = Door::open(&server.client, conference()).await;
    let ticket =
        json!({"ticketTypeId": "vip", "attendeeName": "Ada", "attributes": {"is_speaker": true}});
    let ticket = door.issue_all(ticket).await;
    let before = server.stored().await;
    for query in [
        "",
        "?zone=lounge",
        "?scanPoint=front",
        "?at=2025-12-16T08:00:00Z",
    ] {
        told(&door.organizer, &ticket, query).await;
    }
    assert_eq!(server.stored().await, before);
}

#[tokio::test]
async fn what_cannot_be_explained_is_named() {
    let server = Server::start().await;
    let door = Door::open(&server.client, conference()).await;
    let ticket = door.issue("vip").await;
    let nobody = json!({"ticketInstanceId": NOBODY});
    let client = &door.organizer;
    let mistakes = [
        (path(&nobody, ""), 404, "not_found", "does not exist"),
        (
            path(&ticket, "?at=noon"),
            400,
            "malformed_request",
            "the query's at: expected a time",
        ),
        (
            path(&ticket, "?scanPoint=back"),
            422,
            "unknown_scan_point",
            "no scan point \"back\"",
        ),
        (
            path(&ticket, "?zone=cellar"),
            422,
            "unknown_zone",
            "no zone \"cellar\"",
        ),
    ];
    for (path, status, code, words) in mistakes {
        let message = client.get(&path).await.failure(status, code);
        assert!(message.contains(words), "{message}");
    }
}
