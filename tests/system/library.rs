//! Plugins are swapped while doors are open: by their files, and over HTTP. `gatewit-api.md` §10.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Write;

use futures::future::join;
use serde_json::{Value, json};

use crate::support::crowd::{ADMITTED, DUPLICATE, today};
use crate::support::door::text;
use crate::support::wire::Wire;
use crate::support::{Answer, Client, Crowd, Door, Home, Process, plugins, until};

const PLUGIN: &str = "/api/v1/plugins/hours-before";
const SWAPS: usize = 200;
const CROWD: usize = 300;

fn component(name: &str) -> Vec<u8> {
    fs::read(plugins().join(name).with_extension("wasm")).expect("our plugins are built")
}

/// The same component with another digest: with an empty custom section.
fn renewed(component: &[u8]) -> Vec<u8> {
    [component, &[0, 2, 1, b'x']].concat()
}

async fn row(client: &Client) -> Value {
    client.get(PLUGIN).await.data(200)
}

/// What happened to the plugin, the first first.
async fn history(client: &Client) -> Vec<(String, String)> {
    let history = client.get(&format!("{PLUGIN}/history")).await.data(200);
    let events = history.as_array().expect("a list").iter().rev();
    events
        .map(|event| (text(&event["by"]), text(&event["action"])))
        .collect()
}

async fn upload(client: &Client, component: &[u8], query: &str) -> Answer {
    client
        .put_component(&format!("{PLUGIN}{query}"), component)
        .await
}

/// Waits until the plugin serves another component than this.
async fn wait_for_swap(client: &Client, before: &Value) -> Value {
    until("another component serves", async || {
        let row = row(client).await;
        (row["digest"] != before["digest"]).then_some(row)
    })
    .await
}

#[tokio::test]
async fn two_hundred_swaps_under_load_fail_no_scan_and_each_record_names_one_generation() {
    let home = Home::new();
    let server = home.start();
    let door = Door::open(&server.client, today()).await;
    let mut crowd = Crowd::default();
    crowd.join(&door, CROWD).await;
    let components = [component("hours-before"), component("all-day")];
    let swapping = async {
        for swap in 1..=SWAPS {
            let swapped = upload(&server.client, &components[swap % 2], "").await;
            assert_eq!(swapped.data(200)["generation"], swap + 1);
        }
    };
    let scanning = async {
        loop {
            crowd.scan_all(&door).await;
            if history_is_complete(&server.client).await {
                return;
            }
        }
    };
    join(swapping, scanning).await;
    assert_eq!(crowd.count(ADMITTED), CROWD);
    let told = crowd.holders.iter().flat_map(|holder| &holder.told);
    let told: BTreeSet<_> = told.map(String::as_str).collect();
    assert_eq!(told, BTreeSet::from([ADMITTED, DUPLICATE]));
    server.stop();
    check_records(&home);
}

async fn history_is_complete(client: &Client) -> bool {
    row(client).await["generation"] == SWAPS + 1
}

/// Checks that each record of a scan names an answer, and that the answers of each component are its own.
fn check_records(home: &Home) {
    let exported = Process::run("export", &home.path("data"), &[]);
    assert_eq!(exported.code, Some(0), "{}", exported.log);
    let rows = exported.stdout.lines().filter_map(|line| {
        let row: Value = serde_json::from_str(line).ok()?;
        Some((row["key"].as_str()?.to_owned(), row["value"].clone()))
    });
    let rows: HashMap<_, _> = rows.collect();
    let of_table = |table: &'static str| {
        let rows = rows.iter();
        rows.filter(move |(key, _)| key.split('/').next() == Some(table))
    };
    // Which windows each component answered.
    let mut answers = BTreeMap::<_, BTreeSet<_>>::new();
    for (_, answer) in of_table("windows") {
        let digest = text(&answer["plugins"][0]["digest"]);
        let windows = answer["windows"].to_string();
        answers.entry(digest).or_default().insert(windows);
    }
    let answers: Vec<_> = answers.into_values().collect();
    assert_eq!(answers.len(), 2, "both components have answered scans");
    assert_eq!((answers[0].len(), answers[1].len()), (1, 1), "{answers:?}");
    assert_ne!(answers[0], answers[1]);
    let records = of_table("records");
    let records = records.map(|(_, record)| &record["scan"]["found"]["ticket"]["windows"]);
    let named: Vec<_> = records.filter_map(Value::as_str).collect();
    assert!(named.len() >= CROWD, "{} records", named.len());
    for windows in named {
        let mut keys = of_table("windows").map(|(key, _)| key);
        assert!(keys.any(|key| key.ends_with(windows)), "{windows}");
    }
}

