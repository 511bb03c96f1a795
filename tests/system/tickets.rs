//! Issuing tickets: alone, in bulk, by many callers at once; and the content of their signed code. `gatewit-api.md` §4.

use std::collections::BTreeSet;

use futures::future::join_all;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use crate::support::door::{one_day, open_server, text, texts, with};
use crate::support::{Answer, Door, Server, jwt};

mod codes;
mod lists;
mod repeats;
mod states;
mod tokens;

fn draft(name: &str) -> Value {
    json!({"ticketTypeId": "vip", "attendeeName": name})
}

fn draft_coded(name: &str, code: &str) -> Value {
    with(&draft(name), json!({"credentialCode": code}))
}

/// Lists the event's tickets for a query. Returns the tickets and the cursor of the next page.
async fn list(door: &Door, query: &str) -> (Value, Option<String>) {
    let path = format!("{}{query}", door.tickets());
    let page = door.organizer.get(&path).await.data(200);
    let cursor = page["nextCursor"].as_str().map(str::to_owned);
    (page["tickets"].clone(), cursor)
}

/// Cancels, refunds or reinstates a ticket.
async fn act(door: &Door, ticket: &Value, action: &str) -> Answer {
    let id = text(&ticket["ticketInstanceId"]);
    let path = format!("/api/v1/tickets/{id}/{action}");
    door.organizer.post(&path, json!({})).await
}

/// Lists the holders' names of the tickets for a query.
async fn names(door: &Door, query: &str) -> Vec<String> {
    texts(&list(door, query).await.0, "attendeeName")
}

#[tokio::test]
async fn a_ticket_has_all_that_was_said_of_it_and_what_we_add() {
    let (server, door) = open_server().await;
    let request = json!({
        "ticketTypeId": "vip", "attendeeName": "John Doe", "attendeeEmail": "john@example.com",
        "bookingReference": "EVT-A3F4B21C", "credentialCode": "NFC-1",
        "attributes": {"is_speaker": true}, "details": {"seat": "12"},
    });
    let ticket = door.issue_all(request.clone()).await;
    let added = json!({
        "ticketInstanceId": ticket["ticketInstanceId"],
        "eventId": door.event_id,
        "ticketTypeName": "VIP Pass",
        "ticketSeries": "VIP-0001",
        "state": "ACTIVE",
        "issuedAt": "2025-12-15T07:00:00+03:00",
        "qrCode": ticket["jwtToken"],
        "jwtToken": ticket["jwtToken"],
        "warnings": [],
    });
    assert_eq!(ticket, with(&request, added));
    let path = format!("/api/v1/tickets/{}", text(&ticket["ticketInstanceId"]));
    assert_eq!(server.client.get(&path).await.data(200), ticket);
}

#[tokio::test]
async fn what_a_ticket_was_not_told_is_null_or_made_up() {
    let (_server, door) = open_server().await;
    let ticket = door.issue_all(draft("Ann")).await;
    let expected = json!({
        "attendeeEmail": null, "credentialCode": null, "attributes": {}, "details": {},
    });
    assert_eq!(ticket, with(&ticket, expected));
    let reference = text(&ticket["bookingReference"]);
    let digits = reference.strip_prefix("EVT-").unwrap_or_default();
    let is_hex = |digit: char| digit.is_ascii_digit() || ('A'..='F').contains(&digit);
    let is_well_formed = digits.len() == 8 && digits.chars().all(is_hex);
    assert!(is_well_formed, "{reference}");
}

#[tokio::test]
async fn the_signed_code_says_what_readers_without_a_network_need() {
    let server = Server::start().await;
    let day = |name: &str, starts: &str, ends: &str| {
        let (starts, ends) = (format!("2026-03-{starts}"), format!("2026-03-{ends}"));
        json!({"dayName": name, "startDateTime": starts, "endDateTime": ends})
    };
    let in_utc = json!([
        day("Saturday", "28T09:00:00Z", "28T17:00:00Z"),
        day("Sunday", "29T08:00:00Z", "29T16:00:00Z"),
    ]);
    let event = json!({"timezone": "Europe/Berlin", "days": in_utc});
    let door = Door::open(&server.client, with(&one_day(), event)).await;
    let ticket = door.issue("vip").await;
    let token = text(&ticket["jwtToken"]);
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": door.event_id});
    assert_eq!(jwt::header(&token), header);
    let expected = json!({
        "type": "ticket",
        "ticketInstanceId": ticket["ticketInstanceId"],
        "eventId": door.event_id,
        "ticketTypeId": "vip",
        "ticketTypeName": "VIP Pass",
        "ticketSeries": "VIP-0001",
        "attendeeName": "John Doe",
        "attendeeEmail": null,
        "bookingReference": ticket["bookingReference"],
        "eventSchedules": [
            day("Saturday", "28T10:00:00+01:00", "28T18:00:00+01:00"),
            day("Sunday", "29T10:00:00+02:00", "29T18:00:00+02:00"),
        ],
        // 2025-12-15T07:00:00+03:00, and two days after the end of Sunday.
        "iat": 1_765_771_200,
        "exp": 1_774_800_000 + 2 * 86_400,
    });
    assert_eq!(jwt::claims(&token), expected);
}

#[tokio::test]
async fn the_published_key_verifies_the_events_tickets_and_no_others() {
    let (server, door) = open_server().await;
    let other = Door::open_with(&server.client, one_day(), "another-device").await;
    let token = door.issue_jwt("vip").await;
    let mut validation = Validation::new(Algorithm::RS256);
    // The library uses this machine's time, not the test's.
    validation.validate_exp = false;
    let verifies = |door: &Door| {
        let key = DecodingKey::from_rsa_pem(jwt::pem(&door.public_key).as_bytes());
        let key = key.expect("the published key is SPKI");
        jsonwebtoken::decode::<Value>(&token, &key, &validation).is_ok()
    };
    assert!(verifies(&door));
    assert!(!verifies(&other));
}

