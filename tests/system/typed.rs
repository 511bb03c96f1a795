//! Codes and orders as readers send them and people type them. `gatewit-api.md` §1.

use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::crowd::today;
use crate::support::door::{VALIDATE, one_day, open_server, text, texts, verdict, with};
use crate::support::{Answer, Door, Process, Server};

const TOO_LONG: usize = 4 * 1024 + 1;

/// A code with the characters that readers, printers and clipboards put around it.
fn dressed(code: &str) -> [String; 8] {
    [
        format!(" {code}\r\n"),
        format!("\u{1d}{code}\u{1d}"),
        format!("\u{2}{code}\u{3}"),
        format!("{code}\0\0"),
        format!("\u{feff}{code}\u{200b}"),
        format!("]Q1{code}"),
        format!("]C1\u{1d}{code}\n"),
        format!("\u{a0}]d2{code}\u{3000}"),
    ]
}

/// The one-day event with a scan point at which every code of a ticket counts.
fn with_front_door() -> Value {
    with(&one_day(), json!({"scanPoints": [{"id": "front"}]}))
}

/// A door at that scan point.
async fn front_door(server: &Server) -> Door {
    let door = Door::open(&server.client, with_front_door()).await;
    let place = json!({"scanPoint": "front"});
    Door::link(&server.client, &door.event_id, "front-device", place).await
}

async fn check_in(door: &Door, request: Value) -> Answer {
    let path = format!("/api/v1/events/{}/check-ins", door.event_id);
    door.organizer.post(&path, request).await
}

#[tokio::test]
async fn a_signed_code_is_good_whatever_a_reader_puts_around_it() {
    let (_server, door) = open_server().await;
    for around in 0..dressed("").len() {
        let code = &dressed(&door.issue_jwt("vip").await)[around];
        assert_eq!(door.verdict(code).await, "VALID", "{around}");
    }
}

#[tokio::test]
async fn so_are_the_code_on_a_badge_and_the_id_of_a_ticket() {
    let server = Server::start().await;
    let door = front_door(&server).await;
    for around in 0..dressed("").len() {
        let code = format!("NFC-{around}");
        let draft = json!({"ticketTypeId": "vip", "attendeeName": "Ann", "credentialCode": code});
        door.issue_all(draft).await;
        assert_eq!(
            door.verdict(&dressed(&code)[around]).await,
            "VALID",
            "{around}"
        );
        let id = text(&door.issue("vip").await["ticketInstanceId"]);
        assert_eq!(
            door.verdict(&dressed(&id)[around]).await,
            "VALID",
            "{around}"
        );
    }
    // Codes are secrets: every other difference counts.
    for other in ["nfc-1", "NFC\u{2013}1", "N FC-1", "NFC\u{1d}-1"] {
        assert_eq!(
            door.verdict(other).await,
            "NOT_FOUND not_found",
            "{other:?}"
        );
    }
}

#[tokio::test]
async fn a_code_is_cleaned_when_it_is_issued_too() {
    let server = Server::start().await;
    let door = front_door(&server).await;
    let draft =
        |code: &str| json!({"ticketTypeId": "vip", "attendeeName": "Ann", "credentialCode": code});
    let issued = door.issue_all(draft("\u{feff}]Q1NFC-1\u{1d}")).await;
    assert_eq!(issued["credentialCode"], "NFC-1");
    let again = door.organizer.post(&door.tickets(), draft("NFC-1\0")).await;
    again.failure(409, "credential_code_taken");
    let nothing = door
        .organizer
        .post(&door.tickets(), draft("]Q1\u{1d}"))
        .await;
    nothing.failure(422, "invalid_ticket_request");
    assert_eq!(door.verdict("NFC-1").await, "VALID");
}

#[tokio::test]
async fn a_scan_sent_again_is_the_same_whatever_stands_around_its_code() {
    let (server, door) = open_server().await;
    let jwt = door.issue_jwt("vip").await;
    let scan = |text: &str| door.scanner.post_once(VALIDATE, "scan-1", door.body(text));
    let first = scan(&jwt).await;
    assert_eq!(verdict(&first), "VALID");
    let stored = server.stored().await;
    for again in dressed(&jwt) {
        assert_eq!(scan(&again).await, first, "{again:?}");
    }
    assert_eq!(server.stored().await, stored);
    scan(&format!("{jwt}x"))
        .await
        .failure(409, "idempotency_mismatch");
    // So are texts that are too long for a code; they are distinguished by their content.
    let long = |letter: &str| letter.repeat(TOO_LONG);
    let scan = |text: String| door.scanner.post_once(VALIDATE, "scan-2", door.body(&text));
    let first = scan(long("x")).await;
    assert_eq!(scan(format!("]Q1{}\r", long("x"))).await, first);
    scan(long("y")).await.failure(409, "idempotency_mismatch");
}

