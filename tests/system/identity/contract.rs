//! `/tickets/*` refuses unidentified callers in exactly the words of the reference service: `fact-check-in.md` §6.

use jsonwebtoken::{Algorithm, Header};
use serde_json::{Value, json};

use super::{client, identifying};
use crate::support::jwt::{header, with_header, with_signature};
use crate::support::{Client, Issuer, START, Server};

const COUNT: &str = "/tickets/ticket_count/";
const MISSING: &str = "Missing authentication credentials";
const MALFORMED: &str = "Invalid or malformed token";

/// The second in which the server's clock stands still.
fn now() -> i64 {
    let now: jiff::Timestamp = START.parse().expect("tests begin at a time");
    now.as_second()
}

/// A way to break a provider.
type Spoil = fn(&Issuer);

/// Checks that a client is refused with this status and text.
async fn check(client: &Client, status: u16, detail: &str) {
    let answer = client.get(COUNT).await;
    assert_eq!(answer.status, status, "{detail}: {answer:?}");
    assert_eq!(answer.body, json!({"detail": detail}));
    let challenge = (status == 401).then_some("Bearer");
    assert_eq!(answer.challenge.as_deref(), challenge, "{detail}");
}

/// Checks that a token with these claims is refused.
async fn check_claims(server: &Server, issuer: &Issuer, claims: Value, detail: &str) {
    let client = server.client.with_bearer(&issuer.sign(claims));
    check(&client, 401, detail).await;
}

#[tokio::test]
async fn a_token_is_refused_in_the_words_of_the_contract() {
    let (issuer, server) = identifying().await;
    check(&server.client, 401, MISSING).await;
    check(&server.client.with_bearer(""), 401, MISSING).await;
    let now = now();
    for (claims, detail) in [
        (json!({"exp": now - 30}), "Token has expired"),
        (json!({"aud": "other"}), "Invalid token audience"),
        (
            json!({"iss": "https://id.example.com"}),
            "Invalid token issuer",
        ),
        (json!({"exp": null}), "Token missing required claims"),
        (json!({"iss": null}), "Token missing required claims"),
        (json!({"aud": null}), "Token missing required claims"),
        (json!({"sub": null}), "Token missing required claims"),
        (json!({"sub": 3}), MALFORMED),
        (json!({"nbf": now + 3600}), MALFORMED),
    ] {
        check_claims(&server, &issuer, claims, detail).await;
    }
    let good = issuer.token("u1");
    let none = with_header(&good, &json!({"alg": "none", "kid": "k1"}));
    let mut header_of_another = Header::new(Algorithm::RS512);
    header_of_another.kid = Some("k1".to_owned());
    let longer = issuer.sign_under(&header_of_another, json!({}));
    for token in [&with_signature(&none, ""), &longer, "garbage"] {
        check(&server.client.with_bearer(token), 401, MALFORMED).await;
    }
    assert_eq!(header(&good)["kid"], "k1");
    let answer = server.client.with_bearer(&good).get(COUNT).await;
    assert_eq!((answer.status == 401, answer.challenge), (false, None));
}

#[tokio::test]
async fn a_provider_that_fails_is_told_in_the_words_of_the_contract() {
    let refused: [(Spoil, u16, &str); 4] = [
        (
            |issuer| issuer.discover(500, &json!({})),
            503,
            "Authentication service unavailable",
        ),
        (
            |issuer| issuer.discover(200, &json!({"issuer": issuer.url})),
            503,
            "OIDC discovery document missing jwks_uri",
        ),
        (|issuer| issuer.publish(500, &json!({})), 401, MALFORMED),
        (
            |issuer| issuer.publish(200, &json!({"keys": []})),
            401,
            MALFORMED,
        ),
    ];
    for (spoil, status, detail) in refused {
        let (issuer, server) = identifying().await;
        spoil(&issuer);
        check(&client(&server, &issuer, "u1"), status, detail).await;
    }
}

#[tokio::test]
async fn who_is_not_identified_learns_only_that_and_what_is_open_stays_so() {
    let (_, server) = identifying().await;
    let nobody = &server.client;
    let path = "/tickets/validate_email/";
    let answer = nobody.post(path, json!({"email": "nobody"})).await;
    assert_eq!(
        (answer.status, &answer.body["detail"]),
        (401, &json!(MISSING))
    );
    let answer = nobody.post_bytes(path, "{").await;
    assert_eq!(
        (answer.status, &answer.body["detail"][0]["type"]),
        (422, &json!("json_invalid"))
    );
    let answer = nobody.get("/tickets/nothing/").await;
    assert_eq!(
        (answer.status, answer.body),
        (404, json!({"detail": "Not Found"}))
    );
    let answer = nobody.get("/healthcheck/alive").await;
    assert_eq!((answer.status, answer.body), (200, json!({"alive": true})));
}
