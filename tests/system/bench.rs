//! `gatewit bench`: measures this very program, and leaves nothing behind.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::{Process, plugins};

#[test]
fn the_bench_prints_its_figures_and_ratios_and_leaves_nothing_behind() {
    let home = TempDir::new().expect("there is room for a test's data");
    let sizes = [
        ["--connections", "4"],
        ["--seconds", "1"],
        ["--tickets", "1000"],
        ["--attendees", "1000"],
    ];
    let mut arguments: Vec<_> = sizes.iter().flatten().map(Path::new).collect();
    let plugins = plugins();
    arguments.extend([
        Path::new("--directory"),
        home.path(),
        Path::new("--plugins"),
        &plugins,
    ]);
    let ended = Process::run("bench", home.path(), &arguments);
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    for ratio in [
        "validate / hello",
        "bare scans / hello",
        "validate / bare scans",
        "our store / raw log",
        "JWT verify / bare verify",
        "attendee / the reference",
        "email / the reference",
        "many tickets / few",
        "start to ready",
        "more memory in a sync",
    ] {
        assert!(ended.stdout.contains(ratio), "{}", ended.stdout);
    }
    assert!(ended.log.contains("round 5 of 5"), "{}", ended.log);
    let left = fs::read_dir(home.path()).expect("the directory is still there");
    assert_eq!(left.count(), 0);
}
