//! Tokens from a provider, and requests while the provider does not answer.

use gatewit::oidc::OidcSettings;
use jiff::SignedDuration;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::{EVENTS, client, identifying, relying_on};
use crate::support::door::{one_day, texts};
use crate::support::issuer::key;
use crate::support::provider::AUDIENCE;
use crate::support::{Issuer, Provider};

/// How long the real provider's tokens live.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test]
async fn a_token_of_a_real_provider_proves_who_calls() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let server = relying_on(provider.settings()).await;
    let ada = server.client.with_bearer(&provider.token("ada").await);
    let event = ada.post(EVENTS, one_day()).await.data(201);
    assert_eq!(event["organizers"], json!(["ada"]));
    let bob = server.client.with_bearer(&provider.token("bob").await);
    assert_eq!(bob.get(EVENTS).await.data(200), json!([]));
    let nobody = server.client.get(EVENTS).await;
    assert_eq!(nobody.challenge.as_deref(), Some("Bearer"));
    nobody.failure(401, "missing_credentials");
}

#[tokio::test]
async fn a_token_for_another_audience_or_of_another_time_proves_nothing() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let server = relying_on(provider.settings()).await;
    let other = provider.token_for("ada", "https://other.example/api").await;
    let other = server.client.with_bearer(&other).get(EVENTS).await;
    assert_eq!(other.challenge.as_deref(), Some("Bearer"));
    let words = other.failure(401, "invalid_credentials");
    assert_eq!(words, "the access token is for another audience");

    let ada = server.client.with_bearer(&provider.token("ada").await);
    ada.get(EVENTS).await.data(200);
    server.clock.advance(TOKEN_LIFE);
    let words = ada.get(EVENTS).await.failure(401, "invalid_credentials");
    assert_eq!(words, "the access token has expired");
    // A token from the future is valid: its provider's clock may be ahead.
    server.clock.advance(-TOKEN_LIFE - TOKEN_LIFE);
    ada.get(EVENTS).await.data(200);
}

#[tokio::test]
async fn only_the_algorithms_that_the_operator_chose_count() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let elliptic = provider
        .token_for("ada", &format!("{AUDIENCE}?alg=ES256"))
        .await;
    let server = relying_on(provider.settings()).await;
    let refused = server.client.with_bearer(&elliptic).get(EVENTS).await;
    refused.failure(401, "invalid_credentials");
    let settings = OidcSettings {
        algorithms: vec![Algorithm::RS256, Algorithm::ES256],
        ..provider.settings()
    };
    let server = relying_on(settings).await;
    server
        .client
        .with_bearer(&elliptic)
        .get(EVENTS)
        .await
        .data(200);
}

#[tokio::test]
async fn the_issuer_counts_with_and_without_its_trailing_slash() {
    let (issuer, server) = identifying().await;
    let slashed = format!("{}/", issuer.url);
    let document = json!({"issuer": slashed, "jwks_uri": issuer.document()["jwks_uri"]});
    issuer.discover(200, &document);
    for iss in [&issuer.url, &slashed] {
        let token = issuer.sign(json!({"iss": iss}));
        server
            .client
            .with_bearer(&token)
            .get(EVENTS)
            .await
            .data(200);
    }
    let token = issuer.sign(json!({"iss": format!("{slashed}x")}));
    let other = server.client.with_bearer(&token).get(EVENTS).await;
    other.failure(401, "invalid_credentials");
}

/// Checks that a provider with this answer identifies nobody, harms nothing else, and is asked again later.
async fn check_unavailable(what: &str, spoil: impl Fn(&Issuer)) {
    let (issuer, server) = identifying().await;
    spoil(&issuer);
    let ada = client(&server, &issuer, "ada");
    let answer = ada.get(EVENTS).await;
    assert_eq!(
        answer.retry_after.as_deref(),
        Some("1"),
        "{what}: {answer:?}"
    );
    answer.failure(503, "authentication_unavailable");
    let alive = server.client.get("/healthcheck/alive").await;
    assert_eq!(alive.status, 200, "{what}");
    let nobody = server.client.get(EVENTS).await;
    nobody.failure(401, "missing_credentials");

    issuer.discover(200, &issuer.document());
    issuer.publish(200, &json!({"keys": [key("k1")]}));
    // The server asks at most once a second, however many requests there are.
    let asked = issuer.asked();
    ada.get(EVENTS)
        .await
        .failure(503, "authentication_unavailable");
    assert_eq!(issuer.asked(), asked, "{what}");
    server.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(texts(&ada.get(EVENTS).await.data(200), "name"), [""; 0]);
}

#[tokio::test]
async fn while_the_provider_gives_no_keys_nobody_is_identified_and_nothing_else_suffers() {
    let large = Value::String(" ".repeat(2 * 1024 * 1024));
    check_unavailable("an error", |issuer| issuer.discover(500, &json!({}))).await;
    check_unavailable("a redirect", |issuer| issuer.discover(302, &json!({}))).await;
    check_unavailable("no JSON", |issuer| issuer.discover(200, &json!("<html>"))).await;
    check_unavailable("a flood", |issuer| issuer.discover(200, &large)).await;
    check_unavailable("another issuer", |issuer| {
        let document =
            json!({"issuer": "https://id.example.org", "jwks_uri": format!("{}/jwks", issuer.url)});
        issuer.discover(200, &document);
    })
    .await;
    check_unavailable("no jwks_uri", |issuer| {
        issuer.discover(200, &json!({"issuer": issuer.url}));
    })
    .await;
    check_unavailable("keys that fail", |issuer| issuer.publish(500, &json!({}))).await;
    check_unavailable("no keys", |issuer| {
        issuer.publish(200, &json!({"keys": []}))
    })
    .await;
    check_unavailable("keys of other kinds", |issuer| {
        let secret = json!({"kty": "oct", "kid": "k1", "k": "c2VjcmV0", "alg": "HS256"});
        issuer.publish(200, &json!({"keys": [secret, {"kty": "new"}, 3]}));
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_is_down_when_the_server_starts_is_found_once_it_is_up() {
    let Some(mut provider) = Provider::start() else {
        return;
    };
    let token = provider.token("ada").await;
    provider.tell("down");
    let server = relying_on(provider.settings()).await;
    let ada = server.client.with_bearer(&token);
    ada.get(EVENTS)
        .await
        .failure(503, "authentication_unavailable");
    provider.tell("up");
    server.clock.advance(SignedDuration::from_secs(1));
    ada.get(EVENTS).await.data(200);
}

#[tokio::test]
async fn a_key_of_a_kind_we_do_not_know_spoils_no_other() {
    let (issuer, server) = identifying().await;
    let curve = json!({"kty": "EC", "crv": "secp256k1", "kid": "k0", "x": "AA", "y": "AA"});
    issuer.publish(200, &json!({"keys": [curve, {"kty": "new"}, 3, key("k1")]}));
    client(&server, &issuer, "ada").get(EVENTS).await.data(200);
}