#[tokio::test]
async fn a_bulk_is_issued_and_listed_in_its_order() {
    let (_server, door) = open_server().await;
    let everyone: Vec<_> = (1..=12).map(|number| format!("Guest {number}")).collect();
    let drafts: Vec<_> = everyone.iter().map(|name| draft(name)).collect();
    let issued = door.issue_all(json!({"tickets": drafts})).await;
    assert_eq!(texts(&issued, "attendeeName"), everyone);
    let numbered: Vec<_> = (1..=12).map(|number| format!("VIP-{number:04}")).collect();
    assert_eq!(texts(&issued, "ticketSeries"), numbered);
    assert_eq!(list(&door, "").await, (issued, None));
}

#[tokio::test]
async fn one_bad_ticket_spoils_its_whole_bulk() {
    let (_server, door) = open_server().await;
    let ann = draft_coded("Ann", "NFC-1");
    let cases = [
        (
            json!({"ticketTypeId": "gold"}),
            422,
            "unknown_ticket_type",
            "\"gold\"; it has: vip",
        ),
        (
            json!({"attendeeName": " "}),
            422,
            "invalid_ticket_request",
            "ticket 2: attendeeName",
        ),
        (
            json!({"credentialCode": "NFC-1"}),
            409,
            "credential_code_taken",
            "\"NFC-1\"",
        ),
        (
            json!({"attendeeName": null}),
            400,
            "malformed_request",
            "expected a string",
        ),
    ];
    for (spoilt, status, code, words) in cases {
        let bulk = json!({"tickets": [ann, draft("Bob"), with(&draft("Cid"), spoilt)]});
        let answer = door.organizer.post(&door.tickets(), bulk).await;
        let message = answer.failure(status, code);
        assert!(message.contains(words), "{message}");
        assert_eq!(names(&door, "").await, [""; 0], "{message}");
    }
    // The code of the failed bulks is still free; then it is taken.
    door.issue_all(ann.clone()).await;
    let bulk = json!({"tickets": [draft("Eve"), draft_coded("Fay", "NFC-1")]});
    let answer = door.organizer.post(&door.tickets(), bulk).await;
    answer.failure(409, "credential_code_taken");
    assert_eq!(names(&door, "").await, ["Ann"]);
}

#[tokio::test]
async fn thirty_two_issuers_at_once_get_numbers_of_their_own() {
    let (_server, door) = open_server().await;
    let bulk = json!({"tickets": [draft("Ann"), draft("Bob"), draft("Cid")]});
    let bulks = join_all((0..32).map(|_| door.issue_all(bulk.clone()))).await;
    let all = |field: &str| -> BTreeSet<_> {
        let issued = bulks.iter().flat_map(|bulk| texts(bulk, field));
        issued.collect()
    };
    let expected = (1..=96).map(|number| format!("VIP-{number:04}"));
    assert_eq!(all("ticketSeries"), expected.collect());
    assert_eq!(all("bookingReference").len(), 96);
}

#[tokio::test]
async fn a_type_is_one_however_it_is_spelled() {
    let server = Server::start().await;
    let types = |ids: &[&str]| {
        let types: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
        with(&one_day(), json!({ "ticketTypes": types }))
    };
    for same in ["Vip", " VIP "] {
        let event = types(&["vip", same]);
        let refused = server.client.post("/api/v1/events", event).await;
        refused.failure(422, "invalid_event");
    }
    let door = Door::open(&server.client, types(&["vip", "crew"])).await;
    let of_type = |kind: &str| json!({"ticketTypeId": kind, "attendeeName": "Ann"});
    let drafts = ["vip", "Vip", " VIP ", "crew"].map(of_type);
    let issued = door.issue_all(json!({ "tickets": drafts })).await;
    assert_eq!(
        texts(&issued, "ticketTypeId"),
        ["vip", "vip", "vip", "crew"]
    );
    assert_eq!(
        texts(&issued, "ticketSeries"),
        ["VIP-0001", "VIP-0002", "VIP-0003", "CREW-0001"]
    );
}

#[tokio::test]
async fn a_credential_code_asked_for_by_many_at_once_is_given_to_one() {
    let (_server, door) = open_server().await;
    let post = |_| {
        door.organizer
            .post(&door.tickets(), draft_coded("Ann", "NFC-1"))
    };
    let mut statuses: Vec<_> = join_all((0..16).map(post))
        .await
        .iter()
        .map(|answer| answer.status)
        .collect();
    statuses.sort();
    assert_eq!((statuses[0], &statuses[1..]), (201, &[409; 15][..]));
    assert_eq!(names(&door, "").await, ["Ann"]);
}

#[tokio::test]
async fn tickets_are_issued_for_published_events_and_known_types_only() {
    let (server, door) = open_server().await;
    let unpublished = server
        .client
        .post("/api/v1/events", one_day())
        .await
        .data(201);
    let unpublished = format!("/api/v1/events/{}/tickets", text(&unpublished["eventId"]));
    let gold = with(&draft("Ann"), json!({"ticketTypeId": "gold"}));
    let cases = [
        (unpublished, draft("Ann"), "event_not_published"),
        (door.tickets(), gold, "unknown_ticket_type"),
        (
            door.tickets(),
            json!({"tickets": []}),
            "invalid_ticket_request",
        ),
    ];
    let stored = server.stored().await;
    for (path, request, code) in cases {
        server.client.post(&path, request).await.failure(422, code);
        assert_eq!(server.stored().await, stored, "{code}");
    }
}
