//! A full disk: changes that cannot be stored are not acknowledged, acknowledged ones stay, and answers report the
//! problem.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::support::crowd::{ADMITTED, NOT_KEPT, today};
use crate::support::{Crowd, Door, Ended, Process};

const HOLDERS: usize = 600;
/// How many of them come before the disk is filled.
const EARLY: usize = 200;
/// By how much the database may still grow. It also has free segments within, so that nobody knows what fills it.
const ROOM: u64 = 512 << 10;
/// More requests than the room can take.
const FILLS_MAX: usize = 1_000;

/// A door with issued tickets, whose server found the disk full while they were scanned.
struct FullDisk {
    data: TempDir,
    server: Process,
    door: Door,
    crowd: Crowd,
}

impl FullDisk {
    async fn meet() -> Self {
        let data = TempDir::new().expect("there is room for a test's data");
        let server = Process::start(data.path());
        let door = Door::open(&server.client, today()).await;
        let mut crowd = Crowd::default();
        crowd.join(&door, HOLDERS).await;
        server.stop();

        let limit = largest_file(&data.path().join("db")) + ROOM;
        let command = Process::command(data.path());
        let server = Process::spawn(Process::with_file_limit(&command, limit));
        let door = door.moved_to(&server.client);
        crowd.scan(&door, 0..EARLY, |_| {}).await;
        assert_eq!(crowd.count(ADMITTED), EARLY);
        tokio::join!(fill(&door), crowd.scan(&door, EARLY..HOLDERS, |_| {}));
        let answered = crowd.count(ADMITTED) + crowd.count(NOT_KEPT);
        assert_eq!(answered, HOLDERS);
        Self {
            data,
            server,
            door,
            crowd,
        }
    }
}

/// Issues tickets until they are not kept.
async fn fill(door: &Door) {
    let draft = json!({"ticketTypeId": "vip", "attendeeName": "John Doe"});
    let drafts = json!({"tickets": vec![draft; 20]});
    for _ in 0..FILLS_MAX {
        let issued = door.organizer.post(&door.tickets(), drafts.clone()).await;
        if issued.status == 503 {
            return;
        }
        issued.data(201);
    }
    panic!("the disk is never full");
}

fn largest_file(directory: &Path) -> u64 {
    let files = fs::read_dir(directory).expect("the directory can be read");
    let sizes = files.map(|file| file.and_then(|file| file.metadata()));
    let sizes = sizes.map(|metadata| metadata.expect("a file has a size").len());
    sizes.max().expect("the directory has files")
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_acknowledged_and_the_server_says_so() {
    let mut disk = FullDisk::meet().await;
    let (admitted, not_kept) = (disk.crowd.count(ADMITTED), disk.crowd.count(NOT_KEPT));
    disk.crowd.scan_all(&disk.door).await;
    assert_eq!(disk.crowd.count(ADMITTED), admitted);
    assert_eq!(disk.crowd.count(NOT_KEPT), not_kept + HOLDERS);

    let organizer = &disk.door.organizer;
    let draft = json!({"ticketTypeId": "vip", "attendeeName": "John Doe"});
    let refused = [
        organizer.post(&disk.door.tickets(), draft),
        organizer.get(&disk.door.tickets()),
        organizer.post("/api/v1/events", today()),
    ];
    for refused in refused {
        let refused = refused.await;
        assert_eq!(refused.retry_after.as_deref(), Some("1"));
        refused.failure(503, "store_unavailable");
    }
    let alive = organizer.get("/healthcheck/alive").await;
    assert_eq!((alive.status, alive.body), (200, json!({"alive": true})));
    let ready = organizer.get("/healthcheck/ready").await;
    assert_eq!((ready.status, &ready.body["store"]), (503, &json!(false)));
    assert_eq!(organizer.get("/api/v1/events").await.status, 200);
}

/// Ends the server, starts it while the disk is still full and then with room, and checks what it holds.
async fn check_after(end: impl FnOnce(Process) -> Ended) {
    let FullDisk {
        data,
        server,
        door,
        mut crowd,
    } = FullDisk::meet().await;
    end(server);

    let full = Process::with_file_limit(&Process::command(data.path()), 4096);
    let words = Process::refuse(full);
    let path = data.path().display();
    let expected = format!("cannot open the database in {path}: File too large");
    assert!(words.contains(&expected), "{words}");

    let server = Process::start(data.path());
    let door = door.moved_to(&server.client);
    let ready = door.organizer.get("/healthcheck/ready").await;
    assert_eq!(ready.status, 200, "{ready:?}");
    crowd.check_entries(&door).await;
    crowd.check_counts(&door).await;
}

#[tokio::test]
async fn once_the_disk_has_room_again_all_that_was_acknowledged_holds() {
    check_after(Process::stop).await;
}

#[tokio::test]
async fn a_server_killed_on_a_full_disk_loses_nothing_that_was_acknowledged() {
    check_after(Process::kill).await;
}
