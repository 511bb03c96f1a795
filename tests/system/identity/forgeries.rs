//! Forged tokens give no access.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{EVENTS, identifying, relying_on};
use crate::support::door::{VALIDATE, text, with};
use crate::support::issuer::key;
use crate::support::jwt::{claims, header, with_claims, with_header, with_signature};
use crate::support::{Door, Provider};

/// The token's claims, signed with HMAC under a public secret.
fn hs256(token: &str, secret: &[u8]) -> String {
    let mut forged = Header::new(Algorithm::HS256);
    forged.kid = Some(text(&header(token)["kid"]));
    let key = EncodingKey::from_secret(secret);
    jsonwebtoken::encode(&forged, &claims(token), &key).expect("claims can be signed")
}

#[tokio::test]
async fn a_forged_token_of_a_real_provider_opens_nothing() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let server = relying_on(provider.settings()).await;
    let (genuine, other) = (provider.token("ada").await, provider.token("bob").await);
    let reheaded = |fields: Value| with_header(&genuine, &with(&header(&genuine), fields));
    let of = |algorithm: &str| reheaded(json!({"alg": algorithm}));
    let keys = provider.keys().await;
    let public = &keys["keys"][0];
    let modulus = text(&public["n"]);
    let elliptic = text(&keys["keys"][1]["kid"]);
    let (_, signature) = other.rsplit_once('.').expect("a token has parts");
    let renamed = with(&claims(&genuine), json!({"sub": "bob"}));
    let tokens = [
        ("alg none", with_signature(&of("none"), "")),
        ("alg None", with_signature(&of("None"), "")),
        ("alg none, the signature left", of("none")),
        ("alg RS512", of("RS512")),
        ("alg PS256", of("PS256")),
        ("alg ES256", of("ES256")),
        ("unsigned", with_signature(&genuine, "")),
        ("another's signature", with_signature(&genuine, signature)),
        ("another sub", with_claims(&genuine, &renamed)),
        (
            "HS256 under the key",
            hs256(&genuine, public.to_string().as_bytes()),
        ),
        (
            "HS256 under the modulus",
            hs256(&genuine, modulus.as_bytes()),
        ),
        ("HS256 under nothing", hs256(&genuine, b"")),
        ("another key", reheaded(json!({"kid": elliptic}))),
        ("no kid", reheaded(json!({"kid": null}))),
        ("a kid that is no text", reheaded(json!({"kid": 7}))),
        ("an extension", reheaded(json!({"crit": ["exp"]}))),
        (
            "two parts",
            genuine.rsplit_once('.').expect("parts").0.to_owned(),
        ),
        ("garbage", "garbage".to_owned()),
    ];
    for (what, token) in &tokens {
        let answer = server.client.with_bearer(token).get(EVENTS).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        answer.failure(401, "invalid_credentials");
    }
    let answer = server.client.with_bearer(&genuine).get(EVENTS).await;
    assert_eq!(answer.data(200), json!([]));
}

#[tokio::test]
async fn a_key_that_is_published_for_one_algorithm_is_used_for_no_other() {
    let (issuer, server) = identifying().await;
    let pinned = with(&key("k1"), json!({"alg": "RS512"}));
    let encrypting = with(&key("k2"), json!({"use": "enc"}));
    issuer.publish(200, &json!({"keys": [pinned, encrypting, key("k3")]}));
    for (kid, status) in [("k1", 401), ("k2", 401), ("k3", 200)] {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(kid.to_owned());
        let token = issuer.sign_under(&header, json!({}));
        let answer = server.client.with_bearer(&token).get(EVENTS).await;
        assert_eq!(answer.status, status, "{kid}");
    }
}

#[tokio::test]
async fn scanners_and_tickets_are_no_identities_and_identities_no_scanners() {
    let (issuer, server) = identifying().await;
    let door = Door::open_one_day(&server.client.with_bearer(&issuer.token("ada"))).await;
    let ticket = door.issue_jwt("vip").await;
    for client in [door.scanner.clone(), server.client.with_bearer(&ticket)] {
        client.get(EVENTS).await.failure(401, "invalid_credentials");
    }
    let organizer = &door.organizer;
    let scan = organizer.post(VALIDATE, door.body(&ticket)).await;
    scan.failure(401, "invalid_credentials");
    assert_eq!(door.verdict(&ticket).await, "VALID");
}
