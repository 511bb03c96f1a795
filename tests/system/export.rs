//! `gatewit export` and `gatewit import`: a restored copy gives the same answers, and an invalid file leaves nothing
//! behind.

mod version_1;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::crowd::{ADMITTED, DUPLICATE, today};
use crate::support::{Door, Process};

/// A store that was exported: one ticket is used, another is not.
struct Exported {
    home: TempDir,
    door: Door,
    used: String,
    unused: String,
    file: PathBuf,
}

impl Exported {
    async fn new() -> Self {
        let home = TempDir::new().expect("there is room for a test's data");
        let data = home.path().join("data");
        let server = Process::start(&data);
        let door = Door::open(&server.client, today()).await;
        let used = door.issue_jwt("vip").await;
        let unused = door.issue_jwt("vip").await;
        assert_eq!(door.verdict(&used).await, ADMITTED);
        assert_eq!(door.verdict(&used).await, DUPLICATE);
        server.stop();
        let file = home.path().join("export.jsonl");
        let ended = Process::run("export", &data, &[&file]);
        assert_eq!(ended.code, Some(0), "{}", ended.log);
        Self {
            home,
            door,
            used,
            unused,
            file,
        }
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// The data directory of the copy.
    fn copy(&self) -> PathBuf {
        self.home.path().join("copy")
    }

    /// Imports the file into the copy, which must fail, and returns the error.
    #[track_caller]
    fn refusal(&self, data: &Path) -> String {
        let ended = Process::run("import", data, &[&self.file]);
        assert_eq!(ended.code, Some(1), "{}", ended.log);
        ended.log
    }
}

#[tokio::test]
async fn a_restored_copy_answers_the_same() {
    let mut exported = Exported::new().await;
    let (data, copy) = (exported.data(), exported.copy());
    let server = Process::start(&data);
    let door = exported.door.moved_to(&server.client);
    let (statistics, path) = (door.statistics().await, door.tickets());
    let tickets = server.client.get(&path).await.data(200);
    server.stop();

    let ended = Process::run("import", &copy, &[&exported.file]);
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(ended.log.contains("master.key"), "{}", ended.log);
    fs::copy(data.join("master.key"), copy.join("master.key")).expect("the key is there");
    let server = Process::start(&copy);
    exported.door = door.moved_to(&server.client);
    let door = &exported.door;
    assert_eq!(door.statistics().await, statistics);
    assert_eq!(server.client.get(&path).await.data(200), tickets);
    assert_eq!(door.verdict(&exported.used).await, DUPLICATE);
    assert_eq!(door.verdict(&exported.unused).await, ADMITTED);
    assert_eq!(door.verdict(&exported.unused).await, DUPLICATE);
    let found = server
        .client
        .get(&format!("{path}?query=Doe"))
        .await
        .data(200);
    assert_eq!(found["tickets"].as_array().map(Vec::len), Some(2));
    server.stop();
}

#[tokio::test]
async fn an_export_is_lines_of_json_for_its_users_eyes() {
    let exported = Exported::new().await;
    let mode = fs::metadata(&exported.file)
        .expect("the file is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(&exported.file).expect("an export is text");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert_eq!(lines[0]["format"], "gatewit export");
    assert_eq!(lines[0]["version"], 2);
    let rows = &lines[1..lines.len() - 1];
    assert_eq!(lines[lines.len() - 1]["rows"], rows.len());
    let event = format!("events/{}", exported.door.event_id);
    let event = rows.iter().find(|row| row["key"] == event.as_str());
    assert_eq!(
        event.expect("the event is among the rows")["value"]["name"],
        "Summit"
    );
    let key = fs::read_to_string(exported.data().join("master.key")).expect("the key is there");
    assert!(!text.contains(key.trim()), "the master key is not exported");
    // Without a file, the export goes to stdout.
    let ended = Process::run("export", &exported.data(), &[]);
    assert_eq!(ended.stdout, text);
}

#[tokio::test]
async fn a_running_servers_store_is_not_exported() {
    let home = TempDir::new().expect("there is room for a test's data");
    let server = Process::start(home.path());
    let file = home.path().join("export.jsonl");
    let ended = Process::run("export", home.path(), &[&file]);
    assert_eq!(ended.code, Some(1), "{}", ended.log);
    assert!(
        ended.log.contains("server is running; stop it first"),
        "{}",
        ended.log
    );
    assert!(!file.exists());
    server.stop();
    let nowhere = home.path().join("nowhere");
    let ended = Process::run("export", &nowhere, &[&file]);
    assert!(ended.log.contains("nothing to export"), "{}", ended.log);
    assert!(!nowhere.exists() && !file.exists());
}

#[tokio::test]
async fn an_import_never_covers_what_is_there() {
    let exported = Exported::new().await;
    let words = exported.refusal(&exported.data());
    assert!(words.contains("is not empty"), "{words}");
    let server = Process::start(&exported.data());
    let door = exported.door.moved_to(&server.client);
    assert_eq!(door.verdict(&exported.used).await, DUPLICATE);
}

#[tokio::test]
async fn a_file_that_is_cut_short_garbled_or_newer_is_refused_and_nothing_is_written() {
    let exported = Exported::new().await;
    let whole = fs::read_to_string(&exported.file).expect("an export is text");
    let last = whole.trim_end().rfind('\n').expect("there are lines") + 1;
    let cases = [
        (String::new(), "is no export of gatewit"),
        (
            "{\"name\": \"Summit\"}\n".to_owned(),
            "is no export of gatewit",
        ),
        (
            whole.replace("\"version\":2", "\"version\":3"),
            "run a newer gatewit",
        ),
        (whole[..last].to_owned(), "is cut short"),
        (whole[..last - 1].to_owned(), "is cut short"),
        (whole[..whole.len() / 2].to_owned(), "is cut short"),
        (
            whole.replacen("{\"key\":\"tickets/", "{\"kex\":\"tickets/", 1),
            "is garbled in row",
        ),
        (
            whole.replacen("Summit", "Sunnit", 1),
            "is not what was exported",
        ),
        (format!("{whole}{{}}\n"), "is not what was exported"),
    ];
    for (text, expected) in cases {
        fs::write(&exported.file, text).expect("the file can be written");
        let words = exported.refusal(&exported.copy());
        assert!(words.contains(expected), "{expected}: {words}");
        assert!(!exported.copy().exists(), "{expected}");
    }
}
