//! Calls every route of the API description anonymously and as a stranger. Routes that are added later are covered too.

use serde_json::{Value, json};

use super::{client, identifying, open};
use crate::openapi::operations;
use crate::support::door::text;
use crate::support::{Client, Door};

/// Routes for anyone.
const OPEN: [&str; 9] = [
    "/",
    "/api/v1/check-in/scanners/register",
    "/api/v1/check-in/tokens/validate/{token}",
    "/docs",
    "/healthcheck/alive",
    "/healthcheck/ready",
    "/openapi.json",
    "/redoc",
    "/api/v1/check-in/validate",
];
/// Requests below `/api/v1` that concern no particular event: any identity may send them.
const NOBODYS: [&str; 4] = [
    "get /api/v1/events",
    "post /api/v1/events",
    "get /api/v1/plugins",
    "get /api/v1/plugins/{name}",
];
/// What is below these is for operators.
const OPERATORS: [&str; 1] = ["/api/v1/plugins/{name}"];
/// Routes for the staff of an event, too.
const STAFFS: [&str; 1] = ["/api/v1/tickets/{ticketId}/explain"];

/// The parts of an event whose ids requests need.
struct Ids<'a> {
    door: &'a Door,
    ticket: String,
    check_in: String,
}

impl Ids<'_> {
    async fn at(door: &Door) -> Ids<'_> {
        let ticket = door.issue("vip").await;
        let scan = door.scan(&text(&ticket["jwtToken"])).await.data(200);
        Ids {
            door,
            ticket: text(&ticket["ticketInstanceId"]),
            check_in: text(&scan["checkInId"]),
        }
    }

    /// A path with an id in each of its places.
    fn path(&self, path: &str) -> String {
        path.replace("{eventId}", &self.door.event_id)
            .replace("{ticketId}", &self.ticket)
            .replace("{scanId}", &self.check_in)
            .replace("{scannerId}", &self.door.scanner_id)
            .replace("{name}", "hours-before")
    }

    /// A body that suits every route: each reads only the fields it knows.
    fn body(&self, operation: &Value) -> Option<Value> {
        operation.get("requestBody")?;
        Some(json!({
            "eventId": self.door.event_id, "ticketInstanceId": self.ticket, "checkInId": self.check_in,
            "scannerName": "Gate B", "reason": "Because", "name": "Mine now",
            "ticketTypeId": "vip", "attendeeName": "Eve",
        }))
    }
}

#[tokio::test]
async fn no_route_tells_or_does_anything_of_someone_elses_event() {
    let (issuer, server) = identifying().await;
    let door = open(&client(&server, &issuer, "ada"), json!({"staff": ["eve"]})).await;
    let ids = Ids::at(&door).await;
    let strangers = ["bob", "eve"].map(|sub| client(&server, &issuer, sub));
    let document = server.client.get("/openapi.json").await.body;
    let before = server.stored().await;
    for (method, path, operation) in operations(&document) {
        let url = ids.path(&path);
        assert!(
            !url.contains('{') || OPEN.contains(&path.as_str()),
            "{path}: what would its id be?"
        );
        let body = ids.body(operation);
        let ways = operation["security"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let takes_identities = ways.iter().any(|way| way.get("HTTPBearer").is_some());
        assert_ne!(
            takes_identities,
            OPEN.contains(&path.as_str()),
            "{method} {path}"
        );
        if !takes_identities {
            continue;
        }
        let send = |client: &Client| match operation["requestBody"]["content"]["application/wasm"] {
            Value::Null => client.request(&method, &url, body.as_ref()),
            _ => client.put_component(&url, b"no component"),
        };
        let nobody = send(&server.client).await;
        assert_eq!(nobody.status, 401, "{method} {path}: {nobody:?}");
        assert_eq!(
            nobody.challenge.as_deref(),
            Some("Bearer"),
            "{method} {path}"
        );
        if NOBODYS.contains(&format!("{method} {path}").as_str()) || path.starts_with("/tickets/") {
            continue;
        }
        let code = match OPERATORS.iter().any(|start| path.starts_with(start)) {
            true => "not_operator",
            false => "not_event_organizer",
        };
        if STAFFS.contains(&path.as_str()) {
            let answer = send(&strangers[1]).await;
            assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
        }
        let unrelated = match STAFFS.contains(&path.as_str()) {
            true => &strangers[..1],
            false => &strangers[..],
        };
        for stranger in unrelated {
            let answer = send(stranger).await;
            assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
            answer.failure(403, code);
        }
    }
    assert_eq!(server.stored().await, before);
}

#[tokio::test]
async fn the_description_says_who_may_call_and_how_that_fails() {
    let (_, server) = identifying().await;
    let document = server.client.get("/openapi.json").await.body;
    let scheme = &document["components"]["securitySchemes"]["HTTPBearer"];
    assert_eq!(scheme["scheme"], "bearer");
    for (method, path, operation) in operations(&document) {
        let security = operation["security"].to_string();
        let takes = |scheme: &str| security.contains(scheme);
        let responses = &operation["responses"];
        let is_open = !takes("HTTPBearer") && !takes("scanner");
        assert_eq!(responses["401"].is_null(), is_open, "{method} {path}");
        if takes("HTTPBearer") {
            assert!(responses["503"].is_object(), "{method} {path}");
        }
        if takes("HTTPBearer") && path.contains("Id}") {
            let words = responses["403"]["description"].as_str().unwrap_or_default();
            assert!(
                words.contains("`not_event_organizer`"),
                "{method} {path}: {words}"
            );
        }
    }
}
