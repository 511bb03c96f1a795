//! Registration tokens, and the credentials that devices get for them. `event-check-in.txt` 1–3, `gatewit-api.md` §6.

use futures::future::join_all;
use gatewit_desk::tables::SCANNERS;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::YEAR;
use crate::support::door::{NOBODY, one_day, open_server, text, with};
use crate::support::{Client, Door, Request, Server, jwt};

fn generate(door: &Door, fields: Value) -> Request {
    let request = json!({"eventId": door.event_id, "scannerName": "Gate B"});
    let path = "/api/v1/check-in/tokens/generate";
    door.organizer.post(path, with(&request, fields))
}

async fn token(door: &Door) -> String {
    text(&generate(door, json!({})).await.data(200)["token"])
}

fn look_at(client: &Client, token: &str) -> Request {
    client.get(&format!("/api/v1/check-in/tokens/validate/{token}"))
}

fn register(client: &Client, token: &str, fingerprint: &str, name: &str) -> Request {
    let request = json!({
        "registrationToken": token,
        "deviceFingerprint": fingerprint,
        "scannerName": name,
        "deviceInfo": "{\"model\":\"iPhone 13\"}",
    });
    client.post("/api/v1/check-in/scanners/register", request)
}

async fn scanners_stored(server: &Server) -> usize {
    let scanners = SCANNERS.page(&*server.store, "", None, usize::MAX).await;
    scanners.expect("the store reads").len()
}

#[tokio::test]
async fn a_registration_token_tells_all_that_the_contract_names() {
    let (server, door) = open_server().await;
    let made = generate(&door, json!({})).await.data(200);
    let token = text(&made["token"]);
    let expected = json!({
        "tokenId": made["tokenId"],
        "token": token,
        "eventId": door.event_id,
        "eventName": "Summit",
        "scannerName": "Gate B",
        "scanPoint": null,
        "zone": null,
        "expiresAt": "2025-12-15T07:05:00+03:00",
        "validityMinutes": 5,
        "remainingSeconds": 300,
        "qrCodeData": format!("scannerapp://register?token={token}"),
        "isValid": true,
        "used": false,
    });
    assert_eq!(made, expected);
    let parts: Vec<_> = token.split('-').collect();
    let is_hex = |digit: char| digit.is_ascii_digit() || ('A'..='F').contains(&digit);
    let is_number = |part: &str| part.len() == 8 && part.chars().all(is_hex);
    assert!(
        parts.len() == 3 && parts[0] == "REG" && is_number(parts[1]) && is_number(parts[2]),
        "{token}"
    );
    assert_eq!(look_at(&server.client, &token).await.data(200), made);
}

#[tokio::test]
async fn a_registration_token_lives_five_minutes() {
    let (server, door) = open_server().await;
    let token = token(&door).await;
    server.clock.advance(SignedDuration::from_secs(299));
    let young = look_at(&server.client, &token).await.data(200);
    let expected = json!({"isValid": true, "used": false, "remainingSeconds": 1});
    assert_eq!(young, with(&young, expected));
    server.clock.advance(SignedDuration::from_secs(1));
    let old = look_at(&server.client, &token).await.data(200);
    let expected = json!({"isValid": false, "used": false, "remainingSeconds": 0});
    assert_eq!(old, with(&old, expected));
    let stored = server.stored().await;
    let refused = register(&server.client, &token, "another-device", "Gate B").await;
    refused.failure(400, "token_expired");
    assert_eq!(server.stored().await, stored);
}

#[tokio::test]
async fn a_token_that_was_never_made_is_unknown_and_one_that_reads_wrong_is_malformed() {
    let server = Server::start().await;
    let stranger = "REG-00000000-00000000";
    let refused = look_at(&server.client, stranger).await;
    refused.failure(404, "token_not_found");
    let refused = register(&server.client, stranger, "another-device", "Gate B").await;
    refused.failure(404, "token_not_found");
    for malformed in [
        "REG-1-2",
        "REG-0000000G-00000000",
        "https%3A%2F%2Fexample.org%2F%3Ftoken%3DREG-00000000-00000000",
        "x",
        &"x".repeat(5_000),
    ] {
        let refused = look_at(&server.client, malformed).await;
        refused.failure(400, "invalid_token");
        let refused = register(&server.client, malformed, "another-device", "Gate B").await;
        refused.failure(400, "invalid_token");
    }
}

/// Percent-encodes each byte of a text for a path.
fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn a_token_is_read_as_it_is_scanned_or_typed_alone_or_in_the_link_of_its_qr_code() {
    let (server, door) = open_server().await;
    let dress: [fn(&str, &str) -> String; 7] = [
        |token, _| token.to_lowercase(),
        |token, _| format!(" ]Q1{token}\u{1d}\r\n"),
        |token, _| token.replace('-', "\u{2013}"),
        |_, link| link.to_owned(),
        |_, link| link.to_lowercase(),
        |_, link| link.to_uppercase(),
        |_, link| format!("\u{feff}]Q1{link}\0"),
    ];
    for (number, dress) in dress.into_iter().enumerate() {
        let made = generate(&door, json!({})).await.data(200);
        let typed = dress(&text(&made["token"]), &text(&made["qrCodeData"]));
        let shown = look_at(&server.client, &percent_encoded(&typed)).await;
        assert_eq!(shown.data(200), made, "{typed:?}");
        let device = format!("another-device-{number}");
        let linked = register(&server.client, &typed, &device, "Gate B").await;
        assert_eq!(linked.data(200)["status"], "ACTIVE", "{typed:?}");
        let again = register(&server.client, &typed, "a-third-device", "Gate B").await;
        again.failure(400, "token_used");
    }
}

