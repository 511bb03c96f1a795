//! What is served is what the records add up to, and every scan can be decided again from its record.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use bytes::Bytes;
use gatewit_desk::store_layout;
use gatewit_desk::tables::{EVENT_REVISIONS, EventRevision, EventWindows, RECORDS, WINDOWS};
use gatewit_domain::id::EventId;
use gatewit_domain::ports::{Appended, Key, Store, StoreLayout, Write};
use gatewit_domain::record::{Named, Record, ScanRecord};
use gatewit_domain::scan::Entry;
use gatewit_store::SledStore;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tempfile::TempDir;

use crate::support::crowd::today;
use crate::support::door::{one_day, text, with};
use crate::support::{Door, Process, Server};

async fn rows(store: &dyn Store, table: &str) -> Vec<(Key, Bytes)> {
    let prefix = Key::new(format!("{table}/"));
    let rows = store.scan(&prefix, None, usize::MAX).await;
    rows.expect("the store reads")
}

/// Checks that the derived rows of a store are the fold of its records.
pub async fn check_derived(store: &dyn Store) {
    let derivation = store_layout(Timestamp::MIN).derivation;
    let mut folded: BTreeMap<Key, Bytes> = BTreeMap::new();
    for (key, value) in rows(store, RECORDS.name()).await {
        let (prefix, sequence) = Appended::parse(&key).expect("a record has a number");
        let appended = Appended {
            prefix: &prefix,
            sequence,
            value: &value,
        };
        let before = |key: &Key| folded.get(key).cloned();
        let writes = derivation.derive(&appended, &before);
        for write in writes.expect("the store holds records") {
            match write {
                Write::Put(key, value) => drop(folded.insert(key, value)),
                Write::Delete(key) => drop(folded.remove(&key)),
                other => panic!("{other:?}"),
            }
        }
    }
    let mut served = BTreeMap::new();
    for table in derivation.tables() {
        served.extend(rows(store, table).await);
    }
    assert_eq!(served, folded);
}

/// The scans of an event by their numbers.
async fn scans(store: &dyn Store, event: EventId) -> HashMap<u64, ScanRecord> {
    let records = RECORDS
        .page(store, &format!("{event}/"), None, usize::MAX)
        .await;
    let records = records.expect("the store reads").into_iter();
    let numbered = (1..).zip(records);
    numbered
        .filter_map(|(number, stored)| match stored.value {
            Record::Scan(scan) => Some((number, *scan)),
            Record::Refusals(_) | Record::Undo(_) => None,
        })
        .collect()
}

/// Decides every scan of an event again, from the store alone. Returns how many there are by the code of their refusal.
async fn check_decided_again(store: &dyn Store, event: &str) -> BTreeMap<&'static str, usize> {
    let event: EventId = event.parse().expect("an id");
    let scans = scans(store, event).await;
    let mut verdicts = BTreeMap::new();
    for scan in scans.values() {
        let revision = EventRevision(event, scan.event_revision);
        let revision = EVENT_REVISIONS.get(store, &revision).await;
        let revision = revision.expect("the store reads").expect("it is stored");
        let facts = revision.value.facts();
        let digest = scan.ticket().and_then(|ticket| ticket.windows);
        let windows = match digest {
            Some(digest) => {
                let answer = WINDOWS.get(store, &EventWindows(event, digest)).await;
                Some(
                    answer
                        .expect("the store reads")
                        .expect("it is stored")
                        .value
                        .windows,
                )
            }
            None => None,
        };
        let numbers = scan.ticket().map_or(&[][..], |ticket| &ticket.entries);
        let entries: Vec<_> = numbers
            .iter()
            .map(|number| entry(*number, &scans[number]))
            .collect();
        let decision = scan.decide_again(Named {
            event: &facts,
            windows: windows.as_deref(),
            entries: entries.iter().map(Entry::facts).collect(),
        });
        assert_eq!(decision.refusal.as_ref(), scan.refusal());
        assert_eq!(decision.day.map(|day| facts.days[day].id), scan.day);
        let code = scan.refusal().map_or("in", |refusal| refusal.code());
        *verdicts.entry(code).or_default() += 1;
    }
    verdicts
}

fn entry(sequence: u64, scan: &ScanRecord) -> Entry {
    Entry {
        sequence,
        day: scan.day.expect("an entry has a day"),
        zone: scan.zone.clone(),
        from_outside: scan.from_outside,
        at: scan.at,
        location: scan.location.clone(),
    }
}

