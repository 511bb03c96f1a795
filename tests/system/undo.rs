//! Undoing an admission. `gatewit-api.md` §5 "Undo".

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::door::{VALIDATE, one_day, text, with};
use crate::support::{Answer, Client, Door, Server};

async fn undo(client: &Client, check_in_id: &Value) -> Answer {
    let request = json!({"checkInId": check_in_id, "reason": "wrong button"});
    client.post("/api/v1/check-in/undo", request).await
}

/// Admits a ticket and returns the check-in's id.
async fn admit(door: &Door, jwt: &str) -> Value {
    door.scan(jwt).await.data(200)["checkInId"].clone()
}

#[tokio::test]
async fn an_admission_taken_back_frees_the_entry_and_stays_on_record() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let jwt = door.issue_jwt("vip").await;
    let check_in_id = admit(&door, &jwt).await;
    let undone = undo(&door.scanner, &check_in_id).await.data(200);
    assert_eq!(
        undone,
        json!({
            "checkInId": check_in_id,
            "undone": true,
            "undoneAt": "2025-12-15T07:00:00+03:00",
            "undoneBy": door.scanner_id,
            "reason": "wrong button",
        })
    );
    server.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(door.verdict(&jwt).await, "VALID");
    assert_eq!(door.verdict(&jwt).await, "DUPLICATE already_used");
    let path = format!(
        "/api/v1/events/{}/check-ins?outcome=admitted",
        door.event_id
    );
    let records = door.organizer.get(&path).await.data(200);
    let undone: Vec<_> = records["checkIns"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|record| &record["undone"])
        .collect();
    assert_eq!(undone, [true, false]);
}

#[tokio::test]
async fn an_undo_is_a_record_of_its_own() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let ticket = door.issue("vip").await;
    let check_in_id = admit(&door, &text(&ticket["jwtToken"])).await;
    server.clock.advance(SignedDuration::from_mins(1));
    undo(&door.scanner, &check_in_id).await.data(200);
    let path = format!("/api/v1/events/{}/check-ins", door.event_id);
    let records = door.organizer.get(&path).await.data(200)["checkIns"].clone();
    let record = &records[1];
    let expected = json!({
        "checkInId": record["checkInId"],
        "ticketInstanceId": ticket["ticketInstanceId"],
        "ticketSeries": "VIP-0001",
        "outcome": "undone",
        "reason": null,
        "refusals": null,
        "direction": null,
        "at": "2025-12-15T07:01:00+03:00",
        "arrivedAt": "2025-12-15T07:01:00+03:00",
        "scannerId": door.scanner_id,
        "contract": null,
        "zone": null,
        "checkpoint": null,
        "sessionId": null,
        "conflict": false,
        "undone": false,
        "plugin": null,
        "digest": null,
        "dayName": "Day 1",
        "undoes": check_in_id,
    });
    assert_eq!(*record, expected);
    assert_ne!(record["checkInId"], check_in_id);
    assert_eq!(records[0]["undone"], true);
    let undone = door.organizer.get(&format!("{path}?outcome=undone")).await;
    assert_eq!(
        undone.data(200)["checkIns"].as_array().map(Vec::len),
        Some(1)
    );
    undo(&door.scanner, &record["checkInId"])
        .await
        .failure(422, "not_admitted");
}

#[tokio::test]
async fn a_ticket_of_a_single_day_is_no_longer_used_once_its_entry_is_taken_back() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let ticket = door.issue("vip").await;
    let path = format!("/api/v1/tickets/{}", text(&ticket["ticketInstanceId"]));
    let check_in_id = admit(&door, &text(&ticket["jwtToken"])).await;
    assert_eq!(door.organizer.get(&path).await.data(200)["state"], "USED");
    undo(&door.organizer, &check_in_id).await.data(200);
    assert_eq!(door.organizer.get(&path).await.data(200)["state"], "ACTIVE");
}

#[tokio::test]
async fn a_scanner_may_take_back_its_own_admissions_for_fifteen_minutes() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let other = Door::link(&server.client, &door.event_id, "another-device", json!({})).await;
    let check_in_id = admit(&door, &door.issue_jwt("vip").await).await;
    undo(&other.scanner, &check_in_id)
        .await
        .failure(403, "not_own_check_in");
    server.clock.advance(SignedDuration::from_secs(15 * 60));
    undo(&door.scanner, &check_in_id)
        .await
        .failure(403, "undo_too_late");
    undo(&door.organizer, &check_in_id).await.data(200);
}

