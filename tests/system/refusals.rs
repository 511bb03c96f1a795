//! A scanner that is refused endlessly causes few writes: beyond a limit, its refusals are recorded together.
//! `gatewit-api.md` §5.

use std::collections::BTreeMap;

use futures::future::join_all;
use futures::{StreamExt, stream};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::crowd::today;
use crate::support::door::{VALIDATE, open_server, refusals, text, verdict};
use crate::support::{Door, Process, Server};

/// The number of a scanner's simultaneous refusals that are recorded one by one.
const BURST: usize = 500;
const FORGED: &str = "INVALID_SIGNATURE invalid_signature";

/// Scans a text this many times at once, and checks each answer.
async fn flood(door: &Door, times: usize, jwt: &str, expected: &str) {
    let verdicts = join_all((0..times).map(|_| door.verdict(jwt))).await;
    assert_eq!(verdicts, vec![expected; times]);
}

/// Lets a second pass, after which the program records what has no record yet.
async fn next_second(server: &Server) {
    server.clock.advance(SignedDuration::from_secs(1));
    let recorded = server.desk.admissions.record_refusals().await;
    recorded.expect("the store takes it");
}

/// The refusals on record, by reason.
fn by_reason(record: &[Value]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for scan in record.iter().filter(|scan| scan["outcome"] == "refused") {
        match scan["refusals"].as_object() {
            Some(several) => {
                for (reason, count) in several {
                    *counts.entry(reason.clone()).or_default() += count.as_u64().expect("a number");
                }
            }
            None => *counts.entry(text(&scan["reason"])).or_default() += 1,
        }
    }
    counts
}

#[tokio::test]
async fn refusals_beyond_a_burst_of_five_hundred_are_recorded_together() {
    let (server, door) = open_server().await;
    flood(&door, 600, "forged", FORGED).await;
    assert_eq!(door.record().await.len(), BURST);
    next_second(&server).await;
    let record = door.record().await;
    assert_eq!(record.len(), BURST + 1);
    let together = record.last().expect("there are some");
    let expected = json!({
        "checkInId": together["checkInId"],
        "ticketInstanceId": null,
        "ticketSeries": null,
        "outcome": "refused",
        "reason": "invalid_signature",
        "refusals": {"invalid_signature": 100},
        "direction": "in",
        "dayName": together["dayName"],
        "at": "2025-12-15T07:00:01+03:00",
        "arrivedAt": "2025-12-15T07:00:01+03:00",
        "scannerId": door.scanner_id,
        "contract": "event-check-in",
        "zone": "venue",
        "checkpoint": null,
        "sessionId": null,
        "conflict": false,
        "undone": false,
        "undoes": null,
        "plugin": null,
        "digest": null,
    });
    assert_eq!(*together, expected);
    let statistics = door.statistics().await;
    assert_eq!(statistics["failedScans"], 600);
    assert_eq!(statistics["totalScans"], 600);
    let undo = json!({"checkInId": together["checkInId"], "reason": "none"});
    let undone = door.scanner.post("/api/v1/check-in/undo", undo).await;
    undone.failure(422, "not_admitted");
}

#[tokio::test]
async fn a_revoked_scanner_writes_one_record_a_second() {
    let (server, door) = open_server().await;
    let jwt = door.issue_jwt("vip").await;
    Door::link(&server.client, &door.event_id, &door.fingerprint, json!({})).await;
    let revoked = "REVOKED scanner_revoked";
    flood(&door, BURST, &jwt, revoked).await;
    for second in 1..=3 {
        // More scans than its limit recovered in a second.
        flood(&door, 200, &jwt, revoked).await;
        next_second(&server).await;
        let record = door.record().await;
        assert_eq!(record.len(), BURST + 50 * (second - 1) + second);
        let expected = (BURST + 200 * second) as u64;
        assert_eq!(
            by_reason(&record),
            [("scanner_revoked".into(), expected)].into()
        );
    }
}

#[tokio::test]
async fn reasons_are_counted_each_and_a_table_shows_them_in_one_cell() {
    let (server, door) = open_server().await;
    let jwt = door.issue_jwt("vip").await;
    assert_eq!(door.verdict(&jwt).await, "VALID");
    flood(&door, BURST, "forged", FORGED).await;
    flood(&door, 3, &jwt, "DUPLICATE already_used").await;
    flood(&door, 2, "forged", FORGED).await;
    next_second(&server).await;
    let record = door.record().await;
    let together = record.last().expect("there are some");
    assert_eq!(together["reason"], json!(null));
    let several = json!({"already_used": 3, "invalid_signature": 2});
    assert_eq!(together["refusals"], several);
    let path = format!("/api/v1/events/{}/check-ins?outcome=refused", door.event_id);
    let (_, rows) = door.organizer.get_text(&path, "text/csv").await;
    let last = rows.lines().last().expect("there are rows");
    let cells = ",,,refused,,already_used=3 invalid_signature=2,in,";
    assert!(last.contains(cells), "{last}");
}

#[tokio::test]
async fn admissions_and_repeats_are_never_bounded() {
    let (server, door) = open_server().await;
    let (jwt, other) = (door.issue_jwt("vip").await, door.issue_jwt("vip").await);
    flood(&door, BURST, "forged", FORGED).await;
    assert_eq!(door.verdict(&jwt).await, "VALID");
    let repeats = (0..16).map(|_| (door.scanner).post_once(VALIDATE, "once", door.body(&jwt)));
    for repeat in join_all(repeats).await {
        assert_eq!(verdict(&repeat), "DUPLICATE already_used");
    }
    next_second(&server).await;
    let again = door
        .scanner
        .post_once(VALIDATE, "once", door.body(&jwt))
        .await;
    assert_eq!(verdict(&again), "DUPLICATE already_used");
    assert_eq!(door.verdict(&other).await, "VALID");
    let record = door.record().await;
    let expected = [
        ("already_used".into(), 1),
        ("invalid_signature".into(), 500),
    ];
    assert_eq!(by_reason(&record), expected.into());
    assert_eq!(door.statistics().await["successfulScans"], 2);
}

#[tokio::test]
async fn one_scanner_uses_up_nothing_of_another() {
    let (server, door) = open_server().await;
    let other = Door::link(&server.client, &door.event_id, "another-device", json!({})).await;
    flood(&door, 600, "forged", FORGED).await;
    flood(&other, 3, "forged", FORGED).await;
    let record = door.record().await;
    let of_other = record
        .iter()
        .filter(|scan| scan["scannerId"] == other.scanner_id.as_str());
    assert_eq!(of_other.count(), 3);
}

#[tokio::test]
async fn the_program_records_every_refusal_by_itself_and_before_it_stops() {
    const REFUSALS: usize = 1_200;
    let data = TempDir::new().expect("there is room for a test's data");
    let server = Process::start(data.path());
    let door = Door::open(&server.client, today()).await;
    let scans = stream::iter((0..REFUSALS).map(|_| door.verdict("forged")));
    let verdicts: Vec<_> = scans.buffer_unordered(48).collect().await;
    assert_eq!(verdicts, vec![FORGED; REFUSALS]);
    server.stop();

    let server = Process::start(data.path());
    let door = door.moved_to(&server.client);
    let record = door.record().await;
    assert!(record.len() < REFUSALS, "some are recorded together");
    assert_eq!(record.iter().map(refusals).sum::<u64>(), REFUSALS as u64);
    assert_eq!(door.statistics().await["failedScans"], REFUSALS);
}
