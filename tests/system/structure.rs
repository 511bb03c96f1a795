//! Checks who may know whom: among the modules of a crate, by what their files mention; among crates, by what their
//! `Cargo.toml` names.
//!
//! `pub use` of what lies below passes it on and is no use of it. Whoever imports such a name uses both the module it
//! names and the one it is from. Tests may use what they like.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::project;

mod circles;
mod layers;
mod mentions;
mod modules;
mod rules;

use circles::shortest_circle;
use layers::{Layers, upward};
use modules::{Arrow, arrows};

/// What may use what within a crate; see [`Layers`].
const LAYERS: [(&str, Layers); 3] = [
    ("host/gatewit-domain", &["*", "ports"]),
    (
        "host/gatewit-desk",
        &[
            "*",
            "tables",
            "changes live_events ports",
            "deleted_events idempotency live_sources",
            "derivation events",
            "scanners tickets",
            "plugins ticket_sources",
            "admissions",
        ],
    ),
    (
        "host/gatewit",
        &[
            "*",
            "http",
            "apply config declared plan reload sources",
            "check_config serve",
            "admin",
            "cli",
        ],
    ),
];

/// What the crates in a folder may not depend on, but for their tests.
const UNKNOWN: [(&str, &[&str]); 7] = [
    (
        "host/gatewit-domain",
        &[
            "arc-swap",
            "axum",
            "sled",
            "tokio",
            "tokio-util",
            "tracing",
            "utoipa",
            "wasmtime",
        ],
    ),
    (
        "host/gatewit-desk",
        &[
            "axum",
            "gatewit-engine",
            "gatewit-store",
            "sled",
            "wasmtime",
        ],
    ),
    (
        "host/gatewit-engine",
        &["axum", "gatewit-desk", "gatewit-store", "sled"],
    ),
    (
        "host/gatewit-store",
        &["axum", "gatewit-desk", "gatewit-engine", "wasmtime"],
    ),
    ("sdk", HOST),
    ("plugins", HOST),
    ("tests/guests", HOST),
];
const HOST: &[&str] = &[
    "gatewit",
    "gatewit-bench",
    "gatewit-decision",
    "gatewit-desk",
    "gatewit-domain",
    "gatewit-engine",
    "gatewit-store",
];
/// All that the admission decision may depend on.
const KNOWN_TO_THE_DECISION: [&str; 2] = ["jiff", "serde"];

#[test]
fn no_modules_use_each_other_in_a_circle() {
    let circles: Vec<_> = crates()
        .iter()
        .flat_map(|package| ["lib.rs", "main.rs"].map(|root| package.join("src").join(root)))
        .filter(|root| root.exists())
        .filter_map(|root| shortest_circle(&arrows(&root)))
        .map(|circle| listed(&circle))
        .collect();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn no_module_uses_one_that_is_above_it() {
    for (package, layers) in LAYERS {
        let root = project().join(package).join("src/lib.rs");
        let upward = listed(&upward(&arrows(&root), layers));
        assert!(upward.is_empty(), "{upward}");
    }
}

#[test]
fn no_crate_depends_on_what_it_may_not_know() {
    for package in crates() {
        let named = dependencies(&package);
        let rules = UNKNOWN.iter();
        let rules = rules.filter(|(folder, _)| package.starts_with(project().join(folder)));
        let unknown: Vec<_> = rules
            .flat_map(|(_, unknown)| *unknown)
            .filter(|unknown| named.iter().any(|name| name == *unknown))
            .collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", package.display());
    }
    for name in dependencies(&project().join("host/gatewit-decision")) {
        assert!(KNOWN_TO_THE_DECISION.contains(&name.as_str()), "{name}");
    }
}

/// Lists the folders of all crates but the tests themselves.
fn crates() -> Vec<PathBuf> {
    let mut crates = vec![project().join("xtask")];
    for folder in ["host", "plugins", "sdk", "tests/guests"] {
        let inside = fs::read_dir(project().join(folder)).expect("the folder is there");
        crates.extend(inside.map(|package| package.expect("a folder can be listed").path()));
    }
    crates
}

/// Returns the names in those parts of a crate's `Cargo.toml` that are not for tests alone.
fn dependencies(package: &Path) -> Vec<String> {
    let manifest = fs::read_to_string(package.join("Cargo.toml")).expect("a crate has it");
    let mut is_listed = false;
    let mut names = Vec::new();
    for line in manifest.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with('[') {
            is_listed = line.ends_with("dependencies]") && !line.contains("dev-dependencies");
        } else if let (true, Some((name, _))) = (is_listed, line.split_once(['.', ' ', '='])) {
            names.push(name.to_owned());
        }
    }
    names
}

fn listed(arrows: &[Arrow]) -> String {
    arrows.iter().map(|arrow| format!("{arrow}\n")).collect()
}
