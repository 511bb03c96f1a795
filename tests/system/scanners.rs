//! The permissions of a scanner's credentials, and how they end. `event-check-in.txt` 7, `gatewit-api.md` §6.

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::json;

use crate::support::door::{
    NOBODY, VALIDATE, link, one_day, open_server, text, texts, verdict, with,
};
use crate::support::{Client, Door, Server};

mod devices;
mod registration;

const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

#[tokio::test]
async fn a_device_is_one_active_scanner_across_the_events_of_its_organizers() {
    let server = Server::start().await;
    let first = Door::open_one_day(&server.client).await;
    let jwt = first.issue_jwt("vip").await;
    let second = Door::open_with(&server.client, one_day(), &first.fingerprint).await;
    let revoked = first.scan(&jwt).await;
    assert_eq!(verdict(&revoked), "REVOKED scanner_revoked");
    assert_eq!(revoked.body["data"]["attendeeName"], json!(null));
    assert_eq!(first.statistics().await["failedScans"], 1);
    let jwt = second.issue_jwt("vip").await;
    assert_eq!(second.verdict(&jwt).await, "VALID");
    // Linked to the same event again, the device is a new scanner there as well.
    let again = Door::link(
        &server.client,
        &second.event_id,
        &second.fingerprint,
        json!({}),
    )
    .await;
    assert_eq!(second.verdict(&jwt).await, "REVOKED scanner_revoked");
    assert_eq!(again.verdict(&jwt).await, "DUPLICATE already_used");
}

#[tokio::test]
async fn a_device_registered_many_times_at_once_is_one_active_scanner() {
    let (server, door) = open_server().await;
    let links =
        join_all((0..8).map(|_| link(&server.client, &door.event_id, "same-device", json!({}))));
    let mut active = 0;
    for link in links.await {
        let body = json!({
            "jwtToken": "nothing", "scannerId": link["scannerId"], "deviceFingerprint": "same-device",
        });
        let scanner = server.client.with_bearer(&text(&link["credentials"]));
        let found = verdict(&scanner.post(VALIDATE, body).await);
        active += usize::from(found != "REVOKED scanner_revoked");
    }
    assert_eq!(active, 1);
}

#[tokio::test]
async fn a_scan_point_lets_in_its_ticket_types_by_its_kind_of_code() {
    let server = Server::start().await;
    let fields = json!({
        "ticketTypes": [{"id": "vip"}, {"id": "crew"}],
        "scanPoints": [
            {"id": "front", "acceptedTicketTypes": ["vip"]},
            {"id": "badges", "matchField": "credentialCode"},
        ],
    });
    let door = Door::open(&server.client, with(&one_day(), fields)).await;
    let link = |device, point| {
        Door::link(
            &server.client,
            &door.event_id,
            device,
            json!({"scanPoint": point}),
        )
    };
    let front = link("front-device", "front").await;
    let badges = link("badge-device", "badges").await;
    let (vip, crew) = (door.issue_jwt("vip").await, door.issue_jwt("crew").await);
    let refused = "EXPIRED ticket_type_not_accepted";
    assert_eq!(front.verdict(&crew).await, refused);
    assert_eq!(front.verdict(&vip).await, "VALID");
    assert_eq!(badges.verdict(&crew).await, "NOT_FOUND not_found");
    let draft = json!({"ticketTypeId": "crew", "attendeeName": "Ann", "credentialCode": "NFC-1"});
    door.issue_all(draft).await;
    assert_eq!(badges.verdict("NFC-1").await, "VALID");
    assert_eq!(badges.verdict("NFC-2").await, "NOT_FOUND not_found");
    assert_eq!(door.verdict(&crew).await, "VALID");
}

#[tokio::test]
async fn a_zone_inside_counts_its_own_entries() {
    let server = Server::start().await;
    let fields = json!({
        "zones": [{"id": "venue"}, {"id": "lounge"}, {"id": "garden", "perimeter": true}],
        "scanPoints": [{"id": "bar", "zone": "lounge"}],
    });
    let door = Door::open(&server.client, with(&one_day(), fields)).await;
    let link = |device, place| Door::link(&server.client, &door.event_id, device, place);
    let lounge = link("lounge-device", json!({"zone": "lounge"})).await;
    let bar = link("bar-device", json!({"scanPoint": "bar"})).await;
    let garden = link("garden-device", json!({"zone": "garden"})).await;
    let vip = door.issue_jwt("vip").await;
    for (scanner, verdict) in [
        (&garden, "VALID"),
        (&door, "DUPLICATE already_used"),
        (&lounge, "VALID"),
        (&bar, "DUPLICATE already_used"),
        (&garden, "DUPLICATE already_used"),
    ] {
        server.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(scanner.verdict(&vip).await, verdict);
    }
    let path = format!("/api/v1/events/{}/check-ins", door.event_id);
    let records = door.organizer.get(&path).await.data(200);
    let zones = texts(&records["checkIns"], "zone");
    assert_eq!(zones, ["garden", "venue", "lounge", "lounge", "garden"]);
}

/// Checks that a client may not scan, is told how to authenticate, and changes nothing.
async fn check_refused(server: &Server, door: &Door, client: &Client, code: &str) {
    let stored = server.stored().await;
    let answer = client.post(VALIDATE, door.body("nothing")).await;
    assert_eq!(answer.challenge.as_deref(), Some("Bearer"), "{answer:?}");
    answer.failure(401, code);
    assert_eq!(server.stored().await, stored);
}

