//! Deleting an event: at once for everybody, its rows piece by piece. `gatewit-api.md` §3.

use std::collections::BTreeSet;

use futures::future::join_all;
use gatewit_desk::tables::{EVENT_DELETIONS, EVENT_MARKS, EventDeletion};
use gatewit_domain::id::EventId;
use gatewit_domain::ports::Write;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::crowd::today;
use crate::support::door::{
    NOBODY, VALIDATE, days, link, one_day, open_server, statistics, text, with,
};
use crate::support::{Answer, Client, Door, Home, Process, Server, until};
use crate::warnings::with_guests;

/// Enough tickets for many pieces.
const MANY: usize = 3_000;
/// The table in which a deleted event stays.
const MARKS: &str = "event_deletions/";

const GENERATE: &str = "/api/v1/check-in/tokens/generate";
const REGISTER: &str = "/api/v1/check-in/scanners/register";

fn registration(token: &str) -> Value {
    json!({"registrationToken": token, "deviceFingerprint": "another-device", "scannerName": "Gate B"})
}

fn draft() -> Value {
    json!({"ticketTypeId": "vip", "attendeeName": "Ada", "bookingReference": "A/1"})
}

async fn delete(client: &Client, event: &str, query: &str) -> Answer {
    let path = format!("/api/v1/events/{event}{query}");
    client.request("delete", &path, None).await
}

/// The rows of a deleted event that are still there.
async fn rows_of(server: &Server, event: &str) -> Vec<String> {
    let rows = server.stored().await.into_iter();
    let of_event = rows.filter(|(key, value)| key.contains(event) || value.contains(event));
    let left = of_event.filter(|(key, _)| !key.starts_with(MARKS));
    left.map(|(key, _)| key).collect()
}

/// How many rows of a table there are.
async fn rows(server: &Server, table: &str) -> usize {
    let stored = server.stored().await;
    stored.keys().filter(|key| key.starts_with(table)).count()
}

async fn delete_rows(server: &Server) {
    server.desk.delete_rows_of_deleted_events().await;
}

#[tokio::test]
async fn an_event_is_deleted_only_for_its_slug() {
    let (server, door) = open_server().await;
    let before = server.stored().await;
    for query in ["", "?confirm=", "?confirm=Summit", "?confirm=summit-2"] {
        let refused = delete(&door.organizer, &door.event_id, query).await;
        let words = refused.failure(422, "not_confirmed");
        assert!(words.contains("\"summit\""), "{words}");
    }
    let nobody = delete(&door.organizer, NOBODY, "?confirm=summit").await;
    nobody.failure(404, "not_found");
    assert_eq!(server.stored().await, before);
}

