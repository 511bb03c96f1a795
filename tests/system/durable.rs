//! What was acknowledged survives kill -9 under load, and nobody is let in twice.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::crowd::{ADMITTED, tickets_used, today};
use crate::support::door::text;
use crate::support::{Crowd, Door, Process};

/// How many join the crowd before each crash.
const NEWCOMERS: usize = 200;
/// After how many answers to scans each crash comes.
const ANSWERS_UNTIL_CRASH: [usize; 5] = [1, 60, 150, 280, 430];
/// How much an organizer does at most until the server is gone.
const STEPS_MAX: usize = 10_000;

/// What an organizer did while the crowd scanned, as far as it was acknowledged.
struct Work {
    tickets: Vec<Value>,
    scanners: Vec<Value>,
    /// What the event's name may be: the one acknowledged last, and the one that may have been on its way.
    names: Vec<Value>,
}

impl Work {
    /// Works until the server is gone.
    async fn until_gone(door: &Door, name: Value) -> Self {
        let mut work = Self {
            tickets: Vec::new(),
            scanners: Vec::new(),
            names: vec![name],
        };
        for step in 0..STEPS_MAX {
            if work.step(door, step).await.is_none() {
                return work;
            }
        }
        panic!("the server was not killed");
    }

    /// Issues a ticket, renames the event and links a scanner. None if the server is gone.
    async fn step(&mut self, door: &Door, step: usize) -> Option<()> {
        let organizer = &door.organizer;
        let draft = json!({"ticketTypeId": "vip", "attendeeName": "Jane Doe"});
        let ticket = organizer.try_post(&door.tickets(), draft).await?;
        self.tickets.push(ticket.data(201));

        let name = json!(format!("Summit {step}"));
        self.names.push(name.clone());
        let event = organizer.try_patch(&event_path(door), json!({"name": name}));
        assert_eq!(event.await?.data(200)["name"], name);
        self.names = vec![name];

        let request = json!({"eventId": door.event_id, "scannerName": "Gate B"});
        let token = organizer.try_post("/api/v1/check-in/tokens/generate", request);
        let request = json!({
            "registrationToken": token.await?.data(200)["token"],
            "deviceFingerprint": format!("device-{}-{step}", self.tickets[0]["ticketInstanceId"]),
            "scannerName": "Gate B",
        });
        let scanner = organizer.try_post("/api/v1/check-in/scanners/register", request);
        self.scanners.push(scanner.await?.data(200));
        Some(())
    }

    /// Checks that all of it is there.
    async fn check(&self, door: &Door) {
        for ticket in &self.tickets {
            let path = format!("/api/v1/tickets/{}", text(&ticket["ticketInstanceId"]));
            assert_eq!(&door.organizer.get(&path).await.data(200), ticket);
        }
        for scanner in &self.scanners {
            let id = text(&scanner["scannerId"]);
            let path = format!("/api/v1/check-in/scanners/{id}/stats");
            let itself = door.organizer.with_bearer(&text(&scanner["credentials"]));
            assert_eq!(itself.get(&path).await.data(200)["totalScans"], 0);
        }
        let name = name(door).await;
        assert!(
            self.names.contains(&name),
            "{name} is none of {:?}",
            self.names
        );
    }
}

fn event_path(door: &Door) -> String {
    format!("/api/v1/events/{}", door.event_id)
}

async fn name(door: &Door) -> Value {
    let event = door.organizer.get(&event_path(door)).await.data(200);
    event["name"].clone()
}

/// Each newcomer twice in a row, and after each somebody else again.
fn order(crowd: &Crowd) -> Vec<usize> {
    let all = crowd.holders.len();
    let newcomers = all - NEWCOMERS..all;
    let scans = newcomers.flat_map(|index| [index, index, index * 31 % all]);
    scans.collect()
}

#[tokio::test]
async fn what_was_acknowledged_before_kill_9_holds_after_it_and_nobody_enters_twice() {
    let data = TempDir::new().expect("there is room for a test's data");
    let mut server = Process::start(data.path());
    let mut door = Door::open(&server.client, today()).await;
    let mut crowd = Crowd::default();
    for answers in ANSWERS_UNTIL_CRASH {
        crowd.join(&door, NEWCOMERS).await;
        let name = name(&door).await;
        let order = order(&crowd);
        let crash = |heard| {
            if heard == answers {
                server.signal("KILL");
            }
        };
        let scanning = crowd.scan(&door, order, crash);
        let (work, ()) = tokio::join!(Work::until_gone(&door, name), scanning);
        server.kill();

        server = Process::start(data.path());
        door = door.moved_to(&server.client);
        let used = tickets_used(&door).await;
        assert_eq!(door.statistics().await["successfulScans"], used);
        assert!(
            used >= crowd.count(ADMITTED),
            "every admission acknowledged is counted"
        );
        work.check(&door).await;
        crowd.check_entries(&door).await;
        crowd.check_counts(&door).await;
    }
}

#[tokio::test]
async fn a_scan_that_a_crash_left_unanswered_lets_in_when_it_is_sent_again() {
    let data = TempDir::new().expect("there is room for a test's data");
    let server = Process::start(data.path());
    let door = Door::open(&server.client, today()).await;
    let mut crowd = Crowd::default();
    crowd.join(&door, NEWCOMERS).await;
    crowd.name_scans();
    let crash = |answers| {
        if answers == NEWCOMERS / 2 {
            server.signal("KILL");
        }
    };
    crowd.scan(&door, 0..NEWCOMERS, crash).await;
    let admitted = crowd.count(ADMITTED);
    assert!(admitted < NEWCOMERS, "the crash comes in time");
    server.kill();

    let server = Process::start(data.path());
    let door = door.moved_to(&server.client);
    crowd.scan_all(&door).await;
    assert_eq!(crowd.count(ADMITTED), admitted + NEWCOMERS);
    let statistics = door.statistics().await;
    assert_eq!(statistics["successfulScans"], NEWCOMERS);
    assert_eq!(statistics["failedScans"], 0);
}
