//! A device is at most one active scanner within its organization, and learns what happened to its previous one.
//! `gatewit-api.md` §6.

use gatewit_desk::Access;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::door::{link, one_day, open_server, text, verdict, with};
use crate::support::{Client, Door, Issuer, Server};

const EVENTS: &str = "/api/v1/events";
const DEVICE: &str = "a-device-that-moves";

async fn event_of(client: &Client, fields: Value) -> String {
    let event = client
        .post(EVENTS, with(&one_day(), fields))
        .await
        .data(201);
    let id = text(&event["eventId"]);
    let publish = format!("{EVENTS}/{id}/publish");
    client.post(&publish, json!({})).await.data(200);
    id
}

/// Links this device to the event as a scanner, and returns the scanner that it replaced.
async fn registered(client: &Client, event: &str) -> (Door, Value) {
    let scanner = link(client, event, DEVICE, json!({})).await;
    let door = Door {
        organizer: client.clone(),
        scanner: client.with_bearer(&text(&scanner["credentials"])),
        event_id: event.to_owned(),
        scanner_id: text(&scanner["scannerId"]),
        fingerprint: DEVICE.to_owned(),
        public_key: text(&scanner["publicKey"]),
    };
    (door, scanner["replaced"].clone())
}

#[tokio::test]
async fn a_scanner_that_was_replaced_is_told_by_which_and_when_and_the_new_one_which_it_replaced() {
    let (server, door) = open_server().await;
    let jwt = door.issue_jwt("vip").await;
    let check_in = door.scan(&jwt).await.data(200)["checkInId"].clone();
    server.clock.advance(SignedDuration::from_mins(135));
    let again = link(&server.client, &door.event_id, &door.fingerprint, json!({})).await;
    let expected = json!({"scannerId": door.scanner_id, "name": "Gate A"});
    assert_eq!(again["replaced"], expected);
    let scan = door.scan(&jwt).await;
    assert_eq!(verdict(&scan), "REVOKED scanner_revoked");
    assert_eq!(
        text(&scan.body["message"]),
        "❌ Scanner revoked. On Monday 15 December, 09:15 this device was registered as the scanner \"Gate A\": scan \
         with that one, or ask an organizer to register it again."
    );
    let undo = json!({"checkInId": check_in, "reason": "wrong button"});
    let refused = door.scanner.post("/api/v1/check-in/undo", undo).await;
    let words = refused.failure(403, "scanner_revoked");
    assert!(words.contains("registered as \"Gate A\""), "{words}");
    // A scanner that an organizer revoked counts as not replaced.
    let new = door.scanner.with_bearer(&text(&again["credentials"]));
    let revoke = format!(
        "/api/v1/check-in/scanners/{}/revoke",
        text(&again["scannerId"])
    );
    let revoked = door.organizer.post(&revoke, json!({})).await.data(200);
    assert_eq!(revoked["replaced"], json!(null));
    let body = with(&door.body(&jwt), json!({"scannerId": again["scannerId"]}));
    let scan = new.post(crate::support::door::VALIDATE, body).await;
    assert_eq!(
        scan.body["message"],
        "❌ Scanner revoked. Ask an organizer to register it again."
    );
    let third = link(&server.client, &door.event_id, &door.fingerprint, json!({})).await;
    assert_eq!(third["replaced"], json!(null));
}

#[tokio::test]
async fn a_registration_in_another_organization_neither_ends_nor_names_a_scanner() {
    let server = Server::start().await;
    let client = &server.client;
    let mut doors = Vec::new();
    for org in ["default", "club", "club/a", "a"] {
        let event = event_of(client, json!({"orgId": org})).await;
        let (door, replaced) = registered(client, &event).await;
        assert_eq!(replaced, json!(null), "{org}");
        doors.push(door);
    }
    for door in &doors {
        let jwt = door.issue_jwt("vip").await;
        assert_eq!(door.verdict(&jwt).await, "VALID");
    }
    // Within the same organization it does both, for any event.
    let event = event_of(client, json!({"orgId": "club"})).await;
    let (_, replaced) = registered(client, &event).await;
    assert_eq!(replaced["scannerId"], doors[1].scanner_id);
    let revoked = "REVOKED scanner_revoked";
    for (door, expected) in doors.iter().zip(["VALID", revoked, "VALID", "VALID"]) {
        let jwt = door.issue_jwt("vip").await;
        assert_eq!(door.verdict(&jwt).await, expected);
    }
}

#[tokio::test]
async fn where_everybody_has_events_a_device_is_one_scanner_among_those_that_share_an_organizer() {
    let issuer = Issuer::start().await;
    let server = Server::start_identifying(issuer.settings(), Access::default()).await;
    let [ada, bob] = ["ada", "bob"].map(|sub| server.client.with_bearer(&issuer.token(sub)));
    let adas = event_of(&ada, json!({})).await;
    let bobs = event_of(&bob, json!({"slug": "bobs"})).await;
    let both = event_of(&ada, json!({"slug": "both", "organizers": ["bob"]})).await;
    let (at_adas, _) = registered(&ada, &adas).await;
    let (at_bobs, replaced) = registered(&bob, &bobs).await;
    assert_eq!(replaced, json!(null));
    let jwt = at_adas.issue_jwt("vip").await;
    assert_eq!(at_adas.verdict(&jwt).await, "VALID");
    let (_, replaced) = registered(&ada, &both).await;
    assert_eq!(replaced["scannerId"], at_bobs.scanner_id);
    for door in [at_adas, at_bobs] {
        let jwt = door.issue_jwt("vip").await;
        assert_eq!(door.verdict(&jwt).await, "REVOKED scanner_revoked");
    }
}

#[tokio::test]
async fn an_event_that_had_scanners_stays_in_its_organization() {
    let server = Server::start().await;
    let client = &server.client;
    let event = event_of(client, json!({"orgId": "club"})).await;
    let path = format!("{EVENTS}/{event}");
    let moved = json!({"orgId": "a"});
    client.patch(&path, moved.clone()).await.data(200);
    let (door, _) = registered(client, &event).await;
    let revoke = format!("/api/v1/check-in/scanners/{}/revoke", door.scanner_id);
    client.post(&revoke, json!({})).await.data(200);
    let stored = server.stored().await;
    let refused = client.patch(&path, json!({"orgId": "club"})).await;
    let words = refused.failure(409, "organization_fixed");
    assert!(words.contains("\"a\""), "{words}");
    assert_eq!(server.stored().await, stored);
    // Naming the event's own organization changes nothing.
    client.patch(&path, moved).await.data(200);
}
