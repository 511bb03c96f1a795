//! `gatewit plugin inspect`: what a component is, for those who write it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::plugins;
use crate::support::process::program;

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
