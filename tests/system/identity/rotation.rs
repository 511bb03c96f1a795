//! Keys that change, and keys that cannot be fetched.

use futures::future::join_all;
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, Header};
use serde_json::json;

use super::{EVENTS, client, identifying, relying_on};
use crate::support::issuer::key;
use crate::support::{Issuer, Provider, Server};

const KEYS_LIFE: SignedDuration = SignedDuration::from_hours(1);
const ASK_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// Returns the status of a request with a token.
async fn status(server: &Server, token: &str) -> u16 {
    server.client.with_bearer(token).get(EVENTS).await.status
}

/// A token that names a key which does not exist.
fn guess(issuer: &Issuer, number: usize) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(format!("guess-{number}"));
    issuer.sign_under(&header, json!({}))
}

#[tokio::test]
async fn a_rotated_key_is_found_at_once_and_the_old_one_counts_no_more() {
    let Some(mut provider) = Provider::start() else {
        return;
    };
    let server = relying_on(provider.settings()).await;
    let old = provider.token("ada").await;
    assert_eq!(status(&server, &old).await, 200);
    provider.tell("rotate");
    let new = provider.token("ada").await;
    assert_eq!(status(&server, &new).await, 200);
    assert_eq!(status(&server, &old).await, 401);
    assert_eq!(provider.tell("asked"), "2");

    // The next rotation is found when the minute is over.
    provider.tell("rotate");
    let newest = provider.token("ada").await;
    assert_eq!(status(&server, &newest).await, 401);
    assert_eq!(provider.tell("asked"), "2");
    server.clock.advance(ASK_AGAIN);
    assert_eq!(status(&server, &newest).await, 200);
    assert_eq!(provider.tell("asked"), "3");
}

#[tokio::test]
async fn a_flood_of_guessed_keys_asks_the_provider_once_a_minute() {
    let (issuer, server) = identifying().await;
    let ada = client(&server, &issuer, "ada");
    ada.get(EVENTS).await.data(200);
    assert_eq!(issuer.asked(), 1);
    let tokens: Vec<_> = (0..100).map(|number| guess(&issuer, number)).collect();
    for round in 2..4 {
        let statuses = join_all(tokens.iter().map(|token| status(&server, token))).await;
        assert_eq!(statuses, [401; 100]);
        assert_eq!(issuer.asked(), round);
        ada.get(EVENTS).await.data(200);
        server.clock.advance(ASK_AGAIN);
    }
}

#[tokio::test]
async fn many_first_requests_at_once_ask_the_provider_once() {
    let (issuer, server) = identifying().await;
    let ada = client(&server, &issuer, "ada");
    let answers = join_all((0..32).map(|_| ada.get(EVENTS))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn known_keys_serve_on_while_the_provider_is_down() {
    let Some(mut provider) = Provider::start() else {
        return;
    };
    let server = relying_on(provider.settings()).await;
    let (ada, bob) = (provider.token("ada").await, provider.token("bob").await);
    assert_eq!(status(&server, &ada).await, 200);
    provider.tell("down");
    for _ in 0..3 {
        server.clock.advance(KEYS_LIFE);
        assert_eq!(status(&server, &ada).await, 200);
        assert_eq!(status(&server, &bob).await, 200);
    }
    provider.tell("up");
    assert_eq!(provider.tell("asked"), "1");
    server.clock.advance(ASK_AGAIN);
    assert_eq!(status(&server, &ada).await, 200);
    assert_eq!(provider.tell("asked"), "2");
}

#[tokio::test]
async fn a_provider_that_loses_its_keys_takes_none_from_us() {
    let (issuer, server) = identifying().await;
    let token = issuer.token("ada");
    assert_eq!(status(&server, &token).await, 200);
    issuer.publish(200, &json!({"keys": []}));
    server.clock.advance(KEYS_LIFE);
    assert_eq!(status(&server, &token).await, 200);
}

#[tokio::test]
async fn a_key_that_the_provider_withdrew_counts_for_an_hour_at_most() {
    let (issuer, server) = identifying().await;
    let token = issuer.token("ada");
    assert_eq!(status(&server, &token).await, 200);
    issuer.publish(200, &json!({"keys": [key("k2")]}));
    server.clock.advance(KEYS_LIFE - ASK_AGAIN);
    assert_eq!(status(&server, &token).await, 200);
    server.clock.advance(ASK_AGAIN);
    assert_eq!(status(&server, &token).await, 401);
}
