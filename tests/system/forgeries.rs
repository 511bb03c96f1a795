//! Forged tokens: as a ticket they admit nobody, as credentials they give no access, and they do not affect genuine
//! tokens.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gatewit::signer::{MasterKey, RsaSigner};
use gatewit_domain::claims::Claims;
use gatewit_domain::ports::Signer;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::door::{NOBODY, VALIDATE, link, one_day, open_server, text, with};
use crate::support::jwt::{claims, header, pem, with_claims, with_header, with_signature};
use crate::support::{Door, Server};

const FORGED: &str = "INVALID_SIGNATURE invalid_signature";

/// Checks that each token is refused as a ticket and does not affect the genuine one.
async fn check(server: &Server, door: &Door, ticket: &Value, tokens: &[(&str, String)]) {
    let path = format!("/api/v1/tickets/{}", text(&ticket["ticketInstanceId"]));
    let genuine = text(&ticket["jwtToken"]);
    for (what, token) in tokens {
        assert_ne!(token, &genuine, "{what}");
        assert_eq!(door.verdict(token).await, FORGED, "{what}");
        assert_eq!(&server.client.get(&path).await.data(200), ticket, "{what}");
    }
    assert_eq!(door.statistics().await["failedScans"], tokens.len());
    assert_eq!(door.verdict(&genuine).await, "VALID");
}

/// The token with some fields of its header set.
fn reheaded(token: &str, fields: Value) -> String {
    with_header(token, &with(&header(token), fields))
}

/// The token's claims, signed with HMAC under a public secret.
fn hs256(token: &str, secret: &[u8]) -> String {
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(text(&claims(token)["eventId"]));
    let key = EncodingKey::from_secret(secret);
    jsonwebtoken::encode(&header, &claims(token), &key).expect("claims can be signed")
}

/// The token's claims, signed with RS256 by a key that falsely claims to be the event's own.
async fn signed_by_a_stranger(token: &str) -> String {
    let event = text(&claims(token)["eventId"]);
    let event = event.parse().expect("a token names its event");
    let master_key = MasterKey::find(Some(&"5".repeat(64)), Path::new(""));
    let stranger = RsaSigner::new(&master_key.expect("64 hex digits are a key"));
    let stranger = stranger.expect("there are threads");
    let sealed = stranger.create(event).await.expect("anyone can make a key");
    let key = stranger
        .open(event, &sealed)
        .expect("a key opens for its maker");
    let claims: Claims = serde_json::from_value(claims(token)).expect("a token's claims read back");
    key.sign(vec![claims])
        .await
        .expect("the key signs")
        .remove(0)
}

/// A public key in DER.
fn der(public_key: &str) -> Vec<u8> {
    STANDARD.decode(public_key).expect("a public key is base64")
}

#[tokio::test]
async fn a_token_under_another_algorithm_is_no_ticket() {
    let (server, door) = open_server().await;
    let ticket = door.issue("vip").await;
    let genuine = text(&ticket["jwtToken"]);
    let of = |algorithm: &str| reheaded(&genuine, json!({"alg": algorithm}));
    let signed = |secret: &[u8]| hs256(&genuine, secret);
    let pem = pem(&door.public_key);
    let tokens = [
        ("alg none", with_signature(&of("none"), "")),
        ("alg None", with_signature(&of("None"), "")),
        ("alg HS256, unsigned", with_signature(&of("HS256"), "")),
        ("alg RS256, unsigned", with_signature(&genuine, "")),
        ("alg none, the signature left", of("none")),
        ("alg RS512, the signature left", of("RS512")),
        ("HS256 under the PEM", signed(pem.as_bytes())),
        ("HS256 under the trimmed PEM", signed(pem.trim().as_bytes())),
        ("HS256 under the DER", signed(&der(&door.public_key))),
        ("HS256 under the base64", signed(door.public_key.as_bytes())),
        ("HS256 under nothing", signed(b"")),
    ];
    check(&server, &door, &ticket, &tokens).await;
}

#[tokio::test]
async fn a_token_under_another_key_is_no_ticket() {
    let (server, door) = open_server().await;
    let other = Door::open_with(&server.client, one_day(), "another-device").await;
    let ticket = door.issue("vip").await;
    let ours = text(&ticket["jwtToken"]);
    let theirs = other.issue_jwt("vip").await;
    let (_, their_signature) = theirs.rsplit_once('.').expect("a token has parts");
    let of = |kid: Value| reheaded(&ours, json!({"kid": kid}));
    let tokens = [
        ("a stranger's key", signed_by_a_stranger(&ours).await),
        (
            "their ticket, our kid",
            with_header(&theirs, &header(&ours)),
        ),
        (
            "our ticket, their kid",
            with_header(&ours, &header(&theirs)),
        ),
        (
            "our ticket, their signature",
            with_signature(&ours, their_signature),
        ),
        (
            "their ticket, our claims",
            with_claims(&theirs, &claims(&ours)),
        ),
        ("a kid of no event", of(json!(NOBODY))),
        ("a kid that is no id", of(json!("../../master.key"))),
        ("a kid that is no text", of(json!(7))),
        ("no kid", of(json!(null))),
    ];
    check(&server, &door, &ticket, &tokens).await;
}