#[tokio::test]
async fn a_deleted_event_is_gone_for_everybody_at_once() {
    let (server, door) = open_server().await;
    let ticket = door.issue("vip").await;
    let jwt = text(&ticket["jwtToken"]);
    assert_eq!(door.verdict(&jwt).await, "VALID");
    let request = json!({"eventId": door.event_id, "scannerName": "Gate B"});
    let token = door.organizer.post(GENERATE, request.clone()).await;
    let token = text(&token.data(200)["token"]);
    let deleted = delete(&door.organizer, &door.event_id, "?confirm=summit").await;
    assert_eq!(deleted.data(200), json!({"eventId": door.event_id}));

    let event = format!("/api/v1/events/{}", door.event_id);
    let ticket = format!("/api/v1/tickets/{}", text(&ticket["ticketInstanceId"]));
    for path in [
        event.clone(),
        door.tickets(),
        ticket,
        format!("{event}/check-ins"),
        format!("/api/v1/check-in/scanners/event/{}", door.event_id),
        statistics(&door.scanner_id),
    ] {
        assert_eq!(door.organizer.get(&path).await.status, 404, "{path}");
    }
    let issued = door.organizer.post(&door.tickets(), draft()).await;
    issued.failure(404, "not_found");
    let generated = door.organizer.post(GENERATE, request).await;
    generated.failure(404, "not_found");
    let register = door.organizer.post(REGISTER, registration(&token));
    register.await.failure(404, "token_not_found");
    let again = delete(&door.organizer, &door.event_id, "?confirm=summit").await;
    again.failure(404, "not_found");
    // Its scanners are strangers, also where an organizer may call.
    let stats = door.scanner.get(&statistics(&door.scanner_id)).await;
    stats.failure(401, "invalid_credentials");
    door.scan(&jwt).await.failure(401, "invalid_credentials");

    // Its slug is free, and its device may be a scanner again; its ticket is of nobody.
    let other = Door::open(&server.client, with(&one_day(), json!({"slug": "summit"}))).await;
    assert_eq!(
        other.verdict(&jwt).await,
        "INVALID_SIGNATURE invalid_signature"
    );
    delete_rows(&server).await;
    assert_eq!(rows_of(&server, &door.event_id).await, Vec::<String>::new());
    assert_eq!(
        rows_of(&server, &door.scanner_id).await,
        Vec::<String>::new()
    );
    let server = server.restart().await;
    let other = other.moved_to(&server.client);
    let jwt = other.issue_jwt("vip").await;
    assert_eq!(other.verdict(&jwt).await, "VALID");
    let gone = other.organizer.get(&event).await;
    gone.failure(404, "not_found");
    let stats = door.scanner.moved_to(&server.client);
    let stats = stats.get(&statistics(&door.scanner_id)).await;
    stats.failure(401, "invalid_credentials");
}

#[tokio::test]
async fn nothing_of_another_event_goes() {
    let (server, door) = open_server().await;
    let other = with(&one_day(), json!({"name": "Other"}));
    let other = Door::open_with(&server.client, other, "other-device-1").await;
    // One device scans for both: in `default`, it may.
    let jwt = other.issue_jwt("vip").await;
    assert_eq!(other.verdict(&jwt).await, "VALID");
    let of_other = |stored: std::collections::BTreeMap<String, String>| {
        let rows = stored.into_iter();
        let own = rows.filter(|(key, value)| {
            let names = |id: &str| key.contains(id) || value.contains(id);
            names(&other.event_id) || names(&other.scanner_id)
        });
        own.collect::<Vec<_>>()
    };
    let before = of_other(server.stored().await);
    delete(&door.organizer, &door.event_id, "?confirm=summit")
        .await
        .data(200);
    delete_rows(&server).await;
    assert_eq!(of_other(server.stored().await), before);
    assert_eq!(other.verdict(&jwt).await, "DUPLICATE already_used");
}

#[tokio::test]
async fn what_races_with_a_deletion_leaves_nothing_behind() {
    let (server, door) = open_server().await;
    let mut codes = Vec::new();
    for _ in 0..40 {
        codes.push(door.issue_jwt("vip").await);
    }
    let drafts = json!({"tickets": vec![draft(); 400]});
    let issuing = door.organizer.post(&door.tickets(), drafts);
    let generate = json!({"eventId": door.event_id, "scannerName": "Gate B"});
    let token = door.organizer.post(GENERATE, generate.clone()).await;
    let token = text(&token.data(200)["token"]);
    let registering = door.organizer.post(REGISTER, registration(&token));
    let generating = door.organizer.post(GENERATE, generate);
    let scanning = join_all(codes.iter().map(|code| door.scan(code)));
    let deleting = async {
        until("a ticket has been scanned", async || {
            (rows(&server, "records/").await > 0).then_some(())
        })
        .await;
        let deleted = delete(&door.organizer, &door.event_id, "?confirm=summit").await;
        deleted.data(200);
        delete_rows(&server).await;
    };
    let (issued, registered, generated, scanned, ()) =
        tokio::join!(issuing, registering, generating, scanning, deleting);
    for answer in [issued, registered, generated].iter().chain(&scanned) {
        let statuses = [200, 201, 401, 404];
        assert!(statuses.contains(&answer.status), "{answer:?}");
    }
    assert_eq!(rows_of(&server, &door.event_id).await, Vec::<String>::new());
}

