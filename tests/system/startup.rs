//! Starting: an unusable data directory, the master key, the address to listen on, plugins, and the output.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::crowd::{ADMITTED, today};
use crate::support::{Door, Home, Process, plugins};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const OTHER_KEY: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";
const MASTER_KEY: &str = "GATEWIT_MASTER_KEY";
const ALLOW_OPEN: &str = "GATEWIT_ALLOW_OPEN";
/// The longest start with plugins already compiled: a few seconds.
const WARM_START_MAX: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_data_directory_in_use_is_named_and_left_to_its_server() {
    let home = Home::new();
    let server = home.start();
    let data = home.path("data");
    let words = format!(
        "data directory {} is in use by another process",
        data.display()
    );
    home.check_refused(home.command(), &[&words]);
    let ready = server.client.get("/healthcheck/ready").await;
    assert_eq!(ready.status, 200, "{ready:?}");
    server.stop();
    home.start();
}

#[tokio::test]
async fn a_data_directory_of_a_newer_version_is_refused_and_left_alone() {
    let home = Home::new();
    let server = home.start();
    let event = server
        .client
        .post("/api/v1/events", today())
        .await
        .data(201);
    server.stop();
    let (data, format) = (home.path("data"), home.path("data/format"));
    let ours = fs::read_to_string(&format).expect("the format is kept");
    fs::write(&format, "999\n").expect("a file can be written");
    let words = [
        format!("data directory {} has format 999", data.display()),
        format!("knows formats up to {}: run a newer gatewit", ours.trim()),
    ];
    home.check_refused(home.command(), &[&words[0], &words[1]]);
    fs::write(&format, ours).expect("a file can be written");
    let server = home.start();
    let events = server.client.get("/api/v1/events").await.data(200);
    assert_eq!(events, serde_json::json!([event]));
}

#[tokio::test]
async fn a_data_directory_of_an_older_format_is_refused_with_the_way_to_move_on() {
    let home = Home::new();
    home.start().stop();
    let (data, format) = (home.path("data"), home.path("data/format"));
    fs::write(&format, "1\n").expect("a file can be written");
    let words = [
        format!("data directory {} has format 1", data.display()),
        "export it with the gatewit that wrote it, then import into an empty directory".to_owned(),
    ];
    home.check_refused(home.command(), &[&words[0], &words[1]]);
    let kept = fs::read_to_string(&format).expect("the format is kept");
    assert_eq!(kept, "1\n");
}

#[test]
fn a_data_directory_that_is_a_file_is_named() {
    let home = Home::new();
    let file = home.path("event_config.yml");
    let words = file.display().to_string();
    home.check_refused(home.command_with("GATEWIT_DATA", &file), &[&words]);
}

#[tokio::test]
async fn the_wrong_master_key_is_refused_and_the_right_one_works_afterwards() {
    let home = Home::new();
    let server = Process::spawn(home.command_with(MASTER_KEY, KEY));
    let door = Door::open(&server.client, today()).await;
    let jwt = door.issue_jwt("vip").await;
    server.stop();

    let words = [MASTER_KEY, &door.event_id];
    let said = home.check_refused(home.command_with(MASTER_KEY, OTHER_KEY), &words);
    assert!(!said.contains(OTHER_KEY), "{said}");
    home.check_refused(home.command(), &words);
    let made = home.path("data/master.key");
    assert!(
        !made.exists(),
        "a wrong key lies where the right one belongs"
    );

    let server = Process::spawn(home.command_with(MASTER_KEY, KEY));
    let door = door.moved_to(&server.client);
    let path = format!("/api/v1/events/{}", door.event_id);
    let event = door.organizer.get(&path).await.data(200);
    assert_eq!(event["publicKey"], door.public_key);
    assert_eq!(door.verdict(&jwt).await, ADMITTED);
}

