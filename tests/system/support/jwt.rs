//! JSON Web Tokens, taken apart and put together again as readers, and forgers, do.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// What a token says of itself.
pub fn header(token: &str) -> Value {
    part(token, 0)
}

/// What a token claims.
pub fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The token with another header. Its signature is that of the old one.
pub fn with_header(token: &str, header: &Value) -> String {
    with_part(token, 0, encode(header))
}

/// The token with other claims. Its signature is that of the old ones.
pub fn with_claims(token: &str, claims: &Value) -> String {
    with_part(token, 1, encode(claims))
}

/// The token with another signature.
pub fn with_signature(token: &str, signature: &str) -> String {
    with_part(token, 2, signature.to_owned())
}

/// A public key, base64 of its SPKI DER, as PEM.
pub fn pem(public_key: &str) -> String {
    format!("-----BEGIN PUBLIC KEY-----\n{public_key}\n-----END PUBLIC KEY-----\n")
}

fn part(token: &str, index: usize) -> Value {
    let part = token
        .split('.')
        .nth(index)
        .expect("a token has three parts");
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .expect("a token's parts are base64url");
    serde_json::from_slice(&bytes).expect("a token's parts are JSON")
}

fn with_part(token: &str, index: usize, part: String) -> String {
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts[index] = part;
    parts.join(".")
}

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}