#[tokio::test]
async fn a_scanner_that_is_one_no_more_takes_nothing_back() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let jwt = door.issue_jwt("vip").await;
    let check_in_id = admit(&door, &jwt).await;
    let revoke = format!("/api/v1/check-in/scanners/{}/revoke", door.scanner_id);
    door.organizer.post(&revoke, json!({})).await.data(200);
    let refused = undo(&door.scanner, &check_in_id).await;
    refused.failure(403, "scanner_revoked");
    let undone = undo(&door.organizer, &check_in_id).await.data(200);
    assert_eq!(undone["undone"], true);
}

#[tokio::test]
async fn taking_back_twice_is_taking_back_once() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let jwt = door.issue_jwt("vip").await;
    let check_in_id = admit(&door, &jwt).await;
    let first = undo(&door.scanner, &check_in_id).await;
    assert_eq!(door.verdict(&jwt).await, "VALID");
    server.clock.advance(SignedDuration::from_mins(20));
    assert_eq!(undo(&door.scanner, &check_in_id).await, first);
    assert_eq!(door.verdict(&jwt).await, "DUPLICATE already_used");
}

#[tokio::test]
async fn a_remembered_answer_to_an_admission_taken_back_is_void() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let body = door.body(&door.issue_jwt("vip").await);
    let first = door
        .scanner
        .post_once(VALIDATE, "scan-1", body.clone())
        .await;
    assert_eq!(
        door.scanner
            .post_once(VALIDATE, "scan-1", body.clone())
            .await,
        first
    );
    let first = first.data(200)["checkInId"].clone();
    undo(&door.scanner, &first).await.data(200);
    let again = door
        .scanner
        .post_once(VALIDATE, "scan-1", body)
        .await
        .data(200);
    assert_ne!(again["checkInId"], first);
    assert_eq!(again["status"], "VALID");
}

#[tokio::test]
async fn an_admission_taken_back_leaves_the_answer_to_a_newer_scan_under_its_key() {
    let server = Server::start().await;
    let day = |date: u8| {
        let time = |hour: u8| format!("2025-12-{date}T{hour:02}:00:00+03:00");
        json!({"startDateTime": time(9), "endDateTime": time(18)})
    };
    let event = with(&one_day(), json!({"days": [day(15), day(16)]}));
    let door = Door::open(&server.client, event).await;
    let body = door.body(&door.issue_jwt("vip").await);
    let scan = || door.scanner.post_once(VALIDATE, "scan-1", body.clone());
    let first = scan().await.data(200);
    // A key is remembered for a day.
    server.clock.advance(SignedDuration::from_hours(24));
    let second = scan().await;
    assert_eq!(second.body["data"]["status"], "VALID");
    assert_ne!(second.body["data"]["checkInId"], first["checkInId"]);
    undo(&door.organizer, &first["checkInId"]).await.data(200);
    assert_eq!(scan().await, second);
}

#[tokio::test]
async fn only_an_admission_can_be_taken_back() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let jwt = door.issue_jwt("vip").await;
    admit(&door, &jwt).await;
    door.verdict(&jwt).await;
    let path = format!("/api/v1/events/{}/check-ins?outcome=refused", door.event_id);
    let refused = door.organizer.get(&path).await.data(200)["checkIns"][0]["checkInId"].clone();
    undo(&door.organizer, &refused)
        .await
        .failure(422, "not_admitted");
    undo(&door.organizer, &json!("no-such-check-in"))
        .await
        .failure(422, "unknown_check_in");
    let request = json!({"checkInId": refused, "reason": " "});
    let answer = door.organizer.post("/api/v1/check-in/undo", request).await;
    answer.failure(422, "invalid_undo_request");
}

#[tokio::test]
async fn thirty_two_scans_against_an_undo_let_in_at_most_once_more() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let jwt = door.issue_jwt("vip").await;
    let check_in_id = admit(&door, &jwt).await;
    let scans = futures::future::join_all((0..32).map(|_| door.verdict(&jwt)));
    let (verdicts, undone) = tokio::join!(scans, undo(&door.scanner, &check_in_id));
    undone.data(200);
    let during = verdicts
        .iter()
        .filter(|verdict| *verdict == "VALID")
        .count();
    let after = usize::from(door.verdict(&jwt).await == "VALID");
    assert_eq!(during + after, 1, "{verdicts:?}");
}
