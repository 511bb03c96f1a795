//! Slow, silent or too many clients do not keep others out.

use std::time::Duration;

use gatewit::http::server::HttpLimits;
use rustix::process::{Resource, getrlimit};
use serde_json::json;
use tempfile::TempDir;

use crate::support::crowd::{ADMITTED, today};
use crate::support::door::{VALIDATE, one_day, statistics, text};
use crate::support::wire::{Wire, request};
use crate::support::{Door, Process, Server};

const ALIVE: &str = "/healthcheck/alive";
const LOCALHOST: &str = "Host: localhost";
const JSON: &str = "Content-Type: application/json";
/// A limit short enough for a test to wait for.
const SOON: Duration = Duration::from_millis(50);
/// Long enough for a busy machine to send a whole request.
const A_WHILE: Duration = Duration::from_secs(1);

/// Limits that no test comes near.
fn generous() -> HttpLimits {
    let hour = Duration::from_secs(60 * 60);
    HttpLimits {
        head: hour,
        body_gap: hour,
        body: hour,
        body_bytes_per_second: 1,
        body_grace: hour,
        keep_alive: hour,
        answer_stall: hour,
        connections_max: 1_000,
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let limits = HttpLimits {
        head: A_WHILE,
        ..generous()
    };
    let server = Server::start_limited(limits).await;
    for part in ["", "G", "GET / HTTP/1.1\r\nHost: local"] {
        let mut wire = Wire::connect(&server.client).await;
        wire.send(part).await;
        assert_eq!(wire.until_closed().await, "", "{part:?}");
    }
    let mut wire = Wire::connect(&server.client).await;
    assert_eq!(wire.ask("GET", ALIVE, &[LOCALHOST], "").await.status, 200);
    wire.send("GET /healthcheck/al").await;
    assert_eq!(wire.until_closed().await, "");
}

#[tokio::test]
async fn a_head_that_begins_together_with_the_request_before_is_not_waited_for() {
    let limits = HttpLimits {
        head: A_WHILE,
        ..generous()
    };
    let server = Server::start_limited(limits).await;
    let mut idle = Wire::connect(&server.client).await;
    assert_eq!(idle.ask("GET", ALIVE, &[LOCALHOST], "").await.status, 200);
    let event = one_day().to_string();
    let post = |fields: &[&str], body: &str| {
        let headers = [&[LOCALHOST, JSON], fields].concat();
        request("POST", "/api/v1/events", &headers, body)
    };
    let chunked = post(&["Transfer-Encoding: chunked"], "");
    for (whole, status) in [
        (request("GET", ALIVE, &[LOCALHOST], ""), 200),
        (post(&[], &event), 201),
        (
            format!("{chunked}{:x}\r\n{event}\r\n0\r\n\r\n", event.len()),
            201,
        ),
    ] {
        let mut wire = Wire::connect(&server.client).await;
        wire.send(&format!("{whole}GET /heal")).await;
        assert_eq!(wire.answer().await.status, status);
        assert_eq!(wire.until_closed().await, "");
    }
    // By now this one has been idle for longer than a head may take.
    assert_eq!(idle.ask("GET", ALIVE, &[LOCALHOST], "").await.status, 200);
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let limits = HttpLimits {
        keep_alive: SOON,
        ..generous()
    };
    let server = Server::start_limited(limits).await;
    let mut wire = Wire::connect(&server.client).await;
    assert_eq!(wire.ask("GET", ALIVE, &[LOCALHOST], "").await.status, 200);
    assert_eq!(wire.until_closed().await, "");
    let mut wire = Wire::connect(&server.client).await;
    let event = one_day().to_string();
    let made = wire
        .ask("POST", "/api/v1/events", &[LOCALHOST, JSON], &event)
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(wire.until_closed().await, "");
}

/// Checks that a request whose body stops halfway fails under these limits, in the error format of each path.
async fn check_given_up(limits: HttpLimits) {
    let server = Server::start_limited(limits).await;
    for path in ["/api/v1/events", "/tickets/validate_email/"] {
        let mut wire = Wire::connect(&server.client).await;
        let whole = request("POST", path, &[LOCALHOST, JSON], &one_day().to_string());
        wire.send(&whole[..whole.len() - 10]).await;
        let answer = wire.answer().await;
        assert_eq!(answer.status, 408, "{answer:?}");
        let words =
            "the request's body came too slowly and was not waited for; send the request again";
        let body = match path {
            "/api/v1/events" => json!({
                "success": false, "message": words, "error": {"code": "request_timeout"},
            }),
            _ => json!({"detail": words}),
        };
        assert_eq!(answer.body, body);
        assert_eq!(wire.until_closed().await, "");
    }
    let events = server.client.get("/api/v1/events").await.data(200);
    assert_eq!(events, json!([]));
}

#[tokio::test]
async fn a_body_that_stops_is_given_up() {
    check_given_up(HttpLimits {
        body_gap: SOON,
        ..generous()
    })
    .await;
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    check_given_up(HttpLimits {
        body_grace: SOON,
        body_bytes_per_second: 1_000_000_000,
        ..generous()
    })
    .await;
}

#[tokio::test]
async fn a_body_that_does_not_end_is_given_up() {
    check_given_up(HttpLimits {
        body: SOON,
        ..generous()
    })
    .await;
}

#[tokio::test]
async fn a_chunked_body_is_held_to_the_same() {
    let limits = HttpLimits {
        body_gap: SOON,
        ..generous()
    };
    let server = Server::start_limited(limits).await;
    let mut wire = Wire::connect(&server.client).await;
    let headers = [LOCALHOST, JSON, "Transfer-Encoding: chunked"];
    wire.send(&request("POST", "/api/v1/events", &headers, ""))
        .await;
    wire.send("2\r\n{}\r\n").await;
    assert_eq!(wire.answer().await.status, 408);
}

#[tokio::test]
async fn at_the_cap_strangers_make_room_and_a_scanner_keeps_its_connection() {
    const MAX: usize = 8;
    let limits = HttpLimits {
        connections_max: MAX,
        ..generous()
    };
    let server = Server::start_limited(limits).await;
    let door = Door::open_one_day(&server.client).await;
    server.clock.set("2025-12-15T10:00:00+03:00");
    let mut jwts = Vec::new();
    for _ in 0..3 {
        jwts.push(door.issue_jwt("vip").await);
    }
    let mut scanner = Wire::connect(&server.client).await;
    assert_eq!(scan(&mut scanner, &door, &jwts[0]).await, ADMITTED);

    let first = Wire::connect(&server.client).await;
    let mut strangers = Vec::new();
    for _ in 0..2 * MAX {
        let mut stranger = Wire::connect(&server.client).await;
        assert_eq!(
            stranger.ask("GET", ALIVE, &[LOCALHOST], "").await.status,
            200
        );
        strangers.push(stranger);
    }
    assert_eq!(first.until_closed().await, "");
    assert_eq!(scan(&mut scanner, &door, &jwts[1]).await, ADMITTED);

    // Invalid tokens hold no place.
    for token in ["nonsense", &jwts[0]] {
        for _ in 0..MAX {
            let mut stranger = Wire::connect(&server.client).await;
            let forged = format!("Authorization: Bearer {token}");
            let headers = [LOCALHOST, JSON, &forged];
            let answer = stranger.ask("POST", VALIDATE, &headers, "{}").await;
            assert_eq!(answer.status, 401);
            strangers.push(stranger);
        }
    }
    assert_eq!(scan(&mut scanner, &door, &jwts[2]).await, ADMITTED);
}

/// Scans a ticket over a connection, and returns the status of the answer.
async fn scan(wire: &mut Wire, door: &Door, jwt: &str) -> String {
    let bearer = door.scanner.bearer().expect("a scanner has credentials");
    let authorization = format!("Authorization: Bearer {bearer}");
    let body = door.body(jwt).to_string();
    let headers = [LOCALHOST, JSON, &authorization];
    let answer = wire.ask("POST", VALIDATE, &headers, &body).await;
    text(&answer.body["data"]["status"])
}

#[tokio::test]
async fn at_the_cap_a_revoked_scanner_is_a_stranger() {
    const MAX: usize = 8;
    let limits = HttpLimits {
        connections_max: MAX,
        ..generous()
    };
    let server = Server::start_limited(limits).await;
    let door = Door::open_one_day(&server.client).await;
    let lost = Door::link(&server.client, &door.event_id, "a-lost-phone", json!({})).await;
    server.clock.set("2025-12-15T10:00:00+03:00");
    let mut jwts = Vec::new();
    for _ in 0..3 {
        jwts.push(door.issue_jwt("vip").await);
    }
    let mut before = Wire::connect(&server.client).await;
    assert_eq!(scan(&mut before, &lost, &jwts[0]).await, ADMITTED);
    let revoke = format!("/api/v1/check-in/scanners/{}/revoke", lost.scanner_id);
    server.client.post(&revoke, json!({})).await.data(200);
    assert_eq!(scan(&mut before, &lost, &jwts[0]).await, "REVOKED");

    let mut scanner = Wire::connect(&server.client).await;
    assert_eq!(scan(&mut scanner, &door, &jwts[1]).await, ADMITTED);
    let bearer = lost.scanner.bearer().expect("a scanner has credentials");
    let authorization = format!("Authorization: Bearer {bearer}");
    let mut revoked = Vec::new();
    for _ in 0..MAX {
        let mut wire = Wire::connect(&server.client).await;
        assert_eq!(scan(&mut wire, &lost, &jwts[2]).await, "REVOKED");
        revoked.push(wire);
        let mut wire = Wire::connect(&server.client).await;
        let path = statistics(&lost.scanner_id);
        let answer = wire
            .ask("GET", &path, &[LOCALHOST, &authorization], "")
            .await;
        assert_eq!(answer.status, 200);
        revoked.push(wire);
    }
    assert_eq!(before.until_closed().await, "");
    assert_eq!(scan(&mut scanner, &door, &jwts[2]).await, ADMITTED);
}

/// The command that starts a server with this limit on open files.
fn with_open_files(data: &TempDir, limit: &str) -> std::process::Command {
    let script = format!("ulimit {limit}; exec \"$@\"");
    let mut command = Process::within(&Process::command(data.path()), &script);
    command.env("RUST_LOG", "info");
    command
}

#[tokio::test]
async fn the_limit_of_open_files_is_raised_at_start_and_said() {
    let hard = getrlimit(Resource::Nofile)
        .maximum
        .expect("there is a limit");
    let data = TempDir::new().expect("there is room for a test's data");
    let server = Process::spawn(with_open_files(&data, "-Sn 64"));
    let mut wires = Vec::new();
    for _ in 0..100 {
        let mut wire = Wire::connect(&server.client).await;
        assert_eq!(wire.ask("GET", ALIVE, &[LOCALHOST], "").await.status, 200);
        wires.push(wire);
    }
    for wire in &mut wires {
        assert_eq!(wire.ask("GET", ALIVE, &[LOCALHOST], "").await.status, 200);
    }
    let log = server.stop().log;
    let words = format!("the system lets it have {hard} files open");
    assert!(log.contains(&words), "{log}");
}

#[tokio::test]
async fn a_server_that_can_open_no_more_files_makes_room_and_goes_on() {
    let data = TempDir::new().expect("there is room for a test's data");
    let server = Process::spawn(with_open_files(&data, "-n 64"));
    let door = Door::open(&server.client, today()).await;
    let jwt = door.issue_jwt("vip").await;
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(Wire::connect(&server.client).await);
    }
    let mut wire = Wire::connect(&server.client).await;
    assert_eq!(wire.ask("GET", ALIVE, &[LOCALHOST], "").await.status, 200);
    assert_eq!(door.verdict(&jwt).await, ADMITTED);
    let ended = server.stop();
    let failures = ended.log.matches("cannot accept connections").count();
    assert!(failures <= 1, "{}", ended.log);
}
