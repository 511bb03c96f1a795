//! A server that is killed while it issues many tickets: after a restart, all of them exist, or none and no trace of
//! them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::crowd::today;
use crate::support::door::{text, with};
use crate::support::{Answer, Door, Process};

const ROUNDS: usize = 10;
const BULK: usize = 2_000;
/// The number of a bulk's first and last tickets that share an order.
const ON_ORDER: usize = 10;
/// The most attempts to get a half-written bulk.
const TRIED_MAX: usize = 30;
/// The number of scans answered before the first kill.
const SCANS: usize = 16;
/// The most requests for a code that the server is about to release.
const ASKED_MAX: usize = 1_000;

/// One round's bulk.
#[derive(Clone, Copy)]
struct Bulk(usize);

impl Bulk {
    fn order(self) -> String {
        format!("ROUND-{:02}", self.0)
    }

    fn code(self, number: usize) -> String {
        format!("NFC-{}-{number}", self.0)
    }

    fn request(self) -> Value {
        let draft = |number: usize| {
            let is_on_order = !(ON_ORDER / 2..BULK - ON_ORDER / 2).contains(&number);
            json!({
                "ticketTypeId": "vip", "attendeeName": "Jane Doe",
                "bookingReference": is_on_order.then(|| self.order()),
                "credentialCode": self.code(number),
            })
        };
        json!({"tickets": (0..BULK).map(draft).collect::<Vec<_>>()})
    }

    /// Begins to issue it, kills the server after this many scans, and returns what was answered by then.
    async fn killed(self, server: Process, door: &Door, scans: usize) -> Option<Answer> {
        let issued = door
            .organizer
            .try_post_once(&door.tickets(), &self.order(), self.request());
        let killed = async {
            for _ in 0..scans {
                door.scan("NFC-NOBODY").await;
            }
            server.signal("KILL");
        };
        let (issued, ()) = tokio::join!(issued, killed);
        server.kill();
        issued
    }

    /// Whether it exists, by every way to find a ticket: search, code and order.
    async fn is_there(self, door: &Door) -> bool {
        let search = format!("{}?query={}&limit=200", door.tickets(), self.order());
        let found = door.organizer.get(&search).await.data(200)["tickets"].take();
        let found = found.as_array().expect("a list").len();
        assert!(found == 0 || found == ON_ORDER, "{found} tickets are found");
        for number in [0, BULK / 2, BULK - 1] {
            let verdict = door.verdict(&self.code(number)).await;
            assert_eq!(verdict == "NOT_FOUND not_found", found == 0, "{verdict}");
        }
        let path = format!("/api/v1/events/{}/check-ins", door.event_id);
        let by_order = door
            .organizer
            .post(&path, json!({"order": self.order()}))
            .await;
        match found {
            0 => drop(by_order.failure(422, "unknown_order")),
            _ => assert_eq!(by_order.data(200).as_array().map(Vec::len), Some(ON_ORDER)),
        }
        found > 0
    }

    /// Sends the request again, which must issue it whole.
    async fn retried(self, door: &Door) {
        let path = door.tickets();
        let issued = door
            .organizer
            .post_once(&path, &self.order(), self.request());
        let issued = issued.await.data(201);
        assert_eq!(issued.as_array().map(Vec::len), Some(BULK));
        assert!(self.is_there(door).await);
    }
}

/// An event with a scanner to which any code counts.
async fn open(server: &Process) -> Door {
    let points = json!({"scanPoints": [{"id": "front", "name": "Front door"}]});
    let door = Door::open(&server.client, with(&today(), points)).await;
    let place = json!({"scanPoint": "front"});
    Door::link(&server.client, &door.event_id, "front-device", place).await
}

fn start(data: &Path) -> Process {
    let mut command = Process::command(data);
    command.env("RUST_LOG", "info");
    Process::spawn(command)
}

/// How many tickets the event has.
async fn count(door: &Door) -> usize {
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let path = format!("{}?limit=200{cursor}", door.tickets());
        let page = door.organizer.get(&path).await.data(200);
        count += page["tickets"].as_array().expect("a list").len();
        match &page["nextCursor"] {
            Value::Null => return count,
            next => cursor = format!("&cursor={}", text(next)),
        }
    }
}

#[tokio::test]
async fn a_bulk_that_kill_9_interrupts_is_there_whole_or_not_at_all() {
    let data = TempDir::new().expect("there is room for a test's data");
    let mut server = start(data.path());
    let mut door = open(&server).await;
    let (mut expected, mut half_written, mut scans) = (0, 0, SCANS);
    for round in 0..TRIED_MAX {
        if round >= ROUNDS && half_written > 1 {
            return;
        }
        let bulk = Bulk(round);
        let answered = bulk.killed(server, &door, scans).await;
        server = start(data.path());
        door = door.moved_to(&server.client);
        let is_there = bulk.is_there(&door).await;
        assert!(
            is_there || answered.is_none(),
            "an acknowledged bulk is there"
        );
        scans = next(scans, is_there);
        if !is_there && round % 2 == 0 {
            // The server releases the codes even if nobody sends the request again.
            take(&door, &bulk.code(0)).await;
            expected += 1;
        } else {
            bulk.retried(&door).await;
            expected += BULK;
        }
        half_written += usize::from(server.log.so_far().contains("takes back issue"));
        assert_eq!(count(&door).await, expected);
    }
    panic!("{half_written} bulks were killed halfway through");
}

/// The number of scans before the next kill. It approaches the end of the bulk from both sides.
fn next(scans: usize, was_too_late: bool) -> usize {
    match was_too_late {
        true => scans * 2 / 3,
        false => scans + scans / 3 + 1,
    }
}

/// Issues a ticket with a code as soon as the code is free.
async fn take(door: &Door, code: &str) {
    let draft = json!({"ticketTypeId": "vip", "attendeeName": "Ann", "credentialCode": code});
    for _ in 0..ASKED_MAX {
        let answer = door.organizer.post(&door.tickets(), draft.clone()).await;
        if answer.status == 201 {
            return;
        }
        answer.failure(409, "credential_code_taken");
    }
    panic!("the code {code} is not given back");
}

#[tokio::test]
async fn a_copy_of_a_store_with_a_half_written_bulk_takes_it_back() {
    let home = TempDir::new().expect("there is room for a test's data");
    let (data, file) = (home.path().join("data"), home.path().join("export.jsonl"));
    let mut server = start(&data);
    let mut door = open(&server).await;
    let mut scans = SCANS;
    for round in 0..TRIED_MAX {
        let bulk = Bulk(round);
        bulk.killed(server, &door, scans).await;
        assert_eq!(Process::run("export", &data, &[&file]).code, Some(0));
        let exported = fs::read_to_string(&file).expect("an export is text");
        let is_half_written = exported.contains(r#""state":"pending""#)
            && exported.contains(&format!("/{}/", bulk.order()));
        if is_half_written {
            let copy = home.path().join("copy");
            assert_eq!(Process::run("import", &copy, &[&file]).code, Some(0));
            fs::copy(data.join("master.key"), copy.join("master.key")).expect("the key is there");
            let server = start(&copy);
            let door = door.moved_to(&server.client);
            assert!(!bulk.is_there(&door).await);
            bulk.retried(&door).await;
            return;
        }
        server = start(&data);
        door = door.moved_to(&server.client);
        scans = next(scans, bulk.is_there(&door).await);
    }
    panic!("no bulk was killed halfway through");
}
