//! A recorded scan, decided again: `GET /api/v1/scans/{scanId}/replay` and `gatewit replay`.

use std::path::Path;

use gatewit_desk::Access;
use gatewit_desk::tables::WINDOWS;
use gatewit_domain::ports::{Store, StoreLayout, Write};
use gatewit_store::SledStore;
use serde_json::{Value, json};

use crate::support::crowd::today;
use crate::support::door::{NOBODY, open_server, text};
use crate::support::{Client, Door, Home, Issuer, Server};

fn path(scan: &str) -> String {
    format!("/api/v1/scans/{scan}/replay")
}

async fn replayed(client: &Client, scan: &str) -> Value {
    client.get(&path(scan)).await.data(200)
}

/// Scans a ticket, and returns the id of the record.
async fn scanned(door: &Door, ticket: &Value) -> String {
    door.scan(&text(&ticket["jwtToken"])).await;
    let records = door.record().await;
    text(&records.last().expect("the scan is recorded")["checkInId"])
}

/// A decision as `admitted` or the code of its refusal.
fn verdict(decided: &Value) -> String {
    match decided["reason"].as_str() {
        None => {
            assert_eq!(decided["admitted"], true, "{decided}");
            "admitted".to_owned()
        }
        Some(reason) => reason.to_owned(),
    }
}

/// The names of facts that differ.
fn facts(changes: &Value) -> Vec<String> {
    let changes = changes.as_array().expect("a list").iter();
    changes.map(|change| text(&change["fact"])).collect()
}

/// What was different of one fact, then and now.
#[track_caller]
fn change(changes: &Value, fact: &str) -> (String, String) {
    let mut changes = changes.as_array().expect("a list").iter();
    let change = changes.find(|change| change["fact"] == fact);
    let change = change.unwrap_or_else(|| panic!("{fact} is not among them"));
    (text(&change["then"]), text(&change["now"]))
}

