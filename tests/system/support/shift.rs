//! A shift at a door whose server crashes: a crowd scans and an organizer works until it is gone, and what was
//! acknowledged by then must hold when it is back.

use serde_json::{Value, json};

use super::crowd::{ADMITTED, recorded, tickets_used, today};
use super::door::text;
use super::{Crowd, Door, Process};

/// How many join the crowd before each crash.
const NEWCOMERS: usize = 80;
/// How much an organizer does at most until the server is gone.
const STEPS_MAX: usize = 10_000;

/// All that goes on at the door.
pub struct Shift {
    door: Door,
    crowd: Crowd,
    work: Work,
}

impl Shift {
    pub async fn begin(server: &Process) -> Self {
        let door = Door::open(&server.client, today()).await;
        Self {
            door,
            crowd: Crowd::default(),
            work: Work::default(),
        }
    }

    /// Goes on until the server is gone, which `crash` must see to after so many answers to scans.
    pub async fn until_crash(&mut self, answers: usize, mut crash: impl FnMut()) {
        self.crowd.join(&self.door, NEWCOMERS).await;
        let name = name(&self.door).await;
        let order = order(&self.crowd);
        let heard = |heard| {
            if heard == answers {
                crash();
            }
        };
        let scanning = self.crowd.scan(&self.door, order, heard);
        (self.work, ()) = tokio::join!(Work::until_gone(&self.door, name), scanning);
    }

    /// Goes on at a server over what the crash left, and checks that it knows all that was acknowledged.
    pub async fn resumed_at(mut self, server: &Process) -> Self {
        self.door = self.door.moved_to(&server.client);
        let used = tickets_used(&self.door).await;
        assert_eq!(recorded(&self.door).await.0.len(), used);
        assert!(
            used >= self.crowd.count(ADMITTED),
            "every admission acknowledged is counted"
        );
        self.work.check(&self.door).await;
        self.crowd.check_entries(&self.door).await;
        self.crowd.check_counts(&self.door).await;
        // As if new: what it was refused so far counts against nobody.
        let Door {
            event_id,
            fingerprint,
            ..
        } = &self.door;
        self.door = Door::link(&server.client, event_id, fingerprint, json!({})).await;
        self
    }
}

/// What an organizer did while the crowd scanned, as far as it was acknowledged.
#[derive(Default)]
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
            names: vec![name],
            ..Self::default()
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
