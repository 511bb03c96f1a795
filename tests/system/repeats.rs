//! The same scan sent again: `Idempotency-Key`, `scanId`, and the answer to a repeat. `gatewit-api.md` §5.

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::door::{VALIDATE, open_server, text, verdict, with};
use crate::support::{Answer, Door};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Scans under an `Idempotency-Key`.
async fn scan_once(door: &Door, key: &str, jwt: &str) -> Answer {
    door.scanner.post_once(VALIDATE, key, door.body(jwt)).await
}

/// The body of a scan with its own `scanId`.
fn named(door: &Door, scan_id: &str, jwt: &str) -> Value {
    with(&door.body(jwt), json!({"scanId": scan_id}))
}

/// The numbers of counted scans: successful and failed.
async fn counted(door: &Door) -> (u64, u64) {
    let statistics = door.statistics().await;
    let count = |name: &str| statistics[name].as_u64().expect("a count is a number");
    (count("successfulScans"), count("failedScans"))
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_again_and_is_recorded_once() {
    let (server, door) = open_server().await;
    let jwt = door.issue_jwt("vip").await;
    let first = scan_once(&door, "scan-1", &jwt).await;
    assert_eq!(verdict(&first), "VALID");
    let stored = server.stored().await;
    server.clock.advance(DAY - SignedDuration::from_secs(1));
    assert_eq!(scan_once(&door, "scan-1", &jwt).await, first);
    assert_eq!(server.stored().await, stored);
    assert_eq!(counted(&door).await, (1, 0));
}

#[tokio::test]
async fn a_refusal_is_repeated_as_well() {
    let (server, door) = open_server().await;
    let jwt = door.issue_jwt("vip").await;
    server.clock.set("2025-12-15T06:59:59+03:00");
    let early = scan_once(&door, "early", &jwt).await;
    assert_eq!(verdict(&early), "EXPIRED not_open");
    server.clock.set("2025-12-15T09:00:00+03:00");
    assert_eq!(scan_once(&door, "early", &jwt).await, early);
    assert_eq!(verdict(&scan_once(&door, "late", &jwt).await), "VALID");
    assert_eq!(counted(&door).await, (1, 1));
}

#[tokio::test]
async fn a_scan_may_bear_its_name_in_its_body_and_the_header_wins() {
    let (_server, door) = open_server().await;
    let jwt = door.issue_jwt("vip").await;
    let first = door
        .scanner
        .post(VALIDATE, named(&door, "scan-1", &jwt))
        .await;
    assert_eq!(verdict(&first), "VALID");
    let again = door
        .scanner
        .post(VALIDATE, named(&door, "scan-1", &jwt))
        .await;
    assert_eq!(again, first);
    // The id is the same in the header and in the body.
    assert_eq!(scan_once(&door, "scan-1", &jwt).await, first);
    let by_header = door
        .scanner
        .post_once(VALIDATE, "scan-2", named(&door, "scan-1", &jwt))
        .await;
    assert_eq!(verdict(&by_header), "DUPLICATE already_used");
    assert_eq!(counted(&door).await, (1, 1));
}

#[tokio::test]
async fn a_key_used_for_another_scan_is_in_conflict_and_changes_nothing() {
    let (server, door) = open_server().await;
    let (jwt, other) = (door.issue_jwt("vip").await, door.issue_jwt("vip").await);
    let first = scan_once(&door, "scan-1", &jwt).await;
    let stored = server.stored().await;
    scan_once(&door, "scan-1", &other)
        .await
        .failure(409, "idempotency_mismatch");
    let elsewhere = with(&door.body(&jwt), json!({"checkInLocation": "Gate B"}));
    let moved = door.scanner.post_once(VALIDATE, "scan-1", elsewhere).await;
    moved.failure(409, "idempotency_mismatch");
    assert_eq!(server.stored().await, stored);
    assert_eq!(scan_once(&door, "scan-1", &jwt).await, first);
    assert_eq!(
        scan_once(&door, "scan-2", &other).await.data(200)["status"],
        "VALID"
    );
}

#[tokio::test]
async fn a_key_is_free_after_twenty_four_hours() {
    let (server, door) = open_server().await;
    let (jwt, other) = (door.issue_jwt("vip").await, door.issue_jwt("vip").await);
    assert_eq!(verdict(&scan_once(&door, "scan-1", &jwt).await), "VALID");
    assert_eq!(
        verdict(&scan_once(&door, "scan-2", &jwt).await),
        "DUPLICATE already_used"
    );
    server.clock.advance(DAY);
    assert_eq!(
        verdict(&scan_once(&door, "scan-1", &other).await),
        "EXPIRED expired"
    );
    assert_eq!(
        verdict(&scan_once(&door, "scan-2", &jwt).await),
        "EXPIRED expired"
    );
    assert_eq!(counted(&door).await, (1, 3));
}

#[tokio::test]
async fn thirty_two_repeats_at_once_are_one_scan_with_one_answer() {
    let (_server, door) = open_server().await;
    let jwt = door.issue_jwt("vip").await;
    let repeats = join_all((0..32).map(|_| scan_once(&door, "scan-1", &jwt))).await;
    assert_eq!(verdict(&repeats[0]), "VALID");
    for repeat in &repeats {
        assert_eq!(repeat, &repeats[0]);
    }
    assert_eq!(counted(&door).await, (1, 0));
    let refused = join_all((0..32).map(|_| scan_once(&door, "scan-2", "forged"))).await;
    assert_eq!(verdict(&refused[0]), "INVALID_SIGNATURE invalid_signature");
    for repeat in &refused {
        assert_eq!(repeat, &refused[0]);
    }
    assert_eq!(counted(&door).await, (1, 1));
}

#[tokio::test]
async fn one_key_for_two_scans_at_once_serves_one_of_them() {
    let (_server, door) = open_server().await;
    let tickets = [door.issue_jwt("vip").await, door.issue_jwt("vip").await];
    let answers = join_all(tickets.iter().map(|jwt| scan_once(&door, "scan-1", jwt))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(counted(&door).await, (1, 0));
}

#[tokio::test]
async fn scanners_may_use_the_same_key() {
    let (server, door) = open_server().await;
    let other = Door::link(&server.client, &door.event_id, "another-device", json!({})).await;
    let (jwt, another) = (door.issue_jwt("vip").await, door.issue_jwt("vip").await);
    let first = scan_once(&door, "scan-1", &jwt).await.data(200);
    let second = scan_once(&other, "scan-1", &another).await.data(200);
    assert_eq!(
        (text(&first["status"]), text(&second["status"])),
        ("VALID".into(), "VALID".into())
    );
    assert_ne!(first["checkInId"], second["checkInId"]);
    let same = scan_once(&other, "scan-2", &jwt).await;
    assert_eq!(verdict(&same), "DUPLICATE already_used");
}

#[tokio::test]
async fn a_key_of_no_or_too_many_characters_is_malformed_and_changes_nothing() {
    let (server, door) = open_server().await;
    let jwt = door.issue_jwt("vip").await;
    let stored = server.stored().await;
    for key in ["", &"x".repeat(256)] {
        scan_once(&door, key, &jwt)
            .await
            .failure(400, "invalid_idempotency_key");
        let refused = door.scanner.post(VALIDATE, named(&door, key, &jwt)).await;
        refused.failure(400, "invalid_idempotency_key");
    }
    assert_eq!(server.stored().await, stored);
    let longest = scan_once(&door, &"x".repeat(255), &jwt).await;
    assert_eq!(verdict(&longest), "VALID");
}

#[tokio::test]
async fn an_answer_is_not_repeated_to_another_device_or_to_a_scanner_that_is_one_no_more() {
    let (server, door) = open_server().await;
    let body = door.body(&door.issue_jwt("vip").await);
    let first = door
        .scanner
        .post_once(VALIDATE, "scan-1", body.clone())
        .await;
    assert_eq!(verdict(&first), "VALID");
    let stolen = with(&body, json!({"deviceFingerprint": "another-device"}));
    let refused = door.scanner.post_once(VALIDATE, "scan-1", stolen).await;
    refused.failure(403, "scanner_mismatch");
    assert_eq!(
        door.scanner
            .post_once(VALIDATE, "scan-1", body.clone())
            .await,
        first
    );
    assert_eq!(counted(&door).await, (1, 1));
    Door::link(&server.client, &door.event_id, &door.fingerprint, json!({})).await;
    let refused = door.scanner.post_once(VALIDATE, "scan-1", body).await;
    assert_eq!(verdict(&refused), "REVOKED scanner_revoked");
}