#[tokio::test]
async fn a_token_too_long_or_in_broken_utf_8_is_malformed() {
    let server = Server::start().await;
    let long = "x".repeat(1_000_000);
    let refused = register(&server.client, &long, "another-device", "Gate B").await;
    refused.failure(400, "invalid_token");
    let refused = look_at(&server.client, "REG-%FF").await;
    let words = refused.failure(400, "malformed_request");
    assert!(words.contains("UTF-8"), "{words}");
}

#[tokio::test]
async fn tokens_are_made_for_published_events_and_known_scan_points_only() {
    let (server, door) = open_server().await;
    let draft = server.client.post("/api/v1/events", one_day());
    let draft = draft.await.data(201);
    let cases = [
        (
            json!({"eventId": draft["eventId"]}),
            422,
            "event_not_published",
        ),
        (json!({"scanPoint": "back-door"}), 422, "unknown_scan_point"),
        (json!({"zone": "cellar"}), 422, "unknown_zone"),
        (json!({"scannerName": "ab"}), 422, "invalid_scanner_name"),
        (
            json!({"scannerName": "x".repeat(201)}),
            422,
            "invalid_scanner_name",
        ),
        (json!({"eventId": NOBODY}), 404, "not_found"),
        (json!({"eventId": "summit"}), 404, "not_found"),
    ];
    let stored = server.stored().await;
    for (fields, status, code) in cases {
        generate(&door, fields).await.failure(status, code);
        assert_eq!(server.stored().await, stored, "{code}");
    }
}

#[tokio::test]
async fn a_registered_scanner_gets_credentials_for_a_year() {
    let (server, door) = open_server().await;
    let token = token(&door).await;
    let scanner = register(&server.client, &token, "another-device", "Side door").await;
    let scanner = scanner.data(200);
    let credentials = text(&scanner["credentials"]);
    let expected = json!({
        "scannerId": scanner["scannerId"],
        "name": "Side door",
        "eventId": door.event_id,
        "eventName": "Summit",
        "status": "ACTIVE",
        "deviceFingerprint": "another-device",
        "scanPoint": null,
        "zone": null,
        "createdAt": "2025-12-15T07:00:00+03:00",
        "credentials": credentials,
        "publicKey": door.public_key,
        "revocationReason": null,
        "replaced": null,
    });
    assert_eq!(scanner, expected);
    assert_eq!(jwt::header(&credentials)["kid"], door.event_id);
    let expected = json!({
        "type": "scanner_credential",
        "scannerId": scanner["scannerId"],
        "eventId": door.event_id,
        "iat": 1_765_771_200,
        "exp": 1_765_771_200 + YEAR.as_secs(),
    });
    assert_eq!(jwt::claims(&credentials), expected);
}

#[tokio::test]
async fn a_registration_says_what_is_wrong_with_it_and_uses_no_token_up() {
    let (server, door) = open_server().await;
    let token = token(&door).await;
    let (longest, too_long) = ("x".repeat(255), "x".repeat(256));
    let (longest_name, too_long_name) = ("x".repeat(200), "x".repeat(201));
    let cases = [
        ("123456789", "Gate B", 400, "invalid_fingerprint"),
        (&too_long, "Gate B", 400, "invalid_fingerprint"),
        ("", "Gate B", 400, "invalid_fingerprint"),
        ("1234567890", "ab", 422, "invalid_scanner_name"),
        ("1234567890", " ab ", 422, "invalid_scanner_name"),
        ("1234567890", "", 422, "invalid_scanner_name"),
        ("1234567890", &too_long_name, 422, "invalid_scanner_name"),
    ];
    let stored = server.stored().await;
    for (fingerprint, name, status, code) in cases {
        let refused = register(&server.client, &token, fingerprint, name).await;
        refused.failure(status, code);
        assert_eq!(server.stored().await, stored, "{fingerprint} {name}");
    }
    let linked = register(&server.client, &token, &longest, &longest_name).await;
    linked.data(200);
}

#[tokio::test]
async fn a_token_is_used_once() {
    let (server, door) = open_server().await;
    let token = token(&door).await;
    let linked = register(&server.client, &token, "another-device", "Gate B").await;
    linked.data(200);
    let used = look_at(&server.client, &token).await.data(200);
    let expected = json!({"used": true, "isValid": false});
    assert_eq!(used, with(&used, expected));
    let stored = server.stored().await;
    for device in ["another-device", "a-third-device"] {
        let refused = register(&server.client, &token, device, "Gate B").await;
        refused.failure(400, "token_used");
    }
    assert_eq!(server.stored().await, stored);
}

#[tokio::test]
async fn a_token_used_by_sixteen_devices_at_once_links_one() {
    let (server, door) = open_server().await;
    let token = token(&door).await;
    let before = scanners_stored(&server).await;
    let registrations = join_all((0..16).map(|number| {
        let device = format!("device-number-{number}");
        register(&server.client, &token, &device, "Gate B")
    }));
    let answers = registrations.await.into_iter();
    let (linked, refused): (Vec<_>, Vec<_>) = answers.partition(|answer| answer.status == 200);
    assert_eq!((linked.len(), refused.len()), (1, 15));
    for answer in refused {
        answer.failure(400, "token_used");
    }
    assert_eq!(scanners_stored(&server).await, before + 1);
}