#[tokio::test]
async fn every_scan_can_be_decided_again_from_its_record_and_what_is_served_is_their_fold() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let jwt = door.issue_jwt("vip").await;
    let withdrawn = door.issue("vip").await;
    let path = format!(
        "/api/v1/tickets/{}/cancel",
        text(&withdrawn["ticketInstanceId"])
    );
    door.organizer.post(&path, json!({})).await.data(200);
    let other = Door::open_with(&server.client, one_day(), "another-device").await;

    let admitted = door.scan(&jwt).await.data(200)["checkInId"].clone();
    server.clock.advance(SignedDuration::from_mins(1));
    let undo = json!({"checkInId": admitted, "reason": "wrong button"});
    door.scanner
        .post("/api/v1/check-in/undo", undo)
        .await
        .data(200);
    for code in [
        &jwt,
        &jwt,
        &text(&withdrawn["jwtToken"]),
        &other.issue_jwt("vip").await,
    ] {
        let scan = with(
            &door.body(code),
            json!({"scanId": format!("scan of {code}")}),
        );
        door.scanner.post("/api/v1/check-in/validate", scan).await;
        door.verdict(code).await;
    }
    door.verdict("nothing").await;
    let elsewhere = with(
        &door.body(&jwt),
        json!({"deviceFingerprint": "a-third-device"}),
    );
    door.scanner
        .post("/api/v1/check-in/validate", elsewhere)
        .await;
    server.clock.advance(SignedDuration::from_hours(48));
    door.verdict(&jwt).await;
    // Under the event's new days and types nothing of this would be decided as it was.
    let path = format!("/api/v1/events/{}", door.event_id);
    let change = json!({
        "days": [{
            "startDateTime": "2031-12-15T09:00:00+03:00", "endDateTime": "2031-12-15T18:00:00+03:00",
        }],
        "ticketTypes": [{"id": "guest", "name": "Guest"}],
    });
    door.organizer.patch(&path, change).await.data(200);

    let verdicts = check_decided_again(&*server.store, &door.event_id).await;
    let codes: Vec<_> = verdicts.keys().copied().collect();
    let expected = [
        "already_used",
        "expired",
        "in",
        "invalid_signature",
        "not_active",
        "scanner_mismatch",
        "wrong_event",
    ];
    assert_eq!(codes, expected);
    check_derived(&*server.store).await;
}

/// Changes the stored record with this number of an event, while no server runs.
async fn damage(data: &Path, event: &str, number: u64, write: impl FnOnce(Key) -> Write) {
    let store = SledStore::open(data, StoreLayout::plain()).expect("nobody has it open");
    let prefix = Key::new(format!("{}/{event}/", RECORDS.name()));
    let write = write(Appended::key(&prefix, number));
    let written = store.commit(Vec::new(), vec![write]).await;
    assert!(written.expect("the store writes").is_done());
}

/// Checks that a damaged record closes its event, is named, and leaves other events open.
async fn check_damaged(write: impl FnOnce(Key) -> Write) {
    let data = TempDir::new().expect("there is room for a test's data");
    let server = Process::start(data.path());
    let (closed, open) = (
        Door::open(&server.client, today()).await,
        Door::open_with(&server.client, today(), "another-device").await,
    );
    for door in [&closed, &open] {
        for _ in 0..3 {
            let jwt = door.issue_jwt("vip").await;
            assert_eq!(door.verdict(&jwt).await, "VALID");
        }
    }
    let jwt = open.issue_jwt("vip").await;
    server.stop();
    damage(data.path(), &closed.event_id, 2, write).await;
    let exported = Process::run("export", data.path(), &[]);
    let named = format!("record 2 of event {} cannot be read", closed.event_id);
    assert!(exported.log.contains(&named), "{}", exported.log);
    assert_eq!((exported.code, &*exported.stdout), (Some(1), ""));

    let server = Process::start(data.path());
    let (closed, open) = (
        closed.moved_to(&server.client),
        open.moved_to(&server.client),
    );
    let path = format!("/api/v1/events/{}", closed.event_id);
    for answer in [
        closed.scan(&jwt).await,
        closed.organizer.get(&path).await,
        closed.organizer.get(&format!("{path}/check-ins")).await,
    ] {
        let message = answer.failure(503, "event_damaged");
        let named = format!("record 2 of event {} cannot be read", closed.event_id);
        assert!(message.contains(&named), "{message}");
    }
    assert_eq!(open.verdict(&jwt).await, "VALID");
    assert_eq!(open.statistics().await["successfulScans"], 4);
    let slug = format!("{path}?confirm={}", listed_slug(&closed).await);
    let deleted = closed.organizer.request("delete", &slug, None).await;
    deleted.data(200);
    closed.organizer.get(&path).await.failure(404, "not_found");
    let log = server.stop().log;
    let named = format!(
        "event {} is closed: its record 2 cannot be read",
        closed.event_id
    );
    assert!(log.contains(&named), "{log}");
    let server = Process::start(data.path());
    let open = open.moved_to(&server.client);
    assert_eq!(open.verdict(&jwt).await, "DUPLICATE already_used");
    let events = open.organizer.get("/api/v1/events").await.data(200);
    assert!(!events.to_string().contains(&closed.event_id), "{events}");
    let log = server.stop().log;
    assert!(!log.contains(&named), "{log}");
}

/// The slug of a door's event as the list of events has it.
async fn listed_slug(door: &Door) -> String {
    let events = door.organizer.get("/api/v1/events").await.data(200);
    let mut events = events.as_array().expect("a list").iter();
    let event = events.find(|event| event["eventId"] == *door.event_id);
    text(&event.expect("it is listed")["slug"])
}

#[tokio::test]
async fn a_record_that_cannot_be_read_closes_its_event_and_no_other() {
    check_damaged(|key| Write::Put(key, "damaged".into())).await;
}

#[tokio::test]
async fn a_record_that_is_missing_closes_its_event_and_no_other() {
    check_damaged(Write::Delete).await;
}
