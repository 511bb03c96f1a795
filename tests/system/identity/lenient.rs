//! Tokens as providers really make them: without `kid`, with claims of every kind, with clocks that differ a little.
//! `gatewit-api.md` §2.

use jsonwebtoken::{Algorithm, Header};
use serde_json::{Value, json};

use super::{EVENTS, identifying};
use crate::support::door::{text, with};
use crate::support::issuer::key;
use crate::support::provider::AUDIENCE;
use crate::support::{Home, Issuer, Process, START, Server};

/// The second in which the server's clock stands still.
fn now() -> i64 {
    let now: jiff::Timestamp = START.parse().expect("tests begin at a time");
    now.as_second()
}

async fn status(server: &Server, token: &str) -> u16 {
    server.client.with_bearer(token).get(EVENTS).await.status
}

/// A valid token whose header names no key.
fn unnamed(issuer: &Issuer) -> String {
    issuer.sign_under(&Header::new(Algorithm::RS256), json!({}))
}

/// An unused public key of the same kind, under a name.
fn other_key(kid: &str) -> Value {
    let key = key(kid);
    let modulus = text(&key["n"]);
    let changed = if &modulus[20..21] == "w" { "A" } else { "w" };
    let modulus = format!("{}{changed}{}", &modulus[..20], &modulus[21..]);
    with(&key, json!({"n": modulus}))
}

/// The key as published by a provider that does not name its keys.
fn without_kid(mut key: Value) -> Value {
    key.as_object_mut()
        .expect("a key is an object")
        .remove("kid");
    key
}