/// The tables in which an event has rows, one way or another.
const TABLES: [&str; 27] = [
    "check_ins",
    "compact_tokens",
    "credential_codes",
    "desk_requests",
    "devices",
    "entries",
    "event_marks",
    "event_revisions",
    "events",
    "had_scanners",
    "issue_requests",
    "issues",
    "orders",
    "records",
    "registration_tokens",
    "repeats",
    "scanner_events",
    "scanner_scans",
    "scanners",
    "series",
    "slugs",
    "taken_in",
    "ticket_codes",
    "ticket_events",
    "ticket_tokens",
    "tickets",
    "windows",
];

/// Fills every table that rows of events are in.
async fn fill_every_table(door: &Door) {
    let issue = json!({"tickets": vec![draft(); 600]});
    let issued = door.organizer.post_once(&door.tickets(), "issue-1", issue);
    let issued = issued.await.data(201);
    let coded = with(&draft(), json!({"credentialCode": "AB-12"}));
    door.issue_all(coded).await;
    let jwt = text(&issued[0]["jwtToken"]);
    let scan = door.scanner.post_once(VALIDATE, "scan-1", door.body(&jwt));
    let undone = json!({"checkInId": scan.await.data(200)["checkInId"], "reason": "wrong button"});
    let undo = door.scanner.post("/api/v1/check-in/undo", undone).await;
    undo.data(200);
    assert_eq!(door.verdict(&text(&issued[1]["jwtToken"])).await, "VALID");
    let path = format!("/api/v1/events/{}/check-ins", door.event_id);
    let at_desk = json!({"ticketInstanceId": issued[2]["ticketInstanceId"]});
    let at_desk = door.organizer.post_once(&path, "desk-1", at_desk).await;
    at_desk.data(200);
    let request = json!({"eventId": door.event_id, "scannerName": "Gate B"});
    door.organizer.post(GENERATE, request).await.data(200);
}

#[tokio::test]
async fn a_deleted_event_leaves_no_row_in_any_table() {
    let (server, _home) = with_guests().await;
    let before = server.stored().await;
    let event = json!({"slug": "summit", "days": days(14), "ticketSources": ["crew"]});
    let door = Door::open(&server.client, with(&one_day(), event)).await;
    fill_every_table(&door).await;
    let filled = server.stored().await;
    let added = filled.keys().filter(|key| !before.contains_key(*key));
    let tables: BTreeSet<_> = added.filter_map(|key| key.split('/').next()).collect();
    assert_eq!(tables, BTreeSet::from(TABLES));
    let deleted = delete(&door.organizer, &door.event_id, "?confirm=summit").await;
    deleted.data(200);
    delete_rows(&server).await;
    let mut after = server.stored().await;
    let mark = format!("{MARKS}{}", door.event_id);
    assert!(after.remove(&mark).is_some());
    assert_eq!(after, before);
}

/// What another host on the same data would commit.
async fn commit(server: &Server, write: Write) {
    let commit = server.store.commit(Vec::new(), vec![write]).await;
    assert!(commit.expect("the store works").is_done());
}

#[tokio::test]
async fn nobody_is_let_in_at_an_event_that_changed_after_it_was_looked_at() {
    let (server, door) = open_server().await;
    let event: EventId = door.event_id.parse().expect("an id");
    let ticket = door.issue("vip").await;
    let jwt = text(&ticket["jwtToken"]);
    let before = rows(&server, "records/").await;
    commit(&server, EVENT_MARKS.put(&event, &99)).await;
    door.scan(&jwt).await.failure(503, "store_busy");
    assert_eq!(rows(&server, "records/").await, before);
    commit(&server, EVENT_MARKS.put(&event, &2)).await;
    assert_eq!(door.verdict(&jwt).await, "VALID");
}

