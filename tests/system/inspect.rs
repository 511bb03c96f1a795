//! `gatewit plugin inspect`: what a component is, for those who write it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::crowd::today;
use crate::support::process::program;
use crate::support::{Door, Home, plugins};

fn inspect(arguments: &[&str], file: &Path) -> Output {
    let mut command = Command::new(program());
    command
        .args(["plugin", "inspect"])
        .args(arguments)
        .arg(file);
    command.output().expect("the program runs")
}

fn said(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

#[test]
fn a_component_is_told_with_its_description_and_its_costs() {
    let file = plugins().join("hours-before.wasm");
    let output = inspect(&["--json"], &file);
    assert!(output.status.success(), "{}", said(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    assert_eq!(
        (&told["name"], &told["world"]),
        (&json!("hours-before"), &json!("strategy"))
    );
    assert_eq!(
        told["exports"],
        json!(["gatewit:plugin/check-in-strategy@0.1.0"])
    );
    let properties = &told["optionsSchema"]["properties"];
    assert!(properties.is_object(), "{told}");
    for cost in ["codeBytes", "fileBytes", "memoryPeakBytes", "callSeconds"] {
        assert!(
            told[cost].as_f64().is_some_and(|cost| cost > 0.0),
            "{cost}: {told}"
        );
    }
    let plain = inspect(&[], &file);
    let plain = said(&plain.stdout);
    for words in [
        "world     strategy",
        "digest    sha256:",
        "a call  ",
        "on a fresh instance",
    ] {
        assert!(plain.contains(words), "{words:?} is missing: {plain}");
    }
}

#[test]
fn a_component_that_could_not_serve_says_why_and_the_status_is_not_zero() {
    let folder = TempDir::new().expect("there is room for a file");
    let file = folder.path().join("rubbish.wasm");
    std::fs::write(&file, b"\0asm\x01\0\0\0").expect("a file can be written");
    let output = inspect(&[], &file);
    assert!(!output.status.success());
    let words = said(&output.stderr);
    assert!(
        words.contains("rubbish.wasm cannot serve: ") && words.contains("core module"),
        "{words}"
    );
    let missing = inspect(&[], &folder.path().join("missing.wasm"));
    assert!(said(&missing.stderr).contains("cannot read"), "{missing:?}");
}

#[tokio::test]
async fn the_events_of_a_data_directory_that_use_a_plugin_are_named() {
    let home = Home::new();
    let server = home.start();
    Door::open(&server.client, today()).await;
    let data = home.path("data");
    let arguments = ["--json", "--data", data.to_str().expect("it is plain text")];
    let used_by = |plugin: &str| {
        let output = inspect(&arguments, &plugins().join(plugin));
        let told: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
        told["usedBy"].clone()
    };
    assert_eq!(used_by("hours-before.wasm"), json!(["event \"summit\""]));
    assert_eq!(used_by("all-day.wasm"), json!([]));
}