#[tokio::test]
async fn a_token_without_kid_is_good_where_a_key_fits() {
    let elliptic = json!({
        "kty": "EC", "crv": "P-256", "kid": "k0", "use": "sig",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let pinned = with(&key("k2"), json!({"alg": "RS512"}));
    let encrypting = with(&key("k3"), json!({"use": "enc"}));
    let wrapping = with(&key("k1"), json!({"key_ops": ["encrypt"]}));
    for (keys, expected) in [
        (json!([key("k1")]), 200),
        (json!([without_kid(key("k1"))]), 200),
        (json!([elliptic, other_key("k2"), key("k1")]), 200),
        (json!([elliptic, pinned, encrypting, wrapping]), 503),
        (json!([other_key("k1")]), 401),
        (json!([other_key("k1"), pinned, encrypting]), 401),
    ] {
        let (issuer, server) = identifying().await;
        issuer.publish(200, &json!({"keys": keys}));
        assert_eq!(status(&server, &unnamed(&issuer)).await, expected, "{keys}");
    }
}

#[tokio::test]
async fn an_empty_kid_and_unused_members_of_a_header_are_not_looked_at() {
    let (issuer, server) = identifying().await;
    issuer.publish(
        200,
        &json!({"keys": [with(&key("k1"), json!({"x5c": "str"}))]}),
    );
    for (header, expected) in [
        (json!({"alg": "RS256", "kid": ""}), 200),
        (json!({"alg": "RS256", "typ": 5, "x5c": "str"}), 200),
        (
            json!({"alg": "RS256", "kid": "k1", "cty": {}, "jwk": 1}),
            200,
        ),
        (json!({"alg": "RS256", "kid": 1}), 401),
        (json!({"alg": "RS256", "crit": "exp"}), 401),
        (json!({"alg": "HS256"}), 401),
    ] {
        let token = issuer.sign_under_odd(&header);
        assert_eq!(status(&server, &token).await, expected, "{header}");
    }
}

#[tokio::test]
async fn a_key_without_kid_fits_a_token_with_one_and_a_named_one_fits_its_name_only() {
    for (keys, expected) in [
        (json!([without_kid(key("k1"))]), 200),
        (json!([other_key("k1"), without_kid(key("k2"))]), 200),
        (json!([key("k2")]), 401),
        (json!([other_key("k1"), key("k2")]), 401),
    ] {
        let (issuer, server) = identifying().await;
        issuer.publish(200, &json!({"keys": keys}));
        assert_eq!(
            status(&server, &issuer.token("ada")).await,
            expected,
            "{keys}"
        );
    }
}

#[tokio::test]
async fn no_more_than_eight_keys_are_tried_for_a_token() {
    for (others, expected) in [(7, 200), (8, 401)] {
        let (issuer, server) = identifying().await;
        let others = (0..others).map(|number| other_key(&format!("other-{number}")));
        let keys = Value::from_iter(others.chain([key("k1")]));
        issuer.publish(200, &json!({"keys": keys}));
        assert_eq!(status(&server, &unnamed(&issuer)).await, expected);
        assert_eq!(
            status(&server, &issuer.token("ada")).await,
            200,
            "a name says which"
        );
    }
}

#[tokio::test]
async fn a_key_that_is_replaced_under_no_name_is_found_at_once_and_then_once_a_minute() {
    let (issuer, server) = identifying().await;
    issuer.publish(200, &json!({"keys": [other_key("k1")]}));
    let token = unnamed(&issuer);
    assert_eq!(status(&server, &token).await, 401);
    let asked = issuer.asked();
    assert_eq!(status(&server, &token).await, 401);
    assert_eq!(issuer.asked(), asked, "within a minute nobody asks again");
    issuer.publish(200, &json!({"keys": [key("k1")]}));
    server.clock.advance(jiff::SignedDuration::from_mins(1));
    assert_eq!(status(&server, &token).await, 200);
    assert_eq!(status(&server, &token).await, 200);
    assert_eq!(issuer.asked(), asked + 1);
}

#[tokio::test]
async fn claims_are_taken_as_providers_make_them() {
    let (issuer, server) = identifying().await;
    let now = now();
    for claims in [
        json!({"scope": ["openid", "profile"]}),
        json!({"scope": {"a": 1}, "azp": 7, "roles": null}),
        json!({"exp": now as f64 + 600.5, "nbf": now as f64 - 0.25}),
        json!({"iat": now + 3}),
        json!({"iat": now + 3600}),
        json!({"iat": "soon"}),
        json!({"iat": null}),
        json!({"exp": now - 29}),
        json!({"nbf": now + 30}),
        json!({"aud": ["other", AUDIENCE]}),
    ] {
        let token = issuer.sign(claims.clone());
        assert_eq!(status(&server, &token).await, 200, "{claims}");
        let count = server
            .client
            .with_bearer(&token)
            .get("/tickets/ticket_count/")
            .await;
        assert_ne!(count.status, 401, "{claims}");
    }
    for claims in [
        json!({"exp": now - 30}),
        json!({"nbf": now + 31}),
        json!({"exp": "soon"}),
        json!({"nbf": ["soon"]}),
    ] {
        let token = issuer.sign(claims.clone());
        assert_eq!(status(&server, &token).await, 401, "{claims}");
    }
}

#[tokio::test]
async fn the_log_names_the_real_reason_and_nothing_of_the_token() {
    let issuer = Issuer::start().await;
    let home = Home::new();
    let mut command = home.command_with("OIDC_ISSUER_URL", &issuer.url);
    command
        .env("OIDC_AUDIENCE", AUDIENCE)
        .env("RUST_LOG", "info");
    let server = Process::spawn(command);
    let mut another = Header::new(Algorithm::RS256);
    another.kid = Some("k7-of-mallory".to_owned());
    let none = "eyJhbGciOiJub25lIn0.e30.".to_owned();
    let past = jiff::Timestamp::now().as_second() - 3_600;
    for (token, words) in [
        (
            issuer.sign(json!({"sub": "mallory", "exp": past})),
            "the access token has expired",
        ),
        (
            issuer.sign(json!({"sub": "mallory", "aud": "other-api"})),
            "is for another audience",
        ),
        (
            issuer.sign(json!({"sub": "mallory", "nbf": past + 7_200})),
            "it is not valid yet (nbf)",
        ),
        (issuer.sign(json!({"sub": null})), "lacks the claim sub"),
        (
            issuer.sign(json!({"sub": ["mallory"]})),
            "its claim sub is of the wrong type",
        ),
        (
            issuer.sign_under(&another, json!({})),
            "publishes no key for its kid and algorithm",
        ),
        (
            issuer.sign(json!({"sub": "mallory"})) + "AA",
            "its signature is not by a key",
        ),
        (none, "an algorithm that OIDC_ALGORITHMS does not name"),
        (
            "no.token-of-mallory".to_owned(),
            "it is not a JSON Web Token",
        ),
    ] {
        let answer = server.client.with_bearer(&token).get(EVENTS).await;
        answer.failure(401, "invalid_credentials");
        server.log.wait_for(words);
    }
    let log = server.stop().log;
    for secret in ["mallory", "other-api", "k7-of", ".e30."] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
