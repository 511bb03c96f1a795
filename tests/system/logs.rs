//! The log's messages, and the data that it must not contain.

use std::process::Command;

use futures::future::join_all;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::crowd::today;
use crate::support::door::{VALIDATE, text, with};
use crate::support::{Client, Door, Process, Server};

/// All messages of Gatewit's own code.
const TALKATIVE: &str =
    "info,gatewit=debug,gatewit_desk=debug,gatewit_store=debug,gatewit_engine=debug";

fn talkative(data: &TempDir, format: &str) -> Command {
    let mut command = Process::command(data.path());
    command
        .env("GATEWIT_LOG_FORMAT", format)
        .env("RUST_LOG", TALKATIVE);
    command
}

/// The life of a ticket, with everything that can go wrong on the way. Returns the texts that must not appear in a log.
async fn live_through(client: &Client) -> Vec<String> {
    let door = Door::open_with(client, today(), "fingerprint-of-a-phone").await;
    let draft = json!({
        "ticketTypeId": "vip", "attendeeName": "Zoë Quill", "attendeeEmail": "zoe@quill.example",
        "bookingReference": "ORDER-4711", "credentialCode": "NFC-CODE-4711",
    });
    let ticket = door.issue_all(draft).await;
    let id = text(&ticket["ticketInstanceId"]);
    let jwt = text(&ticket["jwtToken"]);
    let request = json!({"eventId": door.event_id, "scannerName": "Gate B"});
    let token = client
        .post("/api/v1/check-in/tokens/generate", request)
        .await
        .data(200);
    let token = text(&token["token"]);
    let stranger = "REG-0DDB1A5E-0DDBA115";
    for text in [&token, stranger, "REG-nonsense"] {
        client
            .get(&format!("/api/v1/check-in/tokens/validate/{text}"))
            .await;
    }
    let register =
        json!({"registrationToken": token, "deviceFingerprint": "short", "scannerName": "Gate B"});
    client
        .post("/api/v1/check-in/scanners/register", register)
        .await;
    let (body, code) = (door.body(&jwt), door.body("NFC-CODE-4711"));
    let mut forged = jwt.clone();
    forged.replace_range(forged.len() - 8.., "AAAAAAAA");
    let scans = [
        body.clone(),
        body.clone(),
        code,
        door.body(&forged),
        with(&body, json!({"scannerId": "x"})),
    ];
    for scan in scans {
        door.scanner.post(VALIDATE, scan).await;
    }
    client.post(VALIDATE, body.clone()).await;
    client.with_bearer(&jwt).post(VALIDATE, body.clone()).await;
    client
        .post_bytes(VALIDATE, "{\"attendeeName\": \"Zoë Quill\"")
        .await;
    for path in [
        format!("{}?query=Quill", door.tickets()),
        format!("{}?query=zoe@quill.example&state=nonsense", door.tickets()),
        format!("/api/v1/tickets/{id}"),
        format!("/api/v1/events/{}/check-ins", door.event_id),
        "/attendees/Zo%C3%AB%20Quill?email=zoe@quill.example".to_owned(),
        "/api/v1/tickets/zoe@quill.example".to_owned(),
    ] {
        client.get(&path).await;
    }
    client
        .post(
            &door.tickets(),
            json!({"ticketTypeId": "none", "attendeeName": "Zoë Quill"}),
        )
        .await;
    client
        .post(
            &format!("/api/v1/tickets/{id}/cancel"),
            json!({"reason": "Quill called"}),
        )
        .await;
    let credentials = text(&json!(door.scanner.bearer()));
    let told = [
        jwt,
        forged,
        token,
        credentials,
        door.fingerprint,
        "Gate A".to_owned(),
    ];
    let known = [
        "Zoë",
        "Quill",
        "quill.example",
        "ORDER-4711",
        "NFC-CODE",
        "0DDB1A5E",
        "REG-",
        "eyJ",
        "John Doe",
    ];
    told.into_iter().chain(known.map(str::to_owned)).collect()
}

