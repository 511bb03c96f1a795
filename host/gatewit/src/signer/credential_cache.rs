//! A cache of verified credentials: a scanner sends the same ones with every scan, and a signature does not change.

use equivalent::Equivalent;
use foldhash::quality::RandomState;
use gatewit_domain::claims::ScannerClaims;
use gatewit_domain::id::EventId;
use moka::sync::Cache;

/// How many are kept for all events, in some 30 MB.
const CREDENTIALS_MAX: u64 = 32_768;

/// The claims of genuine scanner credentials, by their event and text. The whole text is compared, so that a hash that
/// somebody guesses opens nothing.
///
/// A clone is the same cache. It only saves verifying the signature: whether a scanner may still scan is looked up each
/// time. The keys that sign credentials are in the same memory, so that keeping the credentials there reveals no more.
#[derive(Clone)]
pub(super) struct VerifiedCredentialCache(Cache<Credentials<Box<str>>, ScannerClaims, RandomState>);

/// Credentials as they were sent, to a scanner's event.
#[derive(PartialEq, Eq, Hash)]
struct Credentials<T> {
    event: EventId,
    token: T,
}

impl Equivalent<Credentials<Box<str>>> for Credentials<&str> {
    fn equivalent(&self, kept: &Credentials<Box<str>>) -> bool {
        self.event == kept.event && *self.token == *kept.token
    }
}

impl VerifiedCredentialCache {
    pub(super) fn new() -> Self {
        Self::with_room_for(CREDENTIALS_MAX)
    }

    fn with_room_for(credentials: u64) -> Self {
        let cache = Cache::builder().max_capacity(credentials);
        Self(cache.build_with_hasher(RandomState::default()))
    }

    /// Verifies a scanner's credentials for an event unless they are cached.
    pub(super) fn or_verify(
        &self,
        event: EventId,
        token: &str,
        verify: impl FnOnce(&str) -> Option<ScannerClaims>,
    ) -> Option<ScannerClaims> {
        if let Some(claims) = self.0.get(&Credentials { event, token }) {
            return Some(claims);
        }
        // Requests with the same new token verify it side by side: waiting for each other would cost more.
        let claims = verify(token)?;
        let token = token.into();
        self.0.insert(Credentials { event, token }, claims.clone());
        Some(claims)
    }
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
        let cached = VerifiedCredentialCache::with_room_for(16);
        for number in 0..100 {
            cached.or_verify(event(), &number.to_string(), |_| Some(credentials(1)));
        }
        cached.0.run_pending_tasks();
        assert!(cached.0.entry_count() <= 16);
    }
}
