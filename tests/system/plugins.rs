//! A directory with plugins of all kinds: valid ones serve, invalid ones are listed, and misbehaviour affects only its
//! own event.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use futures::future::{join, join_all};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::door::{one_day, text, with};
use crate::support::{Door, Server, plugins, test_guests};

const OURS: [&str; 5] = [
    "all-day",
    "as-day-start",
    "exact-time",
    "hours-before",
    "specific-time",
];
/// The misbehaviours of `mischief`, other than returning an error.
const MISDEEDS: [&str; 8] = [
    "panic",
    "loop",
    "grow",
    "closes-before-opens",
    "no-such-day",
    "many-windows",
    "long-error",
    "error",
];
const FAILED: &str = "EXPIRED strategy_failed";
/// The longest wait at a door, on a slow machine with all misbehaviours at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// A plugin directory with our own plugins and others, each given by name and bytes.
fn directory(others: &[(&str, &[u8])]) -> TempDir {
    let directory = TempDir::new().expect("there is room for plugins");
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        fs::write(path, bytes).expect("a plugin can be written");
    };
    for name in OURS {
        write(&format!("{name}.wasm"), &component(&plugins(), name));
    }
    for (name, bytes) in others {
        write(name, bytes);
    }
    directory
}

fn component(folder: &Path, name: &str) -> Vec<u8> {
    let path = folder.join(format!("{name}.wasm"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn directory_with_mischief() -> TempDir {
    let mischief = component(&test_guests(), "mischief");
    directory(&[("mischief.wasm", &mischief)])
}

/// Opens the door of an event whose strategy misbehaves like this.
async fn open_mischievous(server: &Server, deed: &str) -> Door {
    let fields = json!({"checkInStrategy": "MISCHIEF", "strategyOptions": {"do": deed}});
    let device = format!("device-of-{deed}");
    Door::open_with(&server.client, with(&one_day(), fields), &device).await
}

#[tokio::test]
async fn the_server_starts_whatever_lies_among_its_plugins_and_names_each() {
    let good = component(&plugins(), "hours-before");
    let broken = [good[..64].to_vec(), vec![0xff; 64]].concat();
    let directory = directory(&[
        ("broken.wasm", &broken),
        ("core-module.wasm", b"\0asm\x01\0\0\0"),
        ("empty.wasm", b""),
        ("mischief.wasm", &component(&test_guests(), "mischief")),
        ("Misnamed.wasm", &good),
        ("notes.txt", b"not a plugin"),
        ("truncated.wasm", &good[..good.len() / 2]),
    ]);
    let server = Server::start_with(directory.path()).await;
    let rows = server.client.get("/api/v1/plugins").await.data(200);
    let rows = rows.as_array().expect("plugins are an array");
    let expected = [
        (
            "Misnamed",
            Some("a plugin is named in lower-case letters and digits"),
        ),
        ("all-day", None),
        ("as-day-start", None),
        (
            "broken",
            Some("it is cut short, invalid or too large to compile"),
        ),
        (
            "core-module",
            Some("not a WebAssembly component but a core module"),
        ),
        ("empty", Some("not a WebAssembly component but empty")),
        ("exact-time", None),
        ("hours-before", None),
        ("mischief", None),
        ("specific-time", None),
        (
            "truncated",
            Some("it is cut short, invalid or too large to compile"),
        ),
    ];
    let names: Vec<_> = rows.iter().map(|row| text(&row["name"])).collect();
    assert_eq!(names, expected.map(|(name, _)| name));
    for (row, (name, problem)) in rows.iter().zip(expected) {
        check_row(row, name, problem);
    }
}

/// Checks the row of a plugin that serves, or of one that was refused for a reason.
#[track_caller]
fn check_row(row: &Value, name: &str, problem: Option<&str>) {
    assert!(text(&row["digest"]).starts_with("sha256:"), "{row}");
    let Some(problem) = problem else {
        let expected = json!({
            "name": name,
            "kind": "strategy",
            "version": row["version"],
            "digest": row["digest"],
            "generation": 1,
            "state": "ACTIVE",
            "loadedAt": "2025-12-15T04:00:00Z",
            "error": null,
        });
        assert!(row["version"].is_string(), "{row}");
        return assert_eq!(row, &expected);
    };
    let words = text(&row["error"]);
    assert!(
        words.starts_with(&format!("cannot load plugin \"{name}\": {problem}")),
        "{words}"
    );
    let expected = json!({
        "name": name,
        "kind": null,
        "version": null,
        "digest": row["digest"],
        "generation": 0,
        "state": "REJECTED",
        "loadedAt": null,
        "error": words,
    });
    assert_eq!(row, &expected);
}

#[tokio::test]
async fn a_refused_plugin_is_no_strategy() {
    let directory = directory(&[("empty.wasm", b"")]);
    let server = Server::start_with(directory.path()).await;
    let event = with(&one_day(), json!({"checkInStrategy": "EMPTY"}));
    let refused = server.client.post("/api/v1/events", event).await;
    let words = refused.failure(422, "unknown_strategy");
    let expected = "strategy EMPTY is not loaded; loaded are: \
                    ALL_DAY, AS_DAY_START, EXACT_TIME, HOURS_BEFORE, SPECIFIC_TIME";
    assert_eq!(words, expected);
    let door = Door::open_one_day(&server.client).await;
    assert_eq!(door.verdict(&door.issue_jwt("vip").await).await, "VALID");
}

#[tokio::test]
async fn a_strategy_that_fails_refuses_its_events_scans_and_nothing_worse() {
    let directory = directory_with_mischief();
    let server = Server::start_with(directory.path()).await;
    for deed in MISDEEDS {
        let door = open_mischievous(&server, deed).await;
        let jwt = door.issue_jwt("vip").await;
        let asked = Instant::now();
        assert_eq!(door.verdict(&jwt).await, FAILED, "{deed}");
        let took = asked.elapsed();
        assert!(took < PATIENCE, "{deed} took {took:?}");
        let path = format!("/api/v1/events/{}", door.event_id);
        let windows = format!("{path}/windows?ticketType=vip");
        let refused = server.client.get(&windows).await;
        let words = refused.failure(503, "strategy_failed");
        assert!(words.contains("MISCHIEF"), "{words}");
        // The event is usable again with another strategy.
        let good = json!({"checkInStrategy": "HOURS_BEFORE"});
        server.client.patch(&path, good).await.data(200);
        assert_eq!(door.verdict(&jwt).await, "VALID", "{deed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_other_strategies_scan_on_while_one_misbehaves() {
    let directory = directory_with_mischief();
    let server = Server::start_with(directory.path()).await;
    let mut bad = Vec::new();
    for deed in MISDEEDS {
        let door = open_mischievous(&server, deed).await;
        let jwt = door.issue_jwt("vip").await;
        bad.push((door, jwt));
    }
    let good = Door::open_one_day(&server.client).await;
    let tickets = join_all((0..24).map(|_| good.issue_jwt("vip"))).await;
    let misbehaving = join_all(bad.iter().map(async |(door, jwt)| {
        for _ in 0..3 {
            assert_eq!(door.verdict(jwt).await, FAILED);
        }
    }));
    let scanning = async {
        for jwt in &tickets {
            let asked = Instant::now();
            assert_eq!(good.verdict(jwt).await, "VALID");
            let took = asked.elapsed();
            assert!(took < PATIENCE, "{took:?}");
        }
    };
    join(misbehaving, scanning).await;
}