#[tokio::test]
async fn a_file_that_is_copied_moved_in_or_written_in_pieces_serves_once_it_is_whole() {
    let home = Home::new();
    let server = home.start();
    let (client, path) = (&server.client, home.path("plugins/hours-before.wasm"));
    let door = Door::open(client, today()).await;
    let first = row(client).await;
    let mut component = renewed(&component("hours-before"));

    fs::write(&path, &component).expect("a file can be written");
    let copied = wait_for_swap(client, &first).await;
    assert_eq!(copied["generation"], 2);

    component = renewed(&component);
    let beside = home.path("plugins/.incoming");
    fs::write(&beside, &component).expect("a file can be written");
    fs::rename(&beside, &path).expect("a file can be moved");
    let moved = wait_for_swap(client, &copied).await;
    assert_eq!(
        (&moved["generation"], &moved["error"]),
        (&json!(3), &json!(null))
    );

    component = renewed(&component);
    let mut file = fs::File::create(&path).expect("a file can be made");
    for piece in component.chunks(component.len() / 5) {
        file.write_all(piece).expect("a file can be written");
        file.sync_all().expect("a file can be written");
        // Long enough for the server to have looked at what is there.
        for _ in 0..20 {
            let seen = row(client).await;
            assert_eq!(seen["error"], json!(null));
        }
    }
    let written = wait_for_swap(client, &moved).await;
    assert_eq!(written["generation"], 4);
    let by_directory = |action: &str| ("plugin directory".to_owned(), action.to_owned());
    let expected = ["loaded", "swapped", "swapped", "swapped"].map(by_directory);
    assert_eq!(history(client).await, expected);

    fs::remove_file(&path).expect("a file can be removed");
    let gone = until("the missing file is told", async || {
        let row = row(client).await;
        (!row["error"].is_null()).then_some(row)
    })
    .await;
    assert_eq!(gone["state"], "ACTIVE");
    assert!(
        text(&gone["error"]).ends_with("it is used by event \"summit\""),
        "{gone}"
    );
    let jwt = door.issue_jwt("vip").await;
    assert_eq!(door.verdict(&jwt).await, ADMITTED);
}

#[tokio::test]
async fn a_file_that_cannot_serve_changes_nothing_and_says_why() {
    let home = Home::new();
    let server = home.start();
    let (client, path) = (&server.client, home.path("plugins/hours-before.wasm"));
    let before = row(client).await;
    let refused = async |words: &str| {
        let row = until("the refusal is told", async || {
            let row = row(client).await;
            let error = row["error"].as_str().unwrap_or_default();
            error.contains(words).then_some(row)
        })
        .await;
        assert_eq!(
            (&row["digest"], &row["generation"], &row["state"]),
            (&before["digest"], &json!(1), &json!("ACTIVE"))
        );
    };
    let whole = component("hours-before");
    fs::write(&path, b"\0asm\x01\0\0\0").expect("a file can be written");
    refused("a core module").await;
    fs::write(&path, &whole[..whole.len() / 2]).expect("a file can be written");
    refused("cut short").await;
    fs::remove_file(&path).expect("a file can be removed");
    fs::create_dir(&path).expect("a directory can be made");
    refused("it is not a file").await;
    fs::remove_dir(&path).expect("a directory can be removed");
    std::os::unix::fs::symlink(&path, &path).expect("a link can be made");
    refused("cannot read the file").await;
    fs::remove_file(&path).expect("a link can be removed");
    fs::write(&path, &whole).expect("a file can be written");
    until("it serves as before", async || {
        row(client).await["error"].is_null().then_some(())
    })
    .await;
    assert_eq!(row(client).await["generation"], 1);
}

