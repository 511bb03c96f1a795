//! The record of scans in its three formats, and check-ins without a code. `gatewit-api.md` §12.

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::door::{open_server, text, with};
use crate::support::{Answer, Door, Server};

mod rows;

const FIELDS: [&str; 20] = [
    "checkInId",
    "ticketInstanceId",
    "ticketSeries",
    "outcome",
    "reason",
    "refusals",
    "direction",
    "at",
    "arrivedAt",
    "scannerId",
    "contract",
    "zone",
    "checkpoint",
    "sessionId",
    "conflict",
    "undone",
    "plugin",
    "digest",
    "dayName",
    "undoes",
];

fn path(door: &Door, query: &str) -> String {
    format!("/api/v1/events/{}/check-ins{query}", door.event_id)
}

/// Makes an admission, a duplicate a day later, and a forgery. Returns the ticket.
async fn three_scans(server: &Server, door: &Door) -> Value {
    let ticket = door.issue("vip").await;
    let jwt = text(&ticket["jwtToken"]);
    door.verdict(&jwt).await;
    server.clock.advance(SignedDuration::from_mins(30));
    door.verdict(&jwt).await;
    server.clock.advance(SignedDuration::from_mins(1));
    door.verdict("no ticket at all").await;
    server.clock.advance(SignedDuration::from_mins(1));
    ticket
}

async fn listed(door: &Door, query: &str) -> Vec<Value> {
    let page = door.organizer.get(&path(door, query)).await.data(200);
    page["checkIns"].as_array().expect("a list").clone()
}

fn outcomes(records: &[Value]) -> Vec<String> {
    let outcome = |record: &Value| match record["reason"].as_str() {
        Some(reason) => format!("{} {reason}", text(&record["outcome"])),
        None => text(&record["outcome"]),
    };
    records.iter().map(outcome).collect()
}

#[tokio::test]
async fn every_scan_is_on_record() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let ticket = three_scans(&server, &door).await;
    let records = listed(&door, "").await;
    let expected = [
        "admitted",
        "refused already_used",
        "refused invalid_signature",
    ];
    assert_eq!(outcomes(&records), expected);
    let first = &records[0];
    let digest = first["digest"].clone();
    assert!(text(&digest).starts_with("sha256:"));
    let expected = json!({
        "checkInId": first["checkInId"],
        "ticketInstanceId": ticket["ticketInstanceId"],
        "ticketSeries": "VIP-0001",
        "outcome": "admitted",
        "reason": null,
        "refusals": null,
        "direction": "in",
        "at": "2025-12-15T07:00:00+03:00",
        "arrivedAt": "2025-12-15T07:00:00+03:00",
        "scannerId": door.scanner_id,
        "contract": "event-check-in",
        "zone": "venue",
        "checkpoint": null,
        "sessionId": null,
        "conflict": false,
        "undone": false,
        "plugin": "hours-before",
        "digest": digest,
        "dayName": "Day 1",
        "undoes": null,
    });
    assert_eq!(*first, expected);
    assert_eq!(records[2]["ticketInstanceId"], json!(null));
}

#[tokio::test]
async fn records_are_found_by_day_scanner_and_outcome() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let other = Door::link(&server.client, &door.event_id, "another-device", json!({})).await;
    three_scans(&server, &door).await;
    other.verdict("nothing").await;
    assert_eq!(listed(&door, "?outcome=admitted").await.len(), 1);
    assert_eq!(listed(&door, "?outcome=refused").await.len(), 3);
    assert_eq!(
        listed(&door, &format!("?scannerId={}", other.scanner_id))
            .await
            .len(),
        1
    );
    assert_eq!(listed(&door, "?day=2025-12-15").await.len(), 4);
    assert_eq!(listed(&door, "?day=2025-12-14").await.len(), 0);
    for (query, words) in [
        (
            "?day=soon",
            "day: expected the name or date of a day of the event: Day 1 (2025-12-15)",
        ),
        (
            "?outcome=both",
            "outcome: expected one of admitted, refused, undone",
        ),
        (
            "?cursor=x",
            "cursor: expected the nextCursor of the page before",
        ),
        ("?scannerId=x", "scannerId: expected the id of a scanner"),
    ] {
        let refused = door.organizer.get(&path(&door, query)).await;
        let message = refused.failure(400, "malformed_request");
        assert_eq!(message, format!("the query's {words}"));
    }
}

#[tokio::test]
async fn a_cursor_walks_the_record_without_gap_or_overlap() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    three_scans(&server, &door).await;
    three_scans(&server, &door).await;
    let mut cursor = String::new();
    let mut walked = Vec::new();
    loop {
        let page = door
            .organizer
            .get(&path(&door, &format!("?limit=2{cursor}")))
            .await
            .data(200);
        walked.extend(page["checkIns"].as_array().expect("a list").clone());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(walked, listed(&door, "").await);
}

#[tokio::test]
async fn the_record_streams_as_ndjson_and_csv() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    three_scans(&server, &door).await;
    let records = listed(&door, "").await;
    let (kind, lines) = door
        .organizer
        .get_text(&path(&door, ""), "application/x-ndjson")
        .await;
    assert_eq!(kind, "application/x-ndjson");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines, records);
    let (kind, rows) = door
        .organizer
        .get_text(
            &path(&door, "?outcome=refused"),
            "Text/CSV; q=0.9, */*; q=0.1",
        )
        .await;
    assert!(kind.starts_with("text/csv"), "{kind}");
    let rows: Vec<_> = rows.lines().collect();
    assert_eq!(rows[0], FIELDS.join(","));
    assert_eq!(rows.len(), 3);
    assert!(
        rows[1].starts_with(&text(&records[1]["checkInId"])),
        "{}",
        rows[1]
    );
    assert!(
        rows[2].contains(",,,refused,invalid_signature,,in,"),
        "{}",
        rows[2]
    );
}

