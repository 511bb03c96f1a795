//! `DATA/admin.sock`, over which commands of the server's own user ask it, as an operator.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use serde_json::{Value, json};

use crate::explain::path;
use crate::support::crowd::today;
use crate::support::door::{NOBODY, text, with};
use crate::support::provider::AUDIENCE;
use crate::support::{Door, Home, Issuer, Process};

const SOCKET: &str = "data/admin.sock";

/// Checks that there is a socket that only its owner can connect to.
#[track_caller]
fn check_private(home: &Home) {
    let socket = fs::symlink_metadata(home.path(SOCKET)).expect("the socket is there");
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.mode() & 0o777, 0o600);
}

/// Opens the door of an event that is under way, and issues a ticket.
async fn ticket_of(server: &Process) -> Value {
    let door = Door::open(&server.client, today()).await;
    door.issue("vip").await
}

fn id(ticket: &Value) -> String {
    text(&ticket["ticketInstanceId"])
}

#[tokio::test]
async fn a_command_says_the_same_while_the_server_runs_and_when_it_is_stopped() {
    let home = Home::new();
    let server = home.start();
    check_private(&home);
    let ticket = ticket_of(&server).await;
    let running = home.run(&["explain", &id(&ticket)]);
    assert_eq!(running.code, Some(0), "{}", running.log);
    let sentence = format!(
        "Ticket {} would be let in now in the zone venue.\n",
        text(&ticket["ticketSeries"])
    );
    assert_eq!(running.stdout, sentence);
    let later = [
        "explain",
        &id(&ticket),
        "--at",
        "2001-01-01T00:00:00+00:00",
        "--zone",
        "venue",
        "--json",
    ];
    let told = home.run(&later).stdout;
    let query = "?at=2001-01-01T00:00:00Z&zone=venue";
    let answer = server.client.get(&path(&ticket, query)).await.data(200);
    assert_eq!(
        serde_json::from_str::<Value>(&told).expect("it is JSON"),
        answer
    );
    assert_eq!(answer["reason"], "not_open");
    server.stop();

    assert!(
        !home.path(SOCKET).exists(),
        "the socket goes with its server"
    );
    let stopped = home.run(&["explain", &id(&ticket)]);
    assert_eq!((stopped.stdout, stopped.log), (sentence, String::new()));
    assert_eq!(home.run(&later).stdout, told);
    assert!(!home.path(SOCKET).exists(), "a command listens nowhere");
    let unknown = home.run(&["explain", NOBODY]);
    assert_eq!((unknown.code, &*unknown.stdout), (Some(1), ""));
    assert!(unknown.log.contains("does not exist"), "{}", unknown.log);
}

#[tokio::test]
async fn the_socket_acts_as_operator_where_others_must_prove_who_they_are() {
    let issuer = Issuer::start().await;
    let home = Home::new();
    let mut command = home.command_with("OIDC_ISSUER_URL", &issuer.url);
    command.env("OIDC_AUDIENCE", AUDIENCE);
    let server = Process::spawn(command);
    let ada = server.client.with_bearer(&issuer.token("ada"));
    let door = Door::open(&ada, today()).await;
    let ticket = door.issue("vip").await;
    let scan = text(&door.scan(&text(&ticket["jwtToken"])).await.data(200)["checkInId"]);
    let replay = format!("/api/v1/scans/{scan}/replay");
    let explain = path(&ticket, "");
    for path in [&explain, &replay] {
        let nobody = server.client.get(path).await;
        nobody.failure(401, "missing_credentials");
    }
    ada.get(&replay).await.failure(403, "not_operator");
    for command in [["explain", &id(&ticket)], ["replay", &scan]] {
        let ended = home.run(&command);
        assert_eq!(ended.code, Some(0), "{}", ended.log);
    }
}

#[tokio::test]
async fn the_socket_of_a_server_that_was_killed_is_replaced() {
    let home = Home::new();
    let server = home.start();
    let ticket = ticket_of(&server).await;
    server.kill();
    check_private(&home);
    let explained = home.run(&["explain", &id(&ticket)]);
    assert_eq!(explained.code, Some(0), "{}", explained.log);
    let server = home.start();
    check_private(&home);
    let again = home.run(&["explain", &id(&ticket)]);
    assert_eq!((again.code, again.stdout), (Some(0), explained.stdout));
    server.stop();
    assert!(!home.path(SOCKET).exists());
}

/// Checks that a server over a data directory starts without a socket, and that it and commands say so.
async fn check_without_socket(home: &Home, data: &str) {
    let server = Process::spawn(home.command_with("GATEWIT_DATA", home.path(data)));
    let ticket = ticket_of(&server).await;
    let directory = home.path(data);
    let directory = directory.to_str().expect("the path is text");
    let arguments = ["explain", &id(&ticket), "--data", directory];
    let refused = home.run(&arguments);
    assert_eq!(refused.code, Some(1), "{}", refused.stdout);
    assert!(
        refused.log.contains("a server holds the data directory"),
        "{}",
        refused.log
    );
    let log = server.stop().log;
    assert!(log.contains("cannot listen on"), "{log}");
    assert_eq!(home.run(&arguments).code, Some(0));
}

#[tokio::test]
async fn a_server_without_room_for_a_socket_does_without() {
    let home = Home::new();
    check_without_socket(&home, &"d".repeat(120)).await;
    let taken = home.path("taken");
    fs::create_dir(&taken).expect("a directory can be made");
    fs::write(taken.join("admin.sock"), "mine").expect("a file can be written");
    check_without_socket(&home, "taken").await;
    let kept = fs::read_to_string(taken.join("admin.sock"));
    assert_eq!(kept.expect("the file is there"), "mine");
}

#[tokio::test]
async fn a_command_does_not_make_a_data_directory_and_changes_none() {
    let home = Home::new();
    let nothing = home.run(&["explain", NOBODY]);
    assert_eq!(nothing.code, Some(1));
    assert!(
        nothing.log.contains("there is no data of a server in"),
        "{}",
        nothing.log
    );
    assert!(!home.path("data").exists());

    let server = home.start();
    let ticket = ticket_of(&server).await;
    server.stop();
    // What a changed configuration declares is for the next start.
    let summit = with(&today(), json!({"slug": "gala"}));
    let day = &summit["days"][0];
    home.configure(&format!(
        "events:\n  - slug: gala\n    name: Gala\n    days:\n      - start_date_time: {}\n        end_date_time: {}\n",
        day["startDateTime"], day["endDateTime"]
    ));
    // So is a changed plugin: another, and one that could not serve.
    let component = fs::read(home.path("plugins/hours-before.wasm"));
    let component = component.expect("our plugins are built");
    let before = home.run(&["export"]).stdout;
    for file in [
        [&component[..], &[0, 2, 1, b'x']].concat(),
        component[..99].to_vec(),
    ] {
        fs::write(home.path("plugins/hours-before.wasm"), file).expect("a file can be written");
        assert_eq!(home.run(&["explain", &id(&ticket)]).code, Some(0));
    }
    home.configure("plugins:\n  hours-before: {memory_mib: 1, table_entries: 1}\n");
    home.run(&["explain", &id(&ticket)]);
    assert_eq!(home.run(&["export"]).stdout, before);
}