#[test]
fn a_malformed_master_key_is_refused_by_the_name_of_its_place_and_not_repeated() {
    let home = Home::new();
    let not_hex = "z".repeat(64);
    for key in [&KEY[1..], &format!("{KEY}0"), &not_hex, "secret", ""] {
        let words = "GATEWIT_MASTER_KEY must hold 64 hex digits";
        let said = home.check_refused(home.command_with(MASTER_KEY, key), &[words]);
        assert!(key.is_empty() || !said.contains(key), "{said}");
    }
    let file = home.path("data/master.key");
    assert!(!file.exists(), "none is made when one was given");
    fs::write(&file, "secret\n").expect("a file can be written");
    set_mode(&file, 0o600);
    let words = format!("{} must hold 64 hex digits", file.display());
    home.check_refused(home.command(), &[&words]);
}

#[tokio::test]
async fn a_master_key_is_made_for_its_user_alone_with_a_warning_and_is_never_logged() {
    let home = Home::new();
    let server = Process::spawn(home.command_with("RUST_LOG", "trace"));
    Door::open(&server.client, today()).await;
    let log = server.stop().log;
    let file = home.path("data/master.key");
    let key = fs::read_to_string(&file).expect("a key was made");
    let key = key.trim();
    assert_eq!(key.len(), 64);
    let mode = fs::metadata(&file).expect("a key was made").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let mut lines = log
        .lines()
        .filter(|line| line.contains("made a master key"));
    let warning = lines.next().expect("it is said that a key was made");
    assert!(
        warning.contains("WARN") && warning.contains(MASTER_KEY),
        "{warning}"
    );
    assert!(!log.contains(key), "the key is logged");

    let log = home.start().stop().log;
    assert!(!log.contains("made a master key"), "{log}");
}

fn set_mode(file: &Path, mode: u32) {
    let changed = fs::set_permissions(file, Permissions::from_mode(mode));
    changed.expect("a file of ours can be changed");
}

#[test]
fn a_master_key_that_others_can_read_or_change_is_refused_with_what_to_run() {
    let home = Home::new();
    home.start().stop();
    let file = home.path("data/master.key");
    let key = fs::read_to_string(&file).expect("a key was made");
    for mode in [0o644, 0o640, 0o604, 0o620, 0o602] {
        set_mode(&file, mode);
        let words = [
            format!("(mode {mode:04o})"),
            format!("chmod 600 {}", file.display()),
        ];
        let said = home.check_refused(home.command(), &[&words[0], &words[1]]);
        assert!(!said.contains(key.trim()), "{said}");
    }
    for mode in [0o600, 0o400] {
        set_mode(&file, mode);
        home.start().stop();
    }
}

#[test]
fn a_master_key_of_another_user_is_refused() {
    let home = Home::new();
    home.start().stop();
    let file = home.path("data/master.key");
    let ours = fs::metadata(&file).expect("a key was made").uid();
    if let Err(why) = chown(&file, Some(ours + 1), None) {
        return eprintln!("skipped: no file can be given to another user here: {why}");
    }
    let words = format!("chown {ours} {}", file.display());
    home.check_refused(home.command(), &[&words]);
}

#[test]
fn a_master_key_is_never_an_option_and_help_does_not_show_it() {
    let home = Home::new();
    for arguments in [
        &["--master-key", KEY][..],
        &[&format!("--master-key={KEY}")],
    ] {
        let mut command = home.command();
        command.args(arguments);
        let said = home.check_refused(command, &["unexpected argument '--master-key'"]);
        assert!(!said.contains(KEY), "{said}");
    }
    let mut help = home.command_with(MASTER_KEY, KEY);
    let help = help.arg("--help").output().expect("the program runs");
    let said = String::from_utf8_lossy(&help.stdout);
    assert!(said.contains("--plugins") && !said.contains(KEY), "{said}");
}

#[test]
fn a_master_key_that_is_no_text_is_malformed_and_not_as_if_none_were_given() {
    let home = Home::new();
    let command = home.command_with(MASTER_KEY, OsStr::from_bytes(b"\xff\xfe"));
    home.check_refused(command, &["GATEWIT_MASTER_KEY must hold 64 hex digits"]);
    assert!(!home.path("data/master.key").exists());
}

