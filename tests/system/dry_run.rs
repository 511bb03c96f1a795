//! What would change if a component served. `gatewit-api.md` §10.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::crowd::{ADMITTED, today};
use crate::support::door::{text, with};
use crate::support::{Answer, Client, Door, Home, Process, plugins};

const PLUGIN: &str = "/api/v1/plugins/hours-before";

fn component(name: &str) -> Vec<u8> {
    fs::read(plugins().join(name).with_extension("wasm")).expect("our plugins are built")
}

async fn dry_run(client: &Client, component: &[u8], query: &str) -> Answer {
    let path = format!("{PLUGIN}?dry-run=true{query}");
    client.put_component(&path, component).await
}

/// The ticket types whose windows would differ, with the day's openings before and after.
fn changes(diff: &Value) -> Vec<(String, Value, Value)> {
    let windows = diff["windows"].as_array().expect("a list");
    let opens = |answer: &Value| answer["windows"][0]["opens"].clone();
    let changes = windows.iter().map(|change| {
        let kind = text(&change["ticketType"]);
        (kind, opens(&change["from"]), opens(&change["to"]))
    });
    changes.collect()
}

#[tokio::test]
async fn a_dry_run_tells_which_windows_would_differ_and_changes_nothing() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let door = Door::open(client, today()).await;
    assert_eq!(door.verdict(&door.issue_jwt("vip").await).await, ADMITTED);
    let before = client.get(PLUGIN).await.data(200);

    let diff = dry_run(client, &component("all-day"), "").await.data(200);
    assert_eq!(diff["from"], before["digest"]);
    assert_ne!(diff["digest"], before["digest"]);
    assert_eq!(
        (&diff["kind"], &diff["unasked"]),
        (&json!("strategy"), &json!(0))
    );
    let changed = changes(&diff);
    assert!(
        changed
            .iter()
            .any(|(kind, from, to)| kind == "vip" && from != to),
        "{diff}"
    );
    assert_eq!(diff["windows"][0]["slug"], "summit");

    assert_eq!(
        (&diff["scans"]["decided"], &diff["scans"]["changes"]),
        (&json!(1), &json!([]))
    );

    let renewed = [&component("hours-before")[..], &[0, 2, 1, b'x']].concat();
    let same = dry_run(client, &renewed, "&event=summit").await.data(200);
    assert_eq!(same["windows"], json!([]));
    assert_eq!(same["same"], diff["windows"].as_array().map_or(0, Vec::len));

    let after = client.get(PLUGIN).await.data(200);
    for field in ["digest", "generation", "error", "state"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    let history = client.get(&format!("{PLUGIN}/history")).await.data(200);
    assert_eq!(history.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_component_is_compared_with_one_that_served_before() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    Door::open(client, today()).await;
    let first = text(&client.get(PLUGIN).await.data(200)["digest"]);
    let all_day = component("all-day");
    client.put_component(PLUGIN, &all_day).await.data(200);

    let with_present = dry_run(client, &component("hours-before"), "")
        .await
        .data(200);
    assert!(!changes(&with_present).is_empty());
    let against = format!("&against={first}");
    let with_first = dry_run(client, &component("hours-before"), &against)
        .await
        .data(200);
    assert_eq!(
        (&with_first["from"], changes(&with_first)),
        (&json!(first), vec![])
    );

    let never = format!("&against=sha256:{}", "0".repeat(64));
    let unknown = dry_run(client, &all_day, &never).await;
    unknown.failure(422, "component_not_kept");
}

#[tokio::test]
async fn a_dry_run_of_what_could_not_serve_is_refused_as_its_upload_would_be() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let before = client.get(PLUGIN).await.data(200);
    let rubbish = dry_run(client, b"#!/bin/sh", "").await;
    rubbish.failure(422, "plugin_refused");
    let nowhere = dry_run(client, &component("all-day"), "&event=nowhere").await;
    nowhere.failure(404, "not_found");
    let unsure = client
        .put_component(&format!("{PLUGIN}?dry-run=perhaps"), b"")
        .await;
    unsure.failure(400, "malformed_request");
    let after = client.get(PLUGIN).await.data(200);
    assert_eq!(
        (&after["digest"], &after["error"]),
        (&before["digest"], &json!(null))
    );
}