#[tokio::test]
async fn a_token_that_was_altered_or_cut_is_no_ticket() {
    let (server, door) = open_server().await;
    let ticket = door.issue("vip").await;
    let genuine = text(&ticket["jwtToken"]);
    let (unsigned, _) = genuine.rsplit_once('.').expect("a token has parts");
    let altered = with(&claims(&genuine), json!({"ticketTypeId": "crew"}));
    let tokens = [
        ("other claims", with_claims(&genuine, &altered)),
        (
            "its last character gone",
            genuine[..genuine.len() - 1].to_owned(),
        ),
        ("one character more", format!("{genuine}A")),
        ("its first character gone", genuine[1..].to_owned()),
        ("half of it", genuine[..genuine.len() / 2].to_owned()),
        ("its signature gone", unsigned.to_owned()),
        ("a fourth part", format!("{genuine}.AAAA")),
        ("nothing", String::new()),
        ("a space", " ".to_owned()),
        ("dots", "..".to_owned()),
        ("words", "let me in".to_owned()),
        ("a picture", "🎫".to_owned()),
        ("very much", "x".repeat(100_000)),
    ];
    check(&server, &door, &ticket, &tokens).await;
}

#[tokio::test]
async fn credentials_of_a_scanner_are_no_ticket() {
    let (server, door) = open_server().await;
    let ticket = door.issue("vip").await;
    let other = link(&server.client, &door.event_id, "another-device", json!({})).await;
    let tokens = [("a scanner's credentials", text(&other["credentials"]))];
    check(&server, &door, &ticket, &tokens).await;
}

#[tokio::test]
async fn a_genuine_ticket_of_another_event_lets_nobody_in() {
    let (server, door) = open_server().await;
    let other = Door::open_with(&server.client, one_day(), "another-device").await;
    let ticket = other.issue("vip").await;
    let refused = door.scan(&text(&ticket["jwtToken"])).await.body;
    let expected = json!({"status": "NOT_FOUND", "reason": "wrong_event", "attendeeName": null});
    assert_eq!(refused["data"], with(&refused["data"], expected));
    assert_eq!(door.statistics().await["failedScans"], 1);
    assert_eq!(other.verdict(&text(&ticket["jwtToken"])).await, "VALID");
}

#[tokio::test]
async fn a_code_of_another_event_means_nothing_at_a_scan_point() {
    let server = Server::start().await;
    let event = with(&one_day(), json!({"scanPoints": [{"id": "desk"}]}));
    let first = Door::open(&server.client, event).await;
    let door = Door::link(
        &server.client,
        &first.event_id,
        "at-the-desk",
        json!({"scanPoint": "desk"}),
    )
    .await;
    let other = Door::open_with(&server.client, one_day(), "another-device").await;
    let draft = json!({"ticketTypeId": "vip", "attendeeName": "Ann", "credentialCode": "NFC-1"});
    let ticket = other.issue_all(draft).await;
    let id = text(&ticket["ticketInstanceId"]);
    assert_eq!(door.verdict(&id).await, "NOT_FOUND wrong_event");
    assert_eq!(door.verdict("NFC-1").await, "NOT_FOUND not_found");
    assert_eq!(door.verdict(NOBODY).await, "NOT_FOUND not_found");

    // The contract prescribes this text.
    let genuine = text(&ticket["jwtToken"]);
    for (code, words) in [
        (
            "NFC-1".to_owned(),
            "❌ Ticket not in database. Entry denied.",
        ),
        (
            with_signature(&genuine, "AAAA"),
            "❌ JWT signature failed. Entry denied.",
        ),
    ] {
        assert_eq!(door.scan(&code).await.body["message"], words);
    }
}

#[tokio::test]
async fn nothing_but_genuine_credentials_is_a_scanner() {
    let (server, door) = open_server().await;
    let link = link(&server.client, &door.event_id, "another-device", json!({})).await;
    let genuine = text(&link["credentials"]);
    let own = json!({"scannerId": link["scannerId"], "deviceFingerprint": "another-device"});
    let ticket = door.issue_jwt("vip").await;
    let scan = with(&door.body(&ticket), own);
    let longer = with(&claims(&genuine), json!({"exp": 4_000_000_000_u64}));
    let bearers = [
        ("a ticket", ticket.clone()),
        (
            "alg none",
            with_signature(&reheaded(&genuine, json!({"alg": "none"})), ""),
        ),
        (
            "HS256 under the PEM",
            hs256(&genuine, pem(&door.public_key).as_bytes()),
        ),
        (
            "HS256 under the DER",
            hs256(&genuine, &der(&door.public_key)),
        ),
        ("a stranger's key", signed_by_a_stranger(&genuine).await),
        ("a longer life", with_claims(&genuine, &longer)),
        ("no kid", reheaded(&genuine, json!({"kid": null}))),
        ("cut", genuine[..genuine.len() - 2].to_owned()),
    ];
    let stored = server.stored().await;
    for (what, bearer) in bearers {
        let forger = server.client.with_bearer(&bearer);
        let refused = forger.post(VALIDATE, scan.clone()).await;
        assert_eq!(refused.challenge.as_deref(), Some("Bearer"), "{what}");
        refused.failure(401, "invalid_credentials");
        if !["no kid", "alg none"].contains(&what) {
            // It claims to be from Gatewit, so it is not treated as an anonymous caller, who may do this while
            // authentication is off.
            let undo = json!({"checkInId": NOBODY, "reason": "by mistake"});
            let refused = forger.post("/api/v1/check-in/undo", undo).await;
            refused.failure(401, "invalid_credentials");
        }
        assert_eq!(server.stored().await, stored, "{what}");
    }
    let scanner = server.client.with_bearer(&genuine);
    let admitted = scanner.post(VALIDATE, scan).await.data(200);
    assert_eq!(admitted["status"], "VALID");
}
