//! A cache of verified credentials: a scanner sends the same ones with every scan, and a signature does not change.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use aws_lc_rs::digest::{SHA256, digest};
use gatewit_domain::claims::ScannerClaims;

/// How many are kept for one event; it seldom has more scanners than that.
const CREDENTIALS_MAX: usize = 4096;

type Digest = [u8; 32];

/// The claims of genuine scanner credentials, by their digest: the credentials themselves are not kept.
///
/// It only saves verifying the signature. Whether a scanner may still scan is looked up each time.
#[derive(Default)]
pub(super) struct VerifiedCredentialCache(RwLock<HashMap<Digest, ScannerClaims>>);

impl VerifiedCredentialCache {
    /// Verifies a scanner's credentials unless they are cached.
    pub(super) fn or_verify(
        &self,
        token: &str,
        verify: impl FnOnce(&str) -> Option<ScannerClaims>,
    ) -> Option<ScannerClaims> {
        let digest = digest_of(token);
        // No code that holds the lock can panic.
        let cached = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(claims) = cached.get(&digest) {
            return Some(claims.clone());
        }
        drop(cached);
        let claims = verify(token)?;
        self.remember(digest, claims.clone());
        Some(claims)
    }

    fn remember(&self, digest: Digest, claims: ScannerClaims) {
        let mut cached = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if cached.len() >= CREDENTIALS_MAX {
            // Credentials in use are cached again with their next scan.
            cached.clear();
        }
        cached.insert(digest, claims);
    }
}

fn digest_of(token: &str) -> Digest {
    let digest = digest(&SHA256, token.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(iat: i64) -> ScannerClaims {
        let id = "00000000-0000-7000-8000-000000000000";
        ScannerClaims {
            scanner_id: id.parse().unwrap(),
            event_id: id.parse().unwrap(),
            iat,
            exp: iat + 1,
        }
    }

    #[test]
    fn genuine_credentials_are_verified_once() {
        let cached = VerifiedCredentialCache::default();
        let first = cached.or_verify("token", |_| Some(credentials(1)));
        assert_eq!(first, Some(credentials(1)));
        let again = cached.or_verify("token", |_| panic!("verified again"));
        assert_eq!(again, first);
    }

    #[test]
    fn a_forgery_is_never_remembered() {
        let cached = VerifiedCredentialCache::default();
        assert_eq!(cached.or_verify("token", |_| None), None);
        assert_eq!(
            cached.or_verify("token", |_| Some(credentials(1))),
            Some(credentials(1))
        );
        assert_eq!(cached.or_verify("token2", |_| None), None);
    }

    #[test]
    fn a_flood_of_credentials_fills_no_memory() {
        let cached = VerifiedCredentialCache::default();
        for number in 0..CREDENTIALS_MAX + 10 {
            cached.or_verify(&number.to_string(), |_| Some(credentials(1)));
        }
        assert!(cached.0.read().unwrap().len() <= CREDENTIALS_MAX);
    }
}
