//! `gatewit bench`: measures this very program, and leaves nothing behind.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::{Ended, Process, plugins};

const FIGURES: [&str; 23] = [
    "scans / bare scans",
    "scans / hello",
    "bare scans / hello",
    "our store / raw log",
    "JWT verify / bare verify",
    "start to ready, 1000 scanned, s",
    "start to ready, 10000 records, s",
    "memory a scanned ticket, KB",
    "at its peak while scanned, KB",
    "1000 issued, request 1, MiB",
    "1000 issued, request 3, MiB",
    "search among 1000, p99, ms",
    "search among 10000, p99, ms",
    "attendee / the reference",
    "email / the reference",
    "many tickets / few",
    "start to ready, attendees, s",
    "more memory in a sync",
    "beside bulks of 1000, p99",
    "beside bulks of 1000, max",
    "beside syncs of 1000, p99",
    "beside syncs of 1000, max",
    "beside 6500 that hang, p99 / alone",
];

#[test]
fn the_bench_prints_its_figures_and_ratios_and_leaves_nothing_behind() {
    let home = TempDir::new().expect("there is room for a test's data");
    let ended = bench(home.path(), &[["--attendees", "1000"]]);
    for figure in FIGURES {
        assert!(ended.stdout.contains(figure), "{}", ended.stdout);
    }
    // CPU time is printed where the server is a process of its own.
    for name in ["hello", "bare scans", "scans", "validate_attendee"] {
        let [.., p999, max, server, client] = figures(&ended, name)[..] else {
            panic!("{name}: {}", ended.stdout);
        };
        assert!(
            p999 <= max && 0.0 < server && 0.0 < client,
            "{name}: {}",
            ended.stdout
        );
    }
    // Scans at a steady pace are measured alone and beside each of the three, and the slowest one is printed.
    for name in ["scans alone", "beside bulks", "beside syncs", "beside 6500"] {
        let [.., pace, p50, p99, p999, max] = figures(&ended, name)[..] else {
            panic!("{name}: {}", ended.stdout);
        };
        assert!(
            pace == 250.0 && 0.0 < p50 && p50 <= p99 && p99 <= p999 && p999 <= max,
            "{name}: {}",
            ended.stdout
        );
    }
    // Bare scans write as much as real ones.
    let [record, bare] = figures(&ended, "a record has")[..2] else {
        panic!("{}", ended.stdout);
    };
    assert!((record / bare - 1.0).abs() < 0.05, "{}", ended.stdout);
    assert!(ended.log.contains("round 5 of 5"), "{}", ended.log);
    let left = fs::read_dir(home.path()).expect("the directory is still there");
    assert_eq!(left.count(), 0);
}

#[test]
fn the_bench_measures_only_the_parts_that_are_named() {
    let home = TempDir::new().expect("there is room for a test's data");
    let ended = bench(home.path(), &[["--only", "issuing"]]);
    for figure in FIGURES {
        let is_printed = ended.stdout.contains(figure);
        assert_eq!(is_printed, figure.contains("issued"), "{}", ended.stdout);
    }
}

fn bench(home: &Path, more: &[[&str; 2]]) -> Ended {
    let sizes = [
        ["--connections", "4"],
        ["--seconds", "1"],
        ["--tickets", "1000"],
    ];
    let sizes = sizes.iter().chain(more).flatten();
    let mut arguments: Vec<_> = sizes.map(Path::new).collect();
    let plugins = plugins();
    arguments.extend([
        Path::new("--directory"),
        home,
        Path::new("--plugins"),
        &plugins,
    ]);
    let ended = Process::run("bench", home, &arguments);
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    ended
}

/// The numbers in the first line that starts with this name.
fn figures(ended: &Ended, name: &str) -> Vec<f64> {
    let mut lines = ended.stdout.lines();
    let line = lines.find_map(|line| line.strip_prefix(name));
    let words = line.unwrap_or_default().split_whitespace();
    words
        .filter_map(|word| word.trim_end_matches([';', ',']).parse().ok())
        .collect()
}
