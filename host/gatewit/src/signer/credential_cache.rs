//! A cache of verified credentials: a scanner sends the same ones with every scan, and a signature does not change.

use aws_lc_rs::digest::{SHA256, digest};
use gatewit_domain::claims::ScannerClaims;
use gatewit_domain::id::EventId;
use moka::sync::Cache;

/// How many are kept for all events, in some 10 MB.
const CREDENTIALS_MAX: u64 = 32_768;

type Digest = [u8; 32];

/// The claims of genuine scanner credentials, by their event and digest: the credentials themselves are not kept.
///
/// A clone is the same cache. It only saves verifying the signature: whether a scanner may still scan is looked up each
/// time.
#[derive(Clone)]
pub(super) struct VerifiedCredentialCache(Cache<(EventId, Digest), ScannerClaims>);

impl VerifiedCredentialCache {
    pub(super) fn new() -> Self {
        Self(Cache::new(CREDENTIALS_MAX))
    }

    /// Verifies a scanner's credentials for an event unless they are cached.
    pub(super) fn or_verify(
        &self,
        event: EventId,
        token: &str,
        verify: impl FnOnce(&str) -> Option<ScannerClaims>,
    ) -> Option<ScannerClaims> {
        let key = (event, digest_of(token));
        if let Some(claims) = self.0.get(&key) {
            return Some(claims);
        }
        // Requests with the same new token verify it side by side: waiting for each other would cost more.
        let claims = verify(token)?;
        self.0.insert(key, claims.clone());
        Some(claims)
    }
}

fn digest_of(token: &str) -> Digest {
    let digest = digest(&SHA256, token.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> EventId {
        "00000000-0000-7000-8000-000000000000".parse().unwrap()
    }

    fn credentials(iat: i64) -> ScannerClaims {
        ScannerClaims {
            scanner_id: event().to_string().parse().unwrap(),
            event_id: event(),
            iat,
            exp: iat + 1,
        }
    }

    #[test]
    fn genuine_credentials_are_verified_once() {
        let cached = VerifiedCredentialCache::new();
        let first = cached.or_verify(event(), "token", |_| Some(credentials(1)));
        assert_eq!(first, Some(credentials(1)));
        let again = cached.or_verify(event(), "token", |_| panic!("verified again"));
        assert_eq!(again, first);
    }

    #[test]
    fn a_forgery_is_never_remembered() {
        let cached = VerifiedCredentialCache::new();
        assert_eq!(cached.or_verify(event(), "token", |_| None), None);
        assert_eq!(
            cached.or_verify(event(), "token", |_| Some(credentials(1))),
            Some(credentials(1))
        );
        assert_eq!(cached.or_verify(event(), "token2", |_| None), None);
        let other = "00000000-0000-7000-8000-000000000001".parse().unwrap();
        assert_eq!(cached.or_verify(other, "token", |_| None), None);
    }

    #[test]
    fn a_flood_of_credentials_fills_no_memory() {
        let cached = VerifiedCredentialCache(Cache::new(16));
        for number in 0..100 {
            cached.or_verify(event(), &number.to_string(), |_| Some(credentials(1)));
        }
        cached.0.run_pending_tasks();
        assert!(cached.0.entry_count() <= 16);
    }
}
