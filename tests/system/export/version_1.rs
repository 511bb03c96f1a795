//! An export of version 1 is imported: what happened then is what the records say.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::crowd::{ADMITTED, DUPLICATE, today};
use crate::support::door::{statistics, text, texts};
use crate::support::{Door, Process, project};

/// The key under which the exported server sealed its signing keys.
const MASTER_KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const EVENT: &str = "/api/v1/events/01a22ba3-08a0-742f-b997-b106773b788e";
const SCANNER: &str = "01a22ba3-169a-7768-84c9-604292102d62";

fn exported() -> PathBuf {
    project().join("tests/fixtures/export-of-version-1.jsonl")
}

fn serve(data: &Path) -> Process {
    let mut command: Command = Process::command(data);
    command.env("GATEWIT_MASTER_KEY", MASTER_KEY);
    Process::spawn(command)
}

fn happened(record: &Value) -> String {
    let reason = record["reason"].as_str().unwrap_or("-");
    let plugin = record["plugin"].as_str().unwrap_or("-");
    let outcome = text(&record["outcome"]);
    format!("{outcome} {reason} {plugin} undone={}", record["undone"])
}

#[tokio::test]
async fn an_export_of_version_1_becomes_records_that_say_the_same() {
    let home = TempDir::new().expect("there is room for a test's data");
    let ended = Process::run("import", home.path(), &[&exported()]);
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let server = serve(home.path());
    let client = &server.client;
    let records = client.get(&format!("{EVENT}/check-ins")).await.data(200)["checkIns"].clone();
    let records = records.as_array().expect("a list");
    let expected = [
        "admitted - hours-before undone=false",
        "refused already_used hours-before undone=false",
        "admitted - hours-before undone=true",
        "undone - - undone=false",
        "refused invalid_signature - undone=false",
        "admitted - hours-before undone=false",
    ];
    assert_eq!(records.iter().map(happened).collect::<Vec<_>>(), expected);
    assert_eq!(records[3]["undoes"], records[2]["checkInId"]);
    let scans = client.get(&statistics(SCANNER)).await.data(200);
    assert_eq!(
        (&scans["successfulScans"], &scans["failedScans"]),
        (&json!(2), &json!(2))
    );

    let days = json!({"days": today()["days"]});
    let days = json!({"days": [{
        "dayName": "Day 1",
        "startDateTime": days["days"][0]["startDateTime"],
        "endDateTime": days["days"][0]["endDateTime"],
    }]});
    client.patch(EVENT, days).await.data(200);
    let tickets = client.get(&format!("{EVENT}/tickets")).await.data(200)["tickets"].clone();
    let names = ["Ada Lovelace", "Sam Smith", "Eve Adams"];
    assert_eq!(texts(&tickets, "attendeeName"), names);
    assert_eq!(texts(&tickets, "state"), ["USED", "ACTIVE", "USED"]);
    let event_id = text(&tickets[0]["eventId"]);
    let door = Door::link(client, &event_id, "another-device", json!({})).await;
    let verdicts = [
        door.verdict(&text(&tickets[0]["jwtToken"])).await,
        door.verdict(&text(&tickets[1]["jwtToken"])).await,
        door.verdict(&text(&tickets[1]["jwtToken"])).await,
        door.verdict(&text(&tickets[2]["jwtToken"])).await,
    ];
    assert_eq!(verdicts, [DUPLICATE, ADMITTED, DUPLICATE, DUPLICATE]);
    let undone = json!({"checkInId": records[0]["checkInId"], "reason": "wrong button"});
    client.post("/api/v1/check-in/undo", undone).await.data(200);
    assert_eq!(door.verdict(&text(&tickets[0]["jwtToken"])).await, ADMITTED);
    let found = client
        .get(&format!("{EVENT}/tickets?query=lovelace"))
        .await
        .data(200);
    assert_eq!(texts(&found["tickets"], "attendeeName"), ["Ada Lovelace"]);
    let order = json!({"order": tickets[2]["bookingReference"]});
    let answers = client
        .post(&format!("{EVENT}/check-ins"), order)
        .await
        .data(200);
    assert_eq!(texts(&answers, "reason"), ["already_used"]);
    server.stop();
}

#[tokio::test]
async fn an_export_of_version_1_that_is_cut_short_writes_nothing() {
    let home = TempDir::new().expect("there is room for a test's data");
    let whole = fs::read_to_string(exported()).expect("the fixture is there");
    let file = home.path().join("export.jsonl");
    fs::write(&file, &whole[..whole.len() / 2]).expect("a file can be written");
    let data = home.path().join("data");
    let ended = Process::run("import", &data, &[&file]);
    assert_eq!(ended.code, Some(1), "{}", ended.log);
    assert!(ended.log.contains("is cut short"), "{}", ended.log);
    assert!(!data.exists());
}
