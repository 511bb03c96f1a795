//! Listing and revoking scanners. `event-check-in.txt` 4–6, `gatewit-api.md` §1, §6.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::door::{one_day, text};
use crate::support::{Door, Server};

async fn list(door: &Door, which: &str) -> Vec<Value> {
    let path = format!("/api/v1/check-in/scanners/event/{}{which}", door.event_id);
    let scanners = door.organizer.get(&path).await.data(200);
    scanners.as_array().expect("a list").clone()
}

fn revoke_path(door: &Door, query: &str) -> String {
    format!(
        "/api/v1/check-in/scanners/{}/revoke{query}",
        door.scanner_id
    )
}

#[tokio::test]
async fn scanners_are_listed_without_their_secrets() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let expected = json!({
        "scannerId": door.scanner_id,
        "name": "Gate A",
        "eventId": door.event_id,
        "eventName": "Summit",
        "status": "ACTIVE",
        "deviceFingerprint": door.fingerprint,
        "scanPoint": null,
        "zone": null,
        "createdAt": "2025-12-15T07:00:00+03:00",
        "credentials": null,
        "publicKey": null,
        "revocationReason": null,
        "replaced": null,
    });
    assert_eq!(list(&door, "").await, std::slice::from_ref(&expected));
    assert_eq!(list(&door, "/active").await, [expected]);
}

#[tokio::test]
async fn a_revoked_scanner_stays_listed_with_its_reason_and_scans_no_more() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    server.clock.advance(SignedDuration::from_mins(1));
    let other = Door::link(&server.client, &door.event_id, "another-device", json!({})).await;
    let jwt = door.issue_jwt("vip").await;
    let revoked = door
        .organizer
        .post(
            &revoke_path(&door, "?reason=Suspicious%20activity"),
            json!({}),
        )
        .await;
    assert_eq!(revoked.data(200)["revocationReason"], "Suspicious activity");
    let again = door
        .organizer
        .post(&revoke_path(&door, "?reason=Other"), json!({}))
        .await;
    assert_eq!(again.data(200)["revocationReason"], "Suspicious activity");
    assert_eq!(door.verdict(&jwt).await, "REVOKED scanner_revoked");
    assert_eq!(other.verdict(&jwt).await, "VALID");
    let statuses: Vec<_> = list(&door, "")
        .await
        .iter()
        .map(|scanner| text(&scanner["status"]))
        .collect();
    assert_eq!(statuses, ["REVOKED", "ACTIVE"]);
    let active: Vec<_> = list(&door, "/active")
        .await
        .iter()
        .map(|scanner| text(&scanner["scannerId"]))
        .collect();
    assert_eq!(active, [other.scanner_id]);
}

#[tokio::test]
async fn a_device_that_moves_on_leaves_its_reason_behind() {
    let server = Server::start().await;
    let first = Door::open_one_day(&server.client).await;
    let second = Door::open(&server.client, one_day()).await;
    let reason = "Automatically revoked: Device registered as new scanner for event 'Summit'";
    let listed = list(&first, "").await;
    assert_eq!(
        (&listed[0]["status"], &listed[0]["revocationReason"]),
        (&json!("REVOKED"), &json!(reason))
    );
    assert_eq!(list(&first, "/active").await, [json!(null); 0]);
    assert_eq!(list(&second, "/active").await.len(), 1);
}

#[tokio::test]
async fn sixteen_registrations_of_one_device_at_once_leave_one_active_scanner() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let links =
        (0..16).map(|_| Door::link(&server.client, &door.event_id, "the-same-device", json!({})));
    futures::future::join_all(links).await;
    assert_eq!(list(&door, "").await.len(), 17);
    let active = list(&door, "/active").await;
    let same: Vec<_> = active
        .iter()
        .filter(|scanner| scanner["deviceFingerprint"] == "the-same-device")
        .collect();
    assert_eq!(same.len(), 1);
}

#[tokio::test]
async fn unknown_events_and_scanners_are_not_found() {
    let server = Server::start().await;
    let nobody = "01a20046-d36f-74f5-bb48-28006dca47ae";
    for path in ["", "/active"] {
        let path = format!("/api/v1/check-in/scanners/event/{nobody}{path}");
        server.client.get(&path).await.failure(404, "not_found");
    }
    let path = format!("/api/v1/check-in/scanners/{nobody}/revoke");
    server
        .client
        .post(&path, json!({}))
        .await
        .failure(404, "not_found");
}
