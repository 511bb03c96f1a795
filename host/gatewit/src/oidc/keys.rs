//! The provider's public keys, each pinned to the algorithms it may be used with.

use jiff::Timestamp;
use jsonwebtoken::crypto::verify;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::header::Header;

/// The members of a key that are used. All others are ignored, whatever they hold.
const MEMBERS: [&str; 10] = [
    "kty", "use", "key_ops", "alg", "kid", "n", "e", "crv", "x", "y",
];
/// How many keys are tried for one token, which bounds the work that a forged token causes.
const TRIED_MAX: usize = 8;

/// The keys in the provider's order.
pub(super) struct KeySet {
    keys: Vec<Key>,
    pub(super) fetched_at: Timestamp,
}

struct Key {
    /// Its `kid`, if the provider gave it one.
    name: Option<String>,
    key: DecodingKey,
    algorithms: Vec<Algorithm>,
}

/// A JWKS document. Each key is parsed separately, so that an unsupported one does not invalidate the others.
#[derive(Deserialize)]
pub(super) struct JwksDocument {
    keys: Vec<Value>,
}

impl KeySet {
    /// Keeps the keys that sign with one of these algorithms.
    pub(super) fn new(document: JwksDocument, algorithms: &[Algorithm], now: Timestamp) -> Self {
        let keys = document.keys.into_iter();
        let keys = keys.filter_map(|jwk| Key::of(read(jwk)?, algorithms));
        Self {
            keys: keys.collect(),
            fetched_at: now,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether a key may have signed a token with this header.
    pub(super) fn has_key_for(&self, header: &Header) -> bool {
        self.keys_for(header).next().is_some()
    }

    /// Whether a key has the `kid` of a token's header.
    pub(super) fn names_key_of(&self, header: &Header) -> bool {
        header.kid.is_some() && self.keys.iter().any(|key| key.name == header.kid)
    }

    /// Whether one of the keys for its header signed a token.
    pub(super) fn has_signed(&self, header: &Header, token: &str) -> bool {
        let Some((message, signature)) = token.rsplit_once('.') else {
            return false;
        };
        let mut keys = self.keys_for(header).take(TRIED_MAX);
        keys.any(|key| {
            let verified = verify(signature, message.as_bytes(), &key.key, header.alg);
            verified.unwrap_or(false)
        })
    }

    /// Returns the keys of the token's algorithm; if both the token and a key have a `kid`, the two must match.
    fn keys_for(&self, header: &Header) -> impl Iterator<Item = &Key> {
        let is_named =
            |key: &&Key| key.name.is_none() || header.kid.is_none() || key.name == header.kid;
        let keys = self.keys.iter().filter(move |key| is_named(key));
        keys.filter(|key| key.algorithms.contains(&header.alg))
    }
}

impl Key {
    fn of(jwk: Jwk, allowed: &[Algorithm]) -> Option<Self> {
        let is_for_signatures = is_for_signatures(&jwk);
        let mut algorithms = of_its_kind(&jwk);
        algorithms.retain(|algorithm| {
            let pinned = jwk.common.key_algorithm;
            is_for_signatures
                && allowed.contains(algorithm)
                && pinned.is_none_or(|pinned| pinned == (*algorithm).into())
        });
        if algorithms.is_empty() {
            return None;
        }
        Some(Self {
            key: DecodingKey::from_jwk(&jwk).ok()?,
            name: jwk.common.key_id.filter(|name| !name.is_empty()),
            algorithms,
        })
    }
}

/// Reads a key; None if it is of a kind that is not supported.
fn read(mut jwk: Value) -> Option<Jwk> {
    let members = jwk.as_object_mut()?;
    members.retain(|member, _| MEMBERS.contains(&member.as_str()));
    serde_json::from_value(jwk).ok()
}

/// Whether a key may verify signatures, by its `use` and its `key_ops`.
fn is_for_signatures(jwk: &Jwk) -> bool {
    let purpose = jwk.common.public_key_use.as_ref();
    let operations = jwk.common.key_operations.as_ref();
    purpose.is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && operations.is_none_or(|all| all.contains(&KeyOperations::Verify))
}

/// Returns the algorithms that a key of this kind can verify: never HMAC, whose secret would be the public key.
fn of_its_kind(jwk: &Jwk) -> Vec<Algorithm> {
    match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa.algorithms().to_vec(),
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => vec![Algorithm::ES256],
            EllipticCurve::P384 => vec![Algorithm::ES384],
            _ => Vec::new(),
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            vec![Algorithm::EdDSA]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Whether a key with these members may verify a token that names the key `k1`.
    fn verifies(members: &Value) -> bool {
        let mut key = json!({
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        });
        for (name, value) in members.as_object().unwrap() {
            key[name] = value.clone();
        }
        let document = JwksDocument { keys: vec![key] };
        let keys = KeySet::new(document, &[Algorithm::ES256], Timestamp::UNIX_EPOCH);
        let kid = Some("k1".to_owned());
        let alg = Algorithm::ES256;
        keys.has_key_for(&Header { alg, kid })
    }

    #[test]
    fn only_a_key_for_signatures_verifies() {
        for members in [
            json!({}),
            json!({"use": "sig"}),
            json!({"key_ops": ["verify"]}),
            json!({"use": "sig", "key_ops": ["sign", "verify"]}),
        ] {
            assert!(verifies(&members), "{members}");
        }
        for members in [
            json!({"use": "enc"}),
            json!({"use": "other"}),
            json!({"key_ops": ["encrypt"]}),
            json!({"key_ops": []}),
            json!({"use": "sig", "key_ops": ["encrypt", "wrapKey"]}),
            json!({"use": "enc", "key_ops": ["verify"]}),
        ] {
            assert!(!verifies(&members), "{members}");
        }
    }

    #[test]
    fn members_that_are_not_used_are_not_looked_at() {
        for member in ["x5c", "x5t", "x5u", "x5t#S256", "exp", "of_theirs"] {
            assert!(verifies(&json!({member: 5})), "{member}");
        }
    }

    #[test]
    fn an_empty_kid_is_none() {
        assert!(verifies(&json!({"kid": ""})));
        assert!(!verifies(&json!({"kid": "k2"})));
    }
}