#[tokio::test]
async fn nothing_is_added_to_an_event_after_its_deletion() {
    let (server, door) = open_server().await;
    let event: EventId = door.event_id.parse().expect("an id");
    let deletion = EventDeletion {
        org_id: "default".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        is_done: true,
    };
    let jwt = text(&door.issue_all(draft()).await["jwtToken"]);
    commit(&server, EVENT_DELETIONS.put(&event, &deletion)).await;
    let before = server.stored().await;
    let coded = with(&draft(), json!({"credentialCode": "AB-12"}));
    let event = format!("/api/v1/events/{}", door.event_id);
    let order = json!({"order": "A/1"});
    let many = json!({"tickets": vec![draft(); 600]});
    for (path, body) in [
        (&door.tickets(), draft()),
        (&door.tickets(), coded),
        (&door.tickets(), many),
        (
            &GENERATE.to_owned(),
            json!({"eventId": door.event_id, "scannerName": "Gate B"}),
        ),
        (&format!("{event}/check-ins"), order),
    ] {
        let answer = door.organizer.post_once(path, "key-1", body).await;
        assert!([404, 503].contains(&answer.status), "{path}: {answer:?}");
    }
    // The windows for its kind of holder were never asked for, so they would have to be stored first.
    door.scan(&jwt).await.failure(404, "not_found");
    assert_eq!(server.stored().await, before);
}

#[tokio::test]
async fn a_deletion_that_the_servers_end_interrupts_goes_on_at_the_next_start() {
    let home = Home::new();
    let server = home.start();
    let door = Door::open(&server.client, today()).await;
    link(&server.client, &door.event_id, "second-device", json!({})).await;
    let drafts = vec![draft(); MANY];
    let issued = door.issue_all(json!({"tickets": drafts})).await;
    for ticket in issued.as_array().expect("a list").iter().take(20) {
        assert_eq!(door.verdict(&text(&ticket["jwtToken"])).await, "VALID");
    }
    let shown = format!("/api/v1/events/{}", door.event_id);
    let slug = text(&server.client.get(&shown).await.data(200)["slug"]);
    let confirm = format!("?confirm={slug}");
    delete(&server.client, &door.event_id, &confirm)
        .await
        .data(200);
    server.kill();
    let gone = format!("of the deleted event {}", door.event_id);
    let start = || Process::spawn(home.command_with("RUST_LOG", "info"));
    let mut is_done = false;
    for requests in [1, 10, 40] {
        let server = start();
        for _ in 0..requests {
            server.client.get(&shown).await.failure(404, "not_found");
        }
        is_done |= server.kill().log.contains(&gone);
    }
    let server = start();
    if !is_done {
        server.log.wait_for(&gone);
    }
    server.stop();
    let exported = Process::run("export", &home.path("data"), &[]);
    assert_eq!(exported.code, Some(0), "{}", exported.log);
    let of_event = exported.stdout.lines();
    let of_event = of_event.filter(|row| row.contains(&door.event_id));
    let left: Vec<_> = of_event
        .filter(|row| !row.contains(&format!("\"{MARKS}")))
        .collect();
    assert_eq!(left, Vec::<&str>::new());
}

#[tokio::test]
async fn an_event_that_the_configuration_declares_is_not_deleted() {
    let home = Home::new();
    home.configure(
        "events:\n  - name: Summit\n    slug: summit\n    days:\n      - start_date_time: '2030-12-15T09:00:00+03:00'\n        \
         end_date_time: '2030-12-15T18:00:00+03:00'\n",
    );
    let server = home.start();
    let events = server.client.get("/api/v1/events").await.data(200);
    let event = text(&events[0]["eventId"]);
    let refused = delete(&server.client, &event, "?confirm=summit").await;
    let words = refused.failure(409, "event_declared");
    assert!(words.contains("event_config.yml"), "{words}");
    server.stop();
    home.configure("");
    let server = home.start();
    let deleted = delete(&server.client, &event, "?confirm=summit").await;
    deleted.data(200);
}
