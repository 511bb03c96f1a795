//! Acknowledged changes survive kill -9 under load, and nobody is admitted twice.

use tempfile::TempDir;

use crate::support::crowd::{ADMITTED, today};
use crate::support::{Crowd, Door, Process, Shift};

const CRASHES: usize = 20;
/// By how many answers to scans each crash comes later than the previous one.
const ANSWERS_BETWEEN: usize = 9;
const HOLDERS: usize = 200;

#[tokio::test]
async fn what_was_acknowledged_before_kill_9_holds_after_it_and_nobody_enters_twice() {
    let data = TempDir::new().expect("there is room for a test's data");
    let mut server = Process::start(data.path());
    let mut shift = Shift::begin(&server).await;
    for crash in 0..CRASHES {
        let answers = 1 + crash * ANSWERS_BETWEEN;
        shift.until_crash(answers, || server.signal("KILL")).await;
        server.kill();
        server = Process::start(data.path());
        shift = shift.resumed_at(&server).await;
    }
}

#[tokio::test]
async fn a_scan_that_a_crash_left_unanswered_lets_in_when_it_is_sent_again() {
    let data = TempDir::new().expect("there is room for a test's data");
    let server = Process::start(data.path());
    let door = Door::open(&server.client, today()).await;
    let mut crowd = Crowd::default();
    crowd.join(&door, HOLDERS).await;
    crowd.name_scans();
    let crash = |answers| {
        if answers == HOLDERS / 2 {
            server.signal("KILL");
        }
    };
    crowd.scan(&door, 0..HOLDERS, crash).await;
    let admitted = crowd.count(ADMITTED);
    assert!(admitted < HOLDERS, "the crash comes in time");
    server.kill();

    let server = Process::start(data.path());
    let door = door.moved_to(&server.client);
    crowd.scan_all(&door).await;
    assert_eq!(crowd.count(ADMITTED), admitted + HOLDERS);
    let statistics = door.statistics().await;
    assert_eq!(statistics["successfulScans"], HOLDERS);
    assert_eq!(statistics["failedScans"], 0);
}
