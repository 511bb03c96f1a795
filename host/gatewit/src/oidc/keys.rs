//! The provider's public keys, each pinned to the algorithms it may be used with.

use std::collections::HashMap;

use jiff::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What a token claims.
pub(super) type Claims = Map<String, Value>;

/// Keys by their `kid`.
pub(super) struct KeySet {
    keys: HashMap<String, Key>,
    pub(super) fetched_at: Timestamp,
}

struct Key {
    key: DecodingKey,
    validation: Validation,
}

/// A JWKS document. Each key is read by itself, so that one of a kind we do not know spoils no other.
#[derive(Deserialize)]
pub(super) struct JwksDocument {
    keys: Vec<Value>,
}

impl KeySet {
    /// Keeps the keys that sign with one of these algorithms.
    pub(super) fn new(document: JwksDocument, algorithms: &[Algorithm], now: Timestamp) -> Self {
        let mut keys = HashMap::new();
        for jwk in document.keys {
            let jwk: Option<Jwk> = serde_json::from_value(jwk).ok();
            if let Some((kid, key)) = jwk.and_then(|jwk| Key::of(jwk, algorithms)) {
                keys.entry(kid).or_insert(key);
            }
        }
        Self {
            keys,
            fetched_at: now,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn holds(&self, kid: &str) -> bool {
        self.keys.contains_key(kid)
    }

    /// Tells what a token claims if the key of this name signed it. What is claimed is not yet judged.
    pub(super) fn verify(&self, kid: &str, token: &str) -> Option<Claims> {
        let key = self.keys.get(kid)?;
        let token = decode(token, &key.key, &key.validation).ok()?;
        Some(token.claims)
    }
}

impl Key {
    fn of(jwk: Jwk, allowed: &[Algorithm]) -> Option<(String, Self)> {
        let kid = jwk.common.key_id.clone()?;
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
        let mut validation = Validation::new(*algorithms.first()?);
        validation.algorithms = algorithms;
        // The signature alone is proved here.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        Some((kid, Self { key, validation }))
    }
}

/// The algorithms that a key of this kind can verify: never HMAC, to which a public key would be the secret.
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
