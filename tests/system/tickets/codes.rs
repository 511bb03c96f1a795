//! Codes of badges and wristbands: each belongs to at most one valid ticket, and a ticket may get another.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{act, draft_coded, list, names};
use crate::support::door::{one_day, text, with};
use crate::support::{Door, Request, Server, jwt};

/// A door that admits by badge.
async fn desk() -> (Server, Door) {
    let server = Server::start().await;
    let event = with(&one_day(), json!({"scanPoints": [{"id": "desk"}]}));
    let anywhere = Door::open(&server.client, event).await;
    let place = json!({"scanPoint": "desk"});
    let door = Door::link(&server.client, &anywhere.event_id, "at-the-desk", place).await;
    (server, door)
}

fn patch(door: &Door, ticket: &Value, fields: Value) -> Request {
    let path = format!("/api/v1/tickets/{}", text(&ticket["ticketInstanceId"]));
    door.organizer.patch(&path, fields)
}

#[tokio::test]
async fn a_withdrawn_ticket_leaves_its_code_to_others_and_gets_it_back_once_they_are_withdrawn() {
    let (server, door) = desk().await;
    for action in ["cancel", "refund"] {
        let code = format!("NFC-{action}");
        let lost = door.issue_all(draft_coded("Ann", &code)).await;
        act(&door, &lost, action).await.data(200);
        assert_eq!(door.verdict(&code).await, "EXPIRED not_active");
        let found = door.issue_all(draft_coded("Bob", &code)).await;
        let scan = door.scan(&code).await.data(200);
        assert_eq!(scan["attendeeName"], "Bob");
        let stored = server.stored().await;
        let refused = act(&door, &lost, "reinstate").await;
        let words = refused.failure(409, "credential_code_taken");
        assert!(words.contains(&code), "{words}");
        assert_eq!(server.stored().await, stored);
        act(&door, &found, action).await.data(200);
        act(&door, &lost, "reinstate").await.data(200);
        let scan = door.scan(&code).await.data(200);
        assert_eq!(scan["attendeeName"], "Ann");
        let refused = act(&door, &found, "reinstate").await;
        refused.failure(409, "credential_code_taken");
    }
}

#[tokio::test]
async fn of_withdrawn_tickets_with_one_code_reinstated_at_once_one_is() {
    let (_server, door) = desk().await;
    let mut tickets = Vec::new();
    for _ in 0..12 {
        let ticket = door.issue_all(draft_coded("Ann", "NFC-1")).await;
        act(&door, &ticket, "cancel").await.data(200);
        tickets.push(ticket);
    }
    let answers = join_all(tickets.iter().map(|ticket| act(&door, ticket, "reinstate"))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort();
    assert_eq!((statuses[0], &statuses[1..]), (200, &[409; 11][..]));
}

#[tokio::test]
async fn a_wristband_that_broke_is_exchanged() {
    let (_server, door) = desk().await;
    let ticket = door.issue_all(draft_coded("Ann", "NFC-1")).await;
    let other = door.issue_all(draft_coded("Bob", "NFC-9")).await;
    let changed = patch(&door, &ticket, json!({"credentialCode": " NFC-2 "})).await;
    let expected = with(&ticket, json!({"credentialCode": "NFC-2"}));
    assert_eq!(changed.data(200), expected);
    assert_eq!(door.verdict("NFC-1").await, "NOT_FOUND not_found");
    assert_eq!(door.verdict("NFC-2").await, "VALID");
    let refused = patch(&door, &other, json!({"credentialCode": "NFC-2"})).await;
    refused.failure(409, "credential_code_taken");
    // The broken badge's code is free, and so is a code that is removed.
    patch(&door, &other, json!({"credentialCode": "NFC-1"}))
        .await
        .data(200);
    let changed = patch(&door, &ticket, json!({"credentialCode": null})).await;
    assert_eq!(changed.data(200)["credentialCode"], json!(null));
    assert_eq!(door.verdict("NFC-2").await, "NOT_FOUND not_found");
    assert_eq!(door.verdict("NFC-9").await, "NOT_FOUND not_found");
    assert_eq!(door.verdict("NFC-1").await, "VALID");
}

#[tokio::test]
async fn a_ticket_that_changes_hands_is_found_shown_and_signed_under_its_new_name() {
    let (_server, door) = desk().await;
    let draft = json!({
        "ticketTypeId": "vip", "attendeeName": "Ann Old", "attendeeEmail": "ann@example.org",
        "details": {"seat": "12", "row": "A"},
    });
    let ticket = door.issue_all(draft).await;
    assert_eq!(names(&door, "?query=old").await, ["Ann Old"]);
    let fields = json!({
        "attendeeName": " Bob New ", "attendeeEmail": "bob@example.org", "details": {"seat": "13"},
        "ticketTypeId": "ignored",
    });
    let changed = patch(&door, &ticket, fields).await.data(200);
    let expected = json!({
        "attendeeName": "Bob New", "attendeeEmail": "bob@example.org", "details": {"seat": "13"},
        "jwtToken": changed["jwtToken"], "qrCode": changed["jwtToken"],
    });
    assert_eq!(changed, with(&ticket, expected));
    let claims = jwt::claims(&text(&changed["jwtToken"]));
    let said = json!({"attendeeName": "Bob New", "attendeeEmail": "bob@example.org"});
    assert_eq!(claims, with(&claims, said));
    assert_eq!(names(&door, "?query=old").await, [""; 0]);
    assert_eq!(
        list(&door, "?query=bob%40example.org").await.0,
        json!([changed])
    );
    assert_eq!(door.verdict(&text(&ticket["jwtToken"])).await, "VALID");
    let changed = patch(&door, &ticket, json!({"attendeeEmail": null})).await;
    assert_eq!(changed.data(200)["attendeeEmail"], json!(null));
}

#[tokio::test]
async fn a_change_of_a_ticket_says_what_is_wrong_with_it_and_changes_nothing() {
    let (server, door) = desk().await;
    let ticket = door.issue_all(draft_coded("Ann", "NFC-1")).await;
    let cases = [
        (json!({"attendeeName": " "}), 422, "invalid_ticket_request"),
        (
            json!({"attendeeEmail": "ann"}),
            422,
            "invalid_ticket_request",
        ),
        (json!({"credentialCode": ""}), 422, "invalid_ticket_request"),
        (
            json!({"details": {"seat": "x".repeat(1_001)}}),
            422,
            "invalid_ticket_request",
        ),
        (json!({"attendeeName": 1}), 400, "malformed_request"),
    ];
    let stored = server.stored().await;
    for (fields, status, code) in cases {
        patch(&door, &ticket, fields).await.failure(status, code);
        assert_eq!(server.stored().await, stored);
    }
    assert_eq!(patch(&door, &ticket, json!({})).await.data(200), ticket);
    let path = format!("/api/v1/tickets/{}", crate::support::door::NOBODY);
    let nobodys = door.organizer.patch(&path, json!({})).await;
    nobodys.failure(404, "not_found");
}