#[tokio::test]
async fn without_good_credentials_nobody_scans() {
    let (server, door) = open_server().await;
    let ticket = server.client.with_bearer(&door.issue_jwt("vip").await);
    let nonsense = server.client.with_bearer("nonsense");
    check_refused(&server, &door, &server.client, "missing_credentials").await;
    check_refused(&server, &door, &nonsense, "invalid_credentials").await;
    check_refused(&server, &door, &ticket, "invalid_credentials").await;
}

#[tokio::test]
async fn credentials_expire_after_a_year() {
    let (server, door) = open_server().await;
    let jwt = door.issue_jwt("vip").await;
    server.clock.advance(YEAR - SignedDuration::from_secs(1));
    assert_eq!(door.verdict(&jwt).await, "EXPIRED expired");
    server.clock.advance(SignedDuration::from_secs(1));
    check_refused(&server, &door, &door.scanner, "invalid_credentials").await;
}

#[tokio::test]
async fn credentials_of_another_scanner_or_device_are_refused_and_counted() {
    let (server, door) = open_server().await;
    let other = Door::link(&server.client, &door.event_id, "another-device", json!({})).await;
    let jwt = door.issue_jwt("vip").await;
    let bodies = [
        ("scannerId", &other.scanner_id),
        ("deviceFingerprint", &other.fingerprint),
    ];
    for (field, stolen) in bodies {
        let body = with(&door.body(&jwt), json!({field: stolen}));
        let refused = door.scanner.post(VALIDATE, body).await;
        refused.failure(403, "scanner_mismatch");
    }
    let statistics = door.statistics().await;
    let expected = json!({"totalScans": 2, "failedScans": 2});
    assert_eq!(statistics, with(&statistics, expected));
    assert_eq!(other.statistics().await["totalScans"], 0);
    assert_eq!(door.verdict(&jwt).await, "VALID");
}

#[tokio::test]
async fn a_scanner_sees_how_it_did_and_no_other_scanner_does() {
    let (server, door) = open_server().await;
    let other = Door::link(&server.client, &door.event_id, "another-device", json!({})).await;
    let fresh = json!({
        "totalScans": 0, "successfulScans": 0, "failedScans": 0, "successRate": 0.0,
        "lastScanAt": null, "lastSyncedAt": "2025-12-15T07:00:00+03:00",
    });
    assert_eq!(door.statistics().await, fresh);
    let jwt = door.issue_jwt("vip").await;
    for _ in 0..4 {
        server.clock.advance(SignedDuration::from_mins(1));
        door.scan(&jwt).await;
    }
    let expected = json!({
        "totalScans": 4, "successfulScans": 1, "failedScans": 3, "successRate": 25.0,
        "lastScanAt": "2025-12-15T07:04:00+03:00", "lastSyncedAt": "2025-12-15T07:04:00+03:00",
    });
    assert_eq!(door.statistics().await, expected);
    assert_eq!(other.statistics().await, fresh);
    let path = format!("/api/v1/check-in/scanners/{}/stats", door.scanner_id);
    assert_eq!(server.client.get(&path).await.data(200), expected);
    let refused = other.scanner.get(&path).await;
    refused.failure(403, "scanner_mismatch");
    let nobodys = format!("/api/v1/check-in/scanners/{NOBODY}/stats");
    let refused = server.client.get(&nobodys).await;
    refused.failure(404, "not_found");
}

#[tokio::test]
async fn a_scanner_whose_scan_point_is_gone_lets_nobody_in() {
    let server = Server::start().await;
    let points = json!({"scanPoints": [{"id": "lounge", "acceptedTicketTypes": ["vip"]}]});
    let first = Door::open(&server.client, with(&one_day(), points)).await;
    let door = Door::link(
        &server.client,
        &first.event_id,
        "at-the-lounge",
        json!({"scanPoint": "lounge"}),
    )
    .await;
    let jwt = door.issue_jwt("vip").await;
    let path = format!("/api/v1/events/{}", door.event_id);
    door.organizer
        .patch(&path, json!({"scanPoints": []}))
        .await
        .data(200);
    assert_eq!(door.verdict(&jwt).await, "EXPIRED ticket_type_not_accepted");
    assert_eq!(first.verdict(&jwt).await, "VALID");
}

#[tokio::test]
async fn a_scanner_may_write_its_id_in_capitals() {
    let (_server, door) = open_server().await;
    let body = door.body(&door.issue_jwt("vip").await);
    let body = with(&body, json!({"scannerId": door.scanner_id.to_uppercase()}));
    door.scanner.post(VALIDATE, body).await.data(200);
}

#[tokio::test]
async fn words_without_end_are_refused() {
    let (server, door) = open_server().await;
    let body = with(
        &door.body(&door.issue_jwt("vip").await),
        json!({"checkInLocation": "x".repeat(201)}),
    );
    let stored = server.stored().await;
    door.scanner
        .post(VALIDATE, body)
        .await
        .failure(422, "invalid_scan");
    assert_eq!(server.stored().await, stored);
    let request = json!({"eventId": door.event_id, "scannerName": "Gate A"});
    let token = server
        .client
        .post("/api/v1/check-in/tokens/generate", request)
        .await
        .data(200);
    let request = json!({
        "registrationToken": token["token"],
        "deviceFingerprint": "another-device",
        "scannerName": "Gate A",
        "deviceInfo": "x".repeat(4_001),
    });
    let refused = server
        .client
        .post("/api/v1/check-in/scanners/register", request)
        .await;
    refused.failure(422, "invalid_device_info");
}