#[tokio::test]
async fn a_plugin_shows_what_it_has_cost() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let door = Door::open(client, today()).await;
    assert_eq!(door.verdict(&door.issue_jwt("vip").await).await, ADMITTED);
    let plugin = client.get(PLUGIN).await.data(200);
    let positive = |field: &str| plugin[field].as_u64().is_some_and(|count| count > 0);
    for field in ["calls", "codeBytes", "memoryPeakBytes"] {
        assert!(positive(field), "{field}: {plugin}");
    }
    let failures = plugin["failures"].as_object().expect("an object");
    assert_eq!(failures.get("trap"), Some(&json!(0)));
    assert_eq!(plugin["output"], json!(null));
}

#[tokio::test]
async fn a_dry_run_tells_which_recorded_scans_would_have_come_out_otherwise() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    // Doors open two hours before the day begins, and with the candidate when it begins.
    let in_an_hour = Timestamp::now() + SignedDuration::from_hours(1);
    let mut event = today();
    event["days"][0]["startDateTime"] = json!(in_an_hour.to_string());
    let door = Door::open(client, event).await;
    let mut scans = Vec::new();
    for _ in 0..3 {
        let jwt = door.issue_jwt("vip").await;
        scans.push(text(&door.scan(&jwt).await.data(200)["checkInId"]));
    }
    assert_eq!(door.verdict(&door.issue_jwt("vip").await).await, ADMITTED);
    let diff = dry_run(client, &component("exact-time"), "")
        .await
        .data(200);
    let changed = &diff["scans"];
    let expected = json!([{"from": "admitted", "to": "not_open", "count": 4}]);
    assert_eq!(changed["changes"], expected, "{changed}");
    let first = changed["first"].as_array().expect("a list");
    let named: Vec<_> = first.iter().map(|scan| text(&scan["checkInId"])).collect();
    assert_eq!(named[..3], scans);
    assert_eq!(first[0]["slug"], "summit");
}

#[tokio::test]
async fn scans_that_another_strategy_decided_are_not_decided_again() {
    let home = Home::new();
    home.install(&plugins(), "all-day");
    let server = home.start();
    let client = &server.client;
    let event = with(&today(), json!({"checkInStrategy": "ALL_DAY"}));
    let door = Door::open(client, event).await;
    assert_eq!(door.verdict(&door.issue_jwt("vip").await).await, ADMITTED);
    let path = format!("/api/v1/events/{}", door.event_id);
    let change = json!({"checkInStrategy": "HOURS_BEFORE"});
    client.patch(&path, change).await.data(200);
    assert_eq!(door.verdict(&door.issue_jwt("vip").await).await, ADMITTED);
    let diff = dry_run(client, &component("exact-time"), "")
        .await
        .data(200);
    let scans = &diff["scans"];
    let counted = (&scans["decided"], &scans["undecided"], &scans["complete"]);
    assert_eq!(counted, (&json!(1), &json!(0), &json!(true)));
}

#[tokio::test]
async fn the_command_tells_what_would_change_while_a_server_runs_and_while_none_does() {
    let home = Home::new();
    let server = home.start();
    let door = Door::open(&server.client, today()).await;
    assert_eq!(door.verdict(&door.issue_jwt("vip").await).await, ADMITTED);
    let data = home.path("data");
    let new = plugins().join("all-day.wasm");
    let mut arguments = [Path::new("diff"), Path::new("hours-before"), &new].to_vec();
    let running = Process::run("plugin", &data, &arguments);
    assert_eq!(running.code, Some(0), "{}", running.log);
    assert!(
        running.stdout.contains("event summit, ticket type vip:"),
        "{}",
        running.stdout
    );
    assert!(
        running.stdout.contains("of 1 recorded scan, none"),
        "{}",
        running.stdout
    );
    server.stop();
    let old = plugins().join("hours-before.wasm");
    arguments[1] = &old;
    arguments.extend([
        Path::new("--json"),
        Path::new("--event"),
        Path::new("summit"),
    ]);
    let plugins = home.path("plugins");
    arguments.extend([Path::new("--plugins"), &plugins]);
    let stopped = Process::run("plugin", &data, &arguments);
    assert_eq!(stopped.code, Some(0), "{}", stopped.log);
    let diff: Value = serde_json::from_str(&stopped.stdout).expect("it prints JSON");
    assert_eq!(diff["scans"]["decided"], 1);
    assert!(!changes(&diff).is_empty());
    for (old, words) in [
        ("hours-befor", "there was nothing to compare with"),
        ("missing.wasm", "cannot read missing.wasm"),
    ] {
        arguments[1] = Path::new(old);
        let mistaken = Process::run("plugin", &data, &arguments);
        assert_eq!(mistaken.code, Some(1), "{}", mistaken.stdout);
        assert!(mistaken.log.contains(words), "{}", mistaken.log);
    }
}
