//! The provider's public keys, each pinned to the algorithms it may be used with.

use jiff::Timestamp;
use jsonwebtoken::crypto::verify;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Header};
use serde::Deserialize;
use serde_json::Value;

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
        let keys = keys.filter_map(|jwk| Key::of(serde_json::from_value(jwk).ok()?, algorithms));
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
        let is_for_signatures = !matches!(
            jwk.common.public_key_use,
            Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_))
        );
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
            name: jwk.common.key_id,
            algorithms,
        })
    }
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