#[tokio::test]
async fn an_upload_survives_a_restart_and_is_rolled_back_and_removed_over_http() {
    let home = Home::new();
    let server = home.start();
    Door::open(&server.client, today()).await;
    let first = row(&server.client).await;
    let uploaded = upload(&server.client, &renewed(&component("hours-before")), "").await;
    let uploaded = uploaded.data(200);
    assert_eq!(
        (&uploaded["generation"], &uploaded["state"]),
        (&json!(2), &json!("ACTIVE"))
    );
    server.kill();

    let server = home.start();
    let client = &server.client;
    let after = row(client).await;
    assert_eq!(
        (&after["digest"], &after["generation"]),
        (&uploaded["digest"], &json!(2))
    );
    let back = client
        .post(&format!("{PLUGIN}/rollback"), json!({}))
        .await
        .data(200);
    assert_eq!(
        (&back["digest"], &back["generation"]),
        (&first["digest"], &json!(3))
    );
    let nothing = client.post(&format!("{PLUGIN}/rollback"), json!({})).await;
    nothing.failure(409, "no_previous_generation");

    let in_use = client.request("delete", PLUGIN, None).await;
    let words = in_use.failure(409, "plugin_in_use");
    assert!(words.contains("event \"summit\""), "{words}");
    let removed = client
        .request("delete", &format!("{PLUGIN}?force=true"), None)
        .await;
    assert_eq!(removed.data(200), json!({"name": "hours-before"}));
    client.get(PLUGIN).await.failure(404, "not_found");
    let expected = [
        ("plugin directory", "loaded"),
        ("local", "swapped"),
        ("local", "rolled-back"),
        ("local", "removed"),
    ];
    let expected = expected.map(|(by, action)| (by.to_owned(), action.to_owned()));
    assert_eq!(history(client).await, expected);
}

#[tokio::test]
async fn an_upload_that_cannot_serve_is_refused_with_the_reason() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let before = row(client).await;
    let rubbish = upload(client, b"#!/bin/sh", "").await;
    let words = rubbish.failure(422, "plugin_refused");
    assert!(words.contains("something else altogether"), "{words}");
    let component = component("hours-before");
    let misnamed = client
        .put_component("/api/v1/plugins/Early_VIP", &component)
        .await;
    misnamed.failure(422, "plugin_refused");
    let unsure = upload(client, &component, "?force=perhaps").await;
    unsure.failure(400, "malformed_request");
    let large = format!("Content-Length: {}", (64 << 20) + 1);
    let headers = ["Host: localhost", "Content-Type: application/wasm", &large];
    let mut wire = Wire::connect(client).await;
    let answer = wire.ask("PUT", PLUGIN, &headers, "").await;
    let code = &answer.body["error"]["code"];
    assert_eq!((answer.status, code), (413, &json!("body_too_large")));
    for path in ["rollback", "history"] {
        let path = format!("/api/v1/plugins/nobody/{path}");
        let method = if path.ends_with("rollback") {
            "post"
        } else {
            "get"
        };
        client
            .request(method, &path, None)
            .await
            .failure(404, "not_found");
    }
    let after = row(client).await;
    assert_eq!(
        (&after["digest"], &after["generation"]),
        (&before["digest"], &before["generation"])
    );
    let rows = client.get("/api/v1/plugins").await.data(200);
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
}