#[tokio::test]
async fn a_text_that_is_too_long_for_a_code_is_a_refusal_on_record() {
    let server = Server::start().await;
    let door = Door::open(&server.client, with_front_door()).await;
    let place = json!({"scanPoint": "front"});
    let front = Door::link(&server.client, &door.event_id, "front-device", place).await;
    for bytes in [TOO_LONG, 1_000_000] {
        let long = "x".repeat(bytes);
        assert_eq!(
            door.verdict(&long).await,
            "INVALID_SIGNATURE invalid_signature"
        );
        assert_eq!(front.verdict(&long).await, "NOT_FOUND not_found");
    }
    assert_eq!(door.record().await.len(), 4);
    let jwt = door.issue_jwt("vip").await;
    let padded = format!("{jwt}{}", "\r\n".repeat(10_000));
    assert_eq!(door.verdict(&padded).await, "VALID");
}

/// Scans different texts of a megabyte each.
async fn flood(door: &Door, letter: char, count: usize) {
    for number in 0..count {
        let text = format!("{number}{}", String::from(letter).repeat(1_000_000));
        assert_eq!(door.scan(&text).await.status, 200);
    }
}

#[tokio::test]
async fn texts_that_are_too_long_for_codes_fill_no_memory_not_even_of_a_revoked_scanner() {
    const TEXTS: usize = 150;
    let data = TempDir::new().expect("there is room for a test's data");
    let server = Process::start(data.path());
    let event = with(&today(), json!({"scanPoints": [{"id": "front"}]}));
    let door = Door::open(&server.client, event).await;
    let place = json!({"scanPoint": "front"});
    let front = Door::link(&server.client, &door.event_id, "front-device", place).await;
    // The allocator keeps the memory of bodies of this size for a while, about 100 MiB for each worker.
    flood(&front, 'a', TEXTS).await;
    let before = server.resident_mib();
    flood(&front, 'b', TEXTS).await;
    let revoke = format!("/api/v1/check-in/scanners/{}/revoke", front.scanner_id);
    front.organizer.post(&revoke, json!({})).await.data(200);
    flood(&front, 'c', TEXTS).await;
    let grown = server.resident_mib().saturating_sub(before);
    assert!(
        grown < 200,
        "{grown} MiB more after {} MB of texts",
        2 * TEXTS
    );
    server.stop();
}

#[tokio::test]
async fn an_order_is_checked_in_however_it_is_spelled() {
    let (server, door) = open_server().await;
    let draft = |order: &str| json!({"ticketTypeId": "vip", "attendeeName": "Ann", "bookingReference": order});
    for (order, typed) in [
        ("EVT-A3F4B21C", " evt-a3f4b21c"),
        ("evt-1", "EVT\u{2013}1\r\n"),
        ("Gruppe Süd–2", "GRUPPE SÜD-2"),
        ("2027-001", "]C12027\u{2011}001"),
    ] {
        let issued = door.issue_all(draft(order)).await;
        assert_eq!(issued["bookingReference"], order);
        let outcomes = check_in(&door, json!({"order": typed})).await.data(200);
        assert_eq!(texts(&outcomes, "status"), ["VALID"], "{typed}");
        assert_eq!(texts(&outcomes, "bookingReference"), [order]);
        server.clock.advance(SignedDuration::from_secs(1));
    }
    // Both for references that the server generates and for those that the organizer chooses.
    let made_up = text(&door.issue("vip").await["bookingReference"]);
    let outcomes = check_in(&door, json!({"order": made_up.to_lowercase()})).await;
    assert_eq!(texts(&outcomes.data(200), "status"), ["VALID"]);
    let unknown = check_in(&door, json!({"order": "evt-2"})).await;
    unknown.failure(422, "unknown_order");
    let long = check_in(&door, json!({"order": "x".repeat(TOO_LONG)})).await;
    let words = long.failure(422, "unknown_order");
    assert!(words.len() < 200, "{words}");
}

#[tokio::test]
async fn two_spellings_of_an_order_are_one_order_and_one_request() {
    let (_server, door) = open_server().await;
    let draft = |order: &str| json!({"ticketTypeId": "vip", "attendeeName": "Ann", "bookingReference": order});
    let both = json!({"tickets": [draft("evt-1"), draft("EVT\u{2013}1")]});
    door.issue_all(both).await;
    let path = format!("/api/v1/events/{}/check-ins", door.event_id);
    let once = |order: &str| {
        door.organizer
            .post_once(&path, "once", json!({"order": order}))
    };
    let first = once("Evt-1").await;
    assert_eq!(
        texts(&first.clone().data(200), "status"),
        ["VALID", "VALID"]
    );
    assert_eq!(once(" EVT-1 ").await, first);
    let ticket = text(&door.issue("vip").await["ticketInstanceId"]);
    let request = json!({"ticketInstanceId": format!(" {}\n", ticket.to_uppercase())});
    let outcomes = check_in(&door, request).await.data(200);
    assert_eq!(texts(&outcomes, "status"), ["VALID"]);
}