#[tokio::test]
async fn a_master_key_that_is_given_is_kept_nowhere() {
    let home = Home::new();
    let mut command = home.command_with(MASTER_KEY, KEY);
    command.env("RUST_LOG", "trace");
    let server = Process::spawn(command);
    Door::open(&server.client, today()).await;
    assert!(!server.stop().log.contains(KEY), "the key is logged");
    assert!(!home.path("data/master.key").exists());
}

#[test]
fn beyond_loopback_it_listens_only_if_told_that_strangers_are_kept_out() {
    let home = Home::new();
    // The last is a documentation address, which no machine has.
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let words = [address, "authentication is off", "GATEWIT_ALLOW_OPEN=1"];
        home.check_refused(home.command_with("GATEWIT_LISTEN", address), &words);
        for value in ["", "0", "yes"] {
            let mut command = home.command_with("GATEWIT_LISTEN", address);
            command.env(ALLOW_OPEN, value);
            home.check_refused(command, &words);
        }
    }
    assert!(!home.path("data").exists(), "nothing is touched before");
    let mut command = home.command_with("GATEWIT_LISTEN", "192.0.2.1:0");
    command.env(ALLOW_OPEN, "1");
    home.check_refused(command, &["cannot listen on 192.0.2.1:0"]);
}

#[test]
fn an_address_that_is_taken_or_is_none_is_named() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = taken.local_addr().expect("a bound socket has an address");
    let words = format!("cannot listen on {address}");
    home.check_refused(
        home.command_with("GATEWIT_LISTEN", address.to_string()),
        &[&words],
    );
    let words = ["--listen", "somewhere"];
    home.check_refused(home.command_with("GATEWIT_LISTEN", "somewhere"), &words);
}

#[tokio::test]
async fn the_one_line_on_stdout_says_where_it_listens() {
    let home = Home::new();
    let server = home.start();
    let base = server.client.base().to_owned();
    assert!(base.starts_with("http://127.0.0.1:"), "{base}");
    Door::open(&server.client, today()).await;
    assert_eq!(server.stop().stdout, format!("listening on {base}\n"));
}

#[test]
fn options_win_over_the_environment() {
    let home = Home::new();
    let (data, plugins) = (home.path("elsewhere"), home.path("plugins"));
    let mut command = home.command_with("GATEWIT_LISTEN", "0.0.0.0:0");
    command.env("GATEWIT_PLUGINS", home.path("missing"));
    command.args(["--listen", "127.0.0.1:0"]);
    command
        .arg("--data")
        .arg(&data)
        .arg("--plugins")
        .arg(plugins);
    Process::spawn(command).stop();
    assert!(data.join("format").exists());
    assert!(!home.path("data").exists());
}

#[test]
fn a_plugin_directory_that_is_missing_or_none_is_named() {
    let home = Home::new();
    for name in ["missing", "event_config.yml"] {
        let path = home.path(name);
        let words = format!("cannot read the plugin directory {path:?}");
        home.check_refused(home.command_with("GATEWIT_PLUGINS", &path), &[&words]);
    }
}

#[test]
fn a_second_start_finds_the_plugins_compiled_and_serves_within_seconds() {
    let data = TempDir::new().expect("there is room for a test's data");
    let start = || {
        let mut command = Process::command(data.path());
        command.env("RUST_LOG", "info").env_remove("GATEWIT_CACHE");
        let started = Instant::now();
        let server = Process::spawn(command);
        let elapsed = started.elapsed();
        server.log.wait_for("plugins loaded");
        (elapsed, server.stop().log)
    };
    let files = fs::read_dir(plugins())
        .expect("our plugins are built")
        .count();
    let (_, log) = start();
    assert!(
        log.contains(&format!("files={files} found_compiled=0")),
        "{log}"
    );
    let (elapsed, log) = start();
    assert!(
        log.contains(&format!("files={files} found_compiled={files}")),
        "{log}"
    );
    assert!(elapsed < WARM_START_MAX, "{elapsed:?}");
}