#[track_caller]
fn check_silent(log: &str, secrets: &[String]) {
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "{secret} is in the log");
    }
}

#[tokio::test]
async fn the_log_holds_no_personal_data_and_no_secrets() {
    for format in ["text", "json"] {
        let data = TempDir::new().expect("there is room for a test's data");
        let server = Process::spawn(talkative(&data, format));
        let secrets = live_through(&server.client).await;
        let log = server.stop().log;
        assert!(log.matches("answered").count() > 20, "{log}");
        check_silent(&log, &secrets);
    }
}

#[tokio::test]
async fn each_line_of_a_json_log_is_an_object_that_names_its_request() {
    let data = TempDir::new().expect("there is room for a test's data");
    let server = Process::spawn(talkative(&data, "json"));
    let path = format!("{}/api/v1/tickets/nonsense?query=x", server.client.base());
    let request = reqwest::Client::new()
        .get(path)
        .header("x-request-id", "from-a-proxy.1");
    let answer = request.send().await.expect("the server answers");
    assert_eq!(answer.headers()["x-request-id"], "from-a-proxy.1");
    let log = server.stop().log;
    let lines = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"));
    let lines: Vec<Value> = lines.collect();
    let line = lines.iter().find(|line| line["message"] == "answered");
    let line = line.unwrap_or_else(|| panic!("no request in {log}"));
    let span = json!({
        "name": "request",
        "request.id": "from-a-proxy.1",
        "http.method": "GET",
        "http.route": "/api/v1/tickets/{ticketId}",
    });
    assert_eq!(line["span"], span);
    assert_eq!(line["http.status"], 404);
    assert_eq!(line["error.code"], "not_found");
    assert!(line["duration_ms"].is_number(), "{line}");
}

#[tokio::test]
async fn a_line_names_its_request_whatever_else_is_logged() {
    for filter in [
        "info",
        "warn,[request]=info",
        "info,gatewit::http::traffic=debug",
    ] {
        let data = TempDir::new().expect("there is room for a test's data");
        let mut command = talkative(&data, "json");
        command.env("RUST_LOG", filter);
        let server = Process::spawn(command);
        let door = Door::open(&server.client, today()).await;
        let (event, fingerprint) = (&door.event_id, &door.fingerprint);
        Door::link(&server.client, event, fingerprint, json!({})).await;
        let log = server.stop().log;
        let line = log.lines().find(|line| line.contains("is revoked"));
        let line = line.unwrap_or_else(|| panic!("no revocation in {log}"));
        let line: Value = serde_json::from_str(line).expect("each line is JSON");
        let span = json!({
            "name": "request",
            "request.id": text(&line["span"]["request.id"]),
            "http.method": "POST",
            "http.route": "/api/v1/check-in/scanners/register",
        });
        assert_eq!(line["span"], span, "{filter}");
        assert_eq!(line["event.id"], *event, "{filter}");
    }
}

#[tokio::test]
async fn a_request_keeps_a_sane_id_and_gets_one_otherwise() {
    let server = Server::start().await;
    let http = reqwest::Client::new();
    let id_for = async |given: &str| {
        let request = http.get(server.client.base()).header("x-request-id", given);
        let answer = request.send().await.expect("the server answers");
        answer.headers()["x-request-id"]
            .to_str()
            .expect("an id is text")
            .to_owned()
    };
    let longest = "x".repeat(64);
    for sane in ["1", "A-b_c.9", &longest] {
        assert_eq!(id_for(sane).await, sane);
    }
    let too_long = "x".repeat(65);
    for odd in ["", "two words", "a\tb", "a;b", "{}", &too_long] {
        let id = id_for(odd).await;
        assert_ne!(id, odd);
        assert_eq!(id.len(), 36, "{id}");
    }
    let fresh = join_all((0..8).map(|_| id_for(""))).await;
    let distinct: std::collections::BTreeSet<_> = fresh.iter().collect();
    assert_eq!(distinct.len(), fresh.len());
}