#[tokio::test]
async fn a_scan_is_decided_again_as_it_was_and_what_has_changed_since_is_named() {
    let (server, door) = open_server().await;
    let ticket = door.issue("vip").await;
    let first = scanned(&door, &ticket).await;
    let second = scanned(&door, &ticket).await;
    let unchanged = replayed(&server.client, &first).await;
    assert_eq!(unchanged["same"], true, "{unchanged}");
    assert_eq!(unchanged["again"], unchanged["recorded"]);
    assert_eq!(unchanged["today"], unchanged["recorded"]);
    assert_eq!(unchanged["recorded"]["dayName"], "Day 1");
    assert_eq!(
        (&unchanged["differs"], &unchanged["changedSince"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(unchanged["ticketInstanceId"], ticket["ticketInstanceId"]);

    let undo = json!({"checkInId": first, "reason": "wrong button"});
    server
        .client
        .post("/api/v1/check-in/undo", undo)
        .await
        .data(200);
    let used = replayed(&server.client, &second).await;
    assert_eq!(used["same"], true, "{used}");
    assert_eq!(verdict(&used["recorded"]), "already_used");
    assert_eq!(verdict(&used["today"]), "admitted");
    let entries = ("records 1".to_owned(), "none".to_owned());
    assert_eq!(facts(&used["changedSince"]), ["entries"]);
    assert_eq!(change(&used["changedSince"], "entries"), entries);

    let event = format!("/api/v1/events/{}", door.event_id);
    let options = json!({"strategyOptions": {"earlyCheckInHours": 1}});
    server.client.patch(&event, options).await.data(200);
    let shut = replayed(&server.client, &first).await;
    assert_eq!(shut["same"], true, "{shut}");
    assert_eq!(verdict(&shut["again"]), "admitted");
    assert_eq!(verdict(&shut["today"]), "not_open");
    assert_eq!(facts(&shut["changedSince"]), ["event", "windows"]);
    let (then, now) = change(&shut["changedSince"], "windows");
    assert!(then.starts_with("plugin hours-before sha256:"), "{then}");
    assert_eq!(then.split(", ").next(), now.split(", ").next());

    let cancel = format!(
        "/api/v1/tickets/{}/cancel",
        text(&ticket["ticketInstanceId"])
    );
    server.client.post(&cancel, json!({})).await.data(200);
    let cancelled = replayed(&server.client, &first).await;
    assert_eq!(cancelled["same"], true);
    assert_eq!(verdict(&cancelled["today"]), "not_active");
    let states = ("active".to_owned(), "cancelled".to_owned());
    assert_eq!(change(&cancelled["changedSince"], "ticket state"), states);
}

#[tokio::test]
async fn a_scan_without_a_ticket_is_decided_again() {
    let (server, door) = open_server().await;
    door.verdict("nothing").await;
    let records = door.record().await;
    let scan = text(&records[0]["checkInId"]);
    let replay = replayed(&server.client, &scan).await;
    assert_eq!(replay["same"], true, "{replay}");
    assert_eq!(verdict(&replay["again"]), "invalid_signature");
    assert_eq!(replay["ticketInstanceId"], Value::Null);
}

/// Changes or deletes the stored answers of strategies.
async fn falsify(store: &dyn Store, delete: bool) {
    let rows = WINDOWS.page(store, "", None, usize::MAX).await;
    for row in rows.expect("the store reads") {
        let mut answer = row.value;
        answer.windows.clear();
        let bytes = serde_json::to_vec(&answer).expect("an answer is JSON");
        let write = match delete {
            true => Write::Delete(row.key),
            false => Write::Put(row.key, bytes.into()),
        };
        let written = store.commit(Vec::new(), vec![write]).await;
        assert!(written.expect("the store writes").is_done());
    }
}

#[tokio::test]
async fn a_scan_that_comes_out_otherwise_names_what_is_not_as_it_was_recorded() {
    let (server, door) = open_server().await;
    let ticket = door.issue("vip").await;
    let scan = scanned(&door, &ticket).await;
    falsify(&*server.store, false).await;
    let otherwise = replayed(&server.client, &scan).await;
    assert_eq!(otherwise["same"], false, "{otherwise}");
    assert_eq!(verdict(&otherwise["again"]), "wrong_day");
    assert_eq!(facts(&otherwise["differs"]), ["windows"]);
    falsify(&*server.store, true).await;
    let lost = replayed(&server.client, &scan).await;
    assert_eq!(
        (&lost["same"], &lost["again"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(change(&lost["differs"], "windows").1, "not stored");
}

#[tokio::test]
async fn only_operators_replay_and_only_scans() {
    let issuer = Issuer::start().await;
    let access = Access {
        operators: ["root".to_owned()].into(),
        ..Access::default()
    };
    let server = Server::start_identifying(issuer.settings(), access).await;
    let identify = |sub: &str| server.client.with_bearer(&issuer.token(sub));
    let door = Door::open_one_day(&identify("ada")).await;
    let ticket = door.issue("vip").await;
    let scan = scanned(&door, &ticket).await;
    let as_organizer = identify("ada").get(&path(&scan)).await;
    as_organizer.failure(403, "not_operator");
    let as_stranger = identify("bob").get(&path(&scan)).await;
    as_stranger.failure(403, "not_event_organizer");
    let operator = identify("root");
    assert_eq!(replayed(&operator, &scan).await["same"], true);
    operator.get(&path(NOBODY)).await.failure(404, "not_found");
    let undo = json!({"checkInId": scan, "reason": "wrong button"});
    operator.post("/api/v1/check-in/undo", undo).await.data(200);
    let undone = text(&door.record().await[1]["checkInId"]);
    operator
        .get(&path(&undone))
        .await
        .failure(422, "not_a_scan");
}

async fn falsify_in(data: &Path) {
    let store = SledStore::open(data, StoreLayout::plain()).expect("nobody has it open");
    falsify(&store, false).await;
}

#[tokio::test]
async fn the_command_says_by_its_status_whether_a_scan_comes_out_the_same() {
    let home = Home::new();
    let server = home.start();
    let door = Door::open(&server.client, today()).await;
    let ticket = door.issue("vip").await;
    let scan = scanned(&door, &ticket).await;
    let of_server = home.run(&["replay", &scan]);
    assert_eq!(of_server.code, Some(0), "{}", of_server.log);
    let lines: Vec<_> = of_server.stdout.lines().collect();
    assert!(
        lines[0].starts_with(&format!("Scan {scan} of ")),
        "{lines:?}"
    );
    assert!(lines[0].contains(": let in on "), "{lines:?}");
    assert!(lines[1].ends_with(". The same."), "{lines:?}");
    assert_eq!(lines.len(), 2, "{lines:?}");
    let json = home.run(&["replay", &scan, "--json"]).stdout;
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json, replayed(&server.client, &scan).await);
    server.stop();

    let stopped = home.run(&["replay", &scan]);
    assert_eq!((stopped.code, stopped.stdout), (Some(0), of_server.stdout));
    let unknown = home.run(&["replay", NOBODY]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.log.contains("does not exist"), "{}", unknown.log);
    falsify_in(&home.path("data")).await;
    let otherwise = home.run(&["replay", &scan]);
    assert_eq!(otherwise.code, Some(1), "{}", otherwise.log);
    for words in ["refused (wrong_day)", "NOT the same", "  windows: answer "] {
        assert!(otherwise.stdout.contains(words), "{}", otherwise.stdout);
    }
}