#[tokio::test]
async fn the_record_comes_in_the_form_that_the_client_would_rather_have() {
    let (_server, door) = open_server().await;
    for (accept, form) in [
        ("*/*", "application/json"),
        ("text/html, */*;q=0.8", "application/json"),
        ("image/png", "application/json"),
        ("no such thing", "application/json"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("application/json;q=0.1, text/csv", "text/csv"),
        (
            "text/csv;q=0, application/x-ndjson;q=0.1",
            "application/x-ndjson",
        ),
        ("text/*", "text/csv"),
    ] {
        let (kind, _) = door.organizer.get_text(&path(&door, ""), accept).await;
        assert_eq!(kind.split(';').next(), Some(form), "{accept}");
    }
}

async fn check_in(door: &Door, request: Value) -> Answer {
    door.organizer.post(&path(door, ""), request).await
}

fn statuses(answer: Answer) -> Vec<String> {
    let outcomes = answer.data(200);
    outcomes
        .as_array()
        .expect("a list")
        .iter()
        .map(|outcome| text(&outcome["status"]))
        .collect()
}

#[tokio::test]
async fn a_ticket_is_checked_in_without_its_code_once() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let ticket = door.issue("vip").await;
    let request = json!({"ticketInstanceId": ticket["ticketInstanceId"]});
    assert_eq!(statuses(check_in(&door, request.clone()).await), ["VALID"]);
    server.clock.advance(SignedDuration::from_mins(1));
    let again = check_in(&door, request).await;
    assert_eq!(again.body["message"], "Not every ticket was let in");
    assert_eq!(statuses(again), ["DUPLICATE"]);
    server.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(
        door.verdict(&text(&ticket["jwtToken"])).await,
        "DUPLICATE already_used"
    );
    let records = listed(&door, "").await;
    assert_eq!(
        (&records[0]["contract"], &records[0]["scannerId"]),
        (&json!("desk"), &json!(null))
    );
}

#[tokio::test]
async fn a_whole_order_is_checked_in_each_ticket_by_itself() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let draft = |order: &str| json!({"ticketTypeId": "vip", "attendeeName": "John Doe", "bookingReference": order});
    let tickets =
        json!({"tickets": [draft("EVT-1"), draft("EVT-1"), draft("EVT-1/2"), draft("EVT-10")]});
    let issued = format!("/api/v1/events/{}/tickets", door.event_id);
    let issued = door.organizer.post(&issued, tickets).await.data(201);
    door.verdict(&text(&issued[1]["jwtToken"])).await;
    assert_eq!(
        statuses(check_in(&door, json!({"order": "EVT-1"})).await),
        ["VALID", "DUPLICATE"]
    );
    assert_eq!(
        statuses(check_in(&door, json!({"order": "EVT-1/2"})).await),
        ["VALID"]
    );
    assert_eq!(door.verdict(&text(&issued[3]["jwtToken"])).await, "VALID");
}

#[tokio::test]
async fn a_request_sent_again_checks_in_what_it_did_and_no_more() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let of_order =
        json!({"ticketTypeId": "vip", "attendeeName": "Ann", "bookingReference": "EVT-1"});
    let first = door.issue_all(of_order.clone()).await;
    let other = door.issue("vip").await;
    let order = json!({"order": "EVT-1"});
    let path = path(&door, "");
    let answer = door.organizer.post_once(&path, "once", order.clone()).await;
    assert_eq!(statuses(answer.clone()), ["VALID"]);
    // The order gets another ticket meanwhile.
    door.issue_all(of_order).await;
    let named = with(&order, json!({"scanId": "once"}));
    for again in [
        door.organizer.post_once(&path, "once", order.clone()).await,
        check_in(&door, named).await,
    ] {
        assert_eq!(again, answer);
    }
    for request in [
        json!({"ticketInstanceId": first["ticketInstanceId"]}),
        json!({"ticketInstanceId": other["ticketInstanceId"]}),
        json!({"order": "EVT-2"}),
    ] {
        let refused = door.organizer.post_once(&path, "once", request).await;
        refused.failure(409, "idempotency_mismatch");
    }
    assert_eq!(listed(&door, "").await.len(), 1);
    server.clock.advance(SignedDuration::from_hours(24));
    let answer = door.organizer.post_once(&path, "once", order).await;
    assert_eq!(statuses(answer).len(), 2);
}

#[tokio::test]
async fn a_request_sent_many_times_at_once_is_one() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let request = json!({"ticketInstanceId": door.issue("vip").await["ticketInstanceId"]});
    let path = path(&door, "");
    let requests = (0..16).map(|_| door.organizer.post_once(&path, "once", request.clone()));
    for answer in join_all(requests).await {
        assert_eq!(statuses(answer), ["VALID"]);
    }
    assert_eq!(listed(&door, "").await.len(), 1);
}

#[tokio::test]
async fn what_is_not_there_cannot_be_checked_in() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    check_in(&door, json!({"order": "EVT-9"}))
        .await
        .failure(422, "unknown_order");
    check_in(&door, json!({"ticketInstanceId": "x"}))
        .await
        .failure(422, "unknown_ticket");
    check_in(&door, json!({}))
        .await
        .failure(422, "invalid_check_in_request");
    assert_eq!(listed(&door, "").await, [json!(null); 0]);
}
