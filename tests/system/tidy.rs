//! Checks rules that neither the crate graph nor the use of modules (`structure`) holds: file sizes, forbidden texts.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::project;

const LINES_MAX: usize = 400;
/// The folders of Gatewit's Rust code.
const OURS: [&str; 5] = ["host", "plugins", "sdk", "tests", "xtask"];

pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "{} holds Rust", folder.display());
    files
}

/// Lists the files below a folder that fail a check.
fn complaints(folder: &str, complain: impl Fn(&Path, &str) -> bool) -> Vec<String> {
    let files = rust_files(&project().join(folder)).into_iter();
    let bad =
        files.filter(|path| complain(path, &fs::read_to_string(path).expect("our files are text")));
    bad.map(|path| path.display().to_string()).collect()
}

#[test]
fn every_file_is_short_says_what_it_is_and_is_no_mod_rs() {
    for folder in OURS {
        let long = complaints(folder, |_, text| text.lines().count() > LINES_MAX);
        assert_eq!(long, [""; 0], "over {LINES_MAX} lines");
        let silent = complaints(folder, |_, text| !text.starts_with("//!"));
        assert_eq!(
            silent, [""; 0],
            "without a `//!` that says what the file is"
        );
        let old = complaints(folder, |path, _| path.ends_with("mod.rs"));
        assert_eq!(old, [""; 0], "mod.rs");
    }
}

#[test]
fn no_handler_touches_a_port() {
    let ports = [
        "ports::Store,",
        "dyn Store",
        "dyn Strategies",
        "dyn Signer",
        "dyn Clock",
        "tables::",
    ];
    let knowing = complaints("host/gatewit/src/http", |_, text| {
        ports.iter().any(|port| text.contains(port))
    });
    assert_eq!(knowing, [""; 0]);
}

#[test]
fn the_domain_never_reads_the_clock() {
    let clocks = [
        "Timestamp::now",
        "SystemTime",
        "Instant::now",
        "Zoned::now",
        "now_v7()",
    ];
    for folder in ["host/gatewit-domain/src", "host/gatewit-desk/src"] {
        let reading = complaints(folder, |_, text| {
            clocks.iter().any(|clock| text.contains(clock))
        });
        assert_eq!(reading, [""; 0]);
    }
}

#[test]
fn every_invariant_names_tests_that_exist() {
    let architecture = fs::read_to_string(project().join("ARCHITECTURE.md")).expect("it is there");
    assert!(
        architecture.lines().count() <= 200,
        "ARCHITECTURE.md is for reading at one sitting"
    );
    let (_, invariants) = architecture
        .split_once("## Invariants")
        .expect("it lists invariants");
    let named: Vec<_> = invariants
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.contains('_'))
        .collect();
    assert!(named.len() > 19, "each invariant names a test");
    let is_a_test = |name: &str| {
        let declaration = format!("fn {name}(");
        OURS.iter()
            .any(|folder| !complaints(folder, |_, text| text.contains(&declaration)).is_empty())
    };
    let missing: Vec<_> = named.into_iter().filter(|name| !is_a_test(name)).collect();
    assert_eq!(missing, [""; 0]);
}
