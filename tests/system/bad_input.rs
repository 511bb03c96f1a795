//! Invalid requests: each gets a clear error in the envelope, and changes nothing.

use serde_json::{Value, json};

use crate::support::door::{NOBODY, VALIDATE, one_day, open_server, with};
use crate::support::{Request, Server};

mod bodies;
mod events;

const EVENTS: &str = "/api/v1/events";

/// Checks that a request fails with this status, code and message, and changes nothing in the store.
async fn check(server: &Server, request: Request, status: u16, code: &str, words: &str) {
    let stored = server.stored().await;
    let message = request.await.failure(status, code);
    assert!(message.contains(words), "{message}");
    assert_eq!(server.stored().await, stored, "{message}");
}

/// The one-day event with some of its fields set.
fn event(fields: &Value) -> Value {
    with(&one_day(), fields.clone())
}

#[tokio::test]
async fn a_path_or_method_that_is_not_served_is_told_in_the_envelope() {
    let server = Server::start().await;
    let words = "nothing at this path";
    for path in [
        "/nothing",
        "/api/v1",
        "/api/v1/events/",
        "/api/v2/events",
        "/api/v1/events/x/y",
    ] {
        check(&server, server.client.get(path), 404, "not_found", words).await;
    }
    let words = "does not take this method";
    for path in ["/", "/api/v1/plugins", VALIDATE] {
        let request = server.client.patch(path, json!({}));
        check(&server, request, 405, "method_not_allowed", words).await;
    }
}

#[tokio::test]
async fn an_id_that_names_nothing_is_not_found() {
    let (server, door) = open_server().await;
    let draft = json!({"ticketTypeId": "vip", "attendeeName": "Ann"});
    // A scanner's id is not the id of an event or a ticket.
    let ids = [
        NOBODY,
        "7",
        "summit",
        "%F0%9F%8E%AB",
        "%FF",
        &door.scanner_id,
    ];
    for id in ids {
        let gets = [
            format!("{EVENTS}/{id}"),
            format!("{EVENTS}/{id}/windows"),
            format!("{EVENTS}/{id}/tickets"),
            format!("/api/v1/tickets/{id}"),
        ];
        for path in gets {
            check(&server, server.client.get(&path), 404, "not_found", "exist").await;
        }
        let posts = [
            format!("{EVENTS}/{id}/publish"),
            format!("{EVENTS}/{id}/tickets"),
            format!("/api/v1/tickets/{id}/cancel"),
        ];
        for path in posts {
            let request = server.client.post(&path, draft.clone());
            check(&server, request, 404, "not_found", "exist").await;
        }
        let change = json!({"name": "Congress"});
        let request = server.client.patch(&format!("{EVENTS}/{id}"), change);
        check(&server, request, 404, "not_found", "exist").await;
    }
    for id in [NOBODY, "7", &door.event_id] {
        let path = format!("/api/v1/check-in/scanners/{id}/stats");
        check(&server, server.client.get(&path), 404, "not_found", "exist").await;
    }
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_malformed() {
    let (server, door) = open_server().await;
    for (query, words) in [
        (
            "limit=many",
            "the query's limit: expected a whole number, such as 50",
        ),
        (
            "limit=-1",
            "the query's limit: expected a whole number, such as 50",
        ),
        (
            "limit=",
            "the query's limit: expected a whole number, such as 50",
        ),
        (
            "state=GONE",
            "the query's state: expected one of ACTIVE, USED, CANCELLED, REFUNDED, PENDING",
        ),
        (
            "cursor=7",
            "the query's cursor: expected the nextCursor of the page before",
        ),
        ("limit=1&limit=2", "the query's limit: expected one value"),
        ("query=%FF", "the query's query: expected text in UTF-8"),
        (
            "x=1&query=M%FCller",
            "the query's query: expected text in UTF-8",
        ),
        (
            "%C3%28=1",
            "the query: the name of a parameter is not UTF-8",
        ),
    ] {
        let request = server.client.get(&format!("{}?{query}", door.tickets()));
        check(&server, request, 400, "malformed_request", words).await;
    }
    let windows = format!("{EVENTS}/{}/windows?ticketType=%FF", door.event_id);
    let words = "the query's ticketType: expected text in UTF-8";
    check(
        &server,
        server.client.get(&windows),
        400,
        "malformed_request",
        words,
    )
    .await;
    let revoke = format!(
        "/api/v1/check-in/scanners/{}/revoke?reason=%FF",
        door.scanner_id
    );
    let words = "the query's reason: expected text in UTF-8";
    let request = server.client.post(&revoke, json!({}));
    check(&server, request, 400, "malformed_request", words).await;
    // A route ignores parameters that it does not know.
    server
        .client
        .get(&format!("{}?of=1&of=2&limit=0", door.tickets()))
        .await
        .data(200);
}

#[tokio::test]
async fn a_ticket_that_cannot_be_is_refused() {
    let (server, door) = open_server().await;
    let ann = json!({"ticketTypeId": "vip", "attendeeName": "Ann"});
    let code = "invalid_ticket_request";
    let cases = [
        (
            json!({"attendeeName": ""}),
            "ticket 0: attendeeName must have",
        ),
        (
            json!({"attendeeName": "x".repeat(201)}),
            "attendeeName must have",
        ),
        (
            json!({"attendeeEmail": "john"}),
            "attendeeEmail is not an e-mail address",
        ),
        (
            json!({"bookingReference": " "}),
            "bookingReference must have",
        ),
        (json!({"credentialCode": ""}), "credentialCode must have"),
        (
            json!({"attributes": {"is speaker": true}}),
            "\"is speaker\"",
        ),
        (
            json!({"details": {"seat": "x".repeat(1_001)}}),
            "seat is longer",
        ),
    ];
    for (fields, words) in cases {
        let draft = with(&ann, fields);
        let request = server.client.post(&door.tickets(), draft);
        check(&server, request, 422, code, words).await;
    }
}
