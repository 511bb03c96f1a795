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
        "beside bulks of 1000, p99",
        "beside bulks of 1000, max",
        "beside syncs of 1000, p99",
        "beside syncs of 1000, max",
        "beside 6500 that hang, p99 / alone",
    ] {
        assert!(ended.stdout.contains(ratio), "{}", ended.stdout);
    }
    // Scans at a steady pace are measured alone and beside each of the three, and the slowest one is printed.
    let named = |name: &str| ended.stdout.lines().find(|line| line.starts_with(name));
    for name in ["scans alone", "beside bulks", "beside syncs", "beside 6500"] {
        let row = named(name).unwrap_or_default();
        let figures: Vec<f64> = row
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        let [.., pace, p50, p99, p999, max] = figures[..] else {
            panic!("{name}: {row:?}");
        };
        assert!(
            pace == 250.0 && 0.0 < p50 && p50 <= p99 && p99 <= p999 && p999 <= max,
            "{row}"
        );
    }
    assert!(ended.log.contains("round 5 of 5"), "{}", ended.log);
    let left = fs::read_dir(home.path()).expect("the directory is still there");
    assert_eq!(left.count(), 0);
}
