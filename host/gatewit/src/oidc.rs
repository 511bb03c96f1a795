//! Verifies bearer tokens by OpenID Connect. `gatewit-api.md` §2.
//!
//! An identity provider signs the tokens; its keys are found by discovery and cached. What an identity may do is
//! decided by the desk, not here.

use std::ptr;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use gatewit_domain::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::dangerous::insecure_decode_claims;
use tokio::sync::Mutex;

mod claims;
mod elapsed;
mod errors;
mod header;
mod keys;
mod provider;
mod refusals;
mod settings;

pub use errors::{Flaw, ProviderFailure, TokenError};
pub use provider::ProviderError;
pub use settings::{OidcSettings, OidcSettingsError};

use elapsed::is_past;
use header::Header;
use keys::KeySet;
use provider::Provider;
use refusals::RefusalLog;

/// How old the keys may become before the provider is asked for them again.
const KEYS_LIFE: SignedDuration = SignedDuration::from_hours(1);
/// How often the provider is asked at most: for an unknown key, or again after a failure.
const ASK_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// The same while there are no keys yet, so that nobody can be let in.
const ASK_AGAIN_WITHOUT_KEYS: SignedDuration = SignedDuration::from_secs(1);

/// Verifies the tokens of one provider.
pub struct Oidc {
    settings: OidcSettings,
    provider: Provider,
    clock: Arc<dyn Clock>,
    /// None until the provider has answered once. While it is down, its last keys stay in use.
    keys: ArcSwapOption<KeySet>,
    /// Locked while the provider is asked, so that concurrent callers share one request.
    asked: Arc<Mutex<Asked>>,
    refusals: RefusalLog,
}

/// When the provider was asked, and how the last failure looked.
#[derive(Default)]
struct Asked {
    last: Option<Timestamp>,
    for_unknown_key: Option<Timestamp>,
    /// Why there are no keys.
    failure: Option<ProviderFailure>,
}

impl Oidc {
    /// Prepares to verify tokens, without asking the provider yet.
    pub fn new(settings: OidcSettings, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            provider: Provider::new(settings.issuer.clone()),
            settings,
            clock,
            keys: ArcSwapOption::empty(),
            asked: Arc::default(),
            refusals: RefusalLog::default(),
        })
    }

    /// Verifies a token and returns its `sub`. Does not wait while the key that signed it is known and fresh.
    pub async fn identify(self: &Arc<Self>, token: &str) -> Result<String, TokenError> {
        let identified = self.prove(token).await;
        if let Err(error) = identified {
            self.refusals.report(error, self.now());
        }
        identified
    }

    async fn prove(self: &Arc<Self>, token: &str) -> Result<String, TokenError> {
        let header = Header::of(token).map_err(TokenError::Malformed)?;
        if !self.settings.algorithms.contains(&header.alg) {
            return Err(TokenError::Malformed(Flaw::Algorithm));
        }
        if self.asks_for(&header) {
            self.ask(|keys| keys.has_key_for(&header)).await;
        }
        let keys = self.known_keys().await?;
        let is_genuine = keys.has_signed(&header, token)
            || self.has_newer_key_signed(&keys, &header, token).await?;
        if !is_genuine {
            return Err(TokenError::Malformed(match keys.has_key_for(&header) {
                true => Flaw::Signature,
                false => Flaw::UnknownKey,
            }));
        }
        let claims = insecure_decode_claims(token);
        let claims = claims.map_err(|_| TokenError::Malformed(Flaw::Unreadable))?;
        claims::check(&claims, &self.settings, self.now())
    }

    /// Whether a newer key signed a token: a key without a matching name may have been replaced.
    async fn has_newer_key_signed(
        self: &Arc<Self>,
        tried: &Arc<KeySet>,
        header: &Header,
        token: &str,
    ) -> Result<bool, TokenError> {
        if !tried.has_key_for(header) || tried.names_key_of(header) {
            return Ok(false);
        }
        self.ask(|keys| !ptr::eq(keys, &**tried)).await;
        Ok(self.known_keys().await?.has_signed(header, token))
    }

    /// Returns the keys that were fetched last.
    async fn known_keys(&self) -> Result<Arc<KeySet>, TokenError> {
        match self.keys.load_full() {
            Some(keys) => Ok(keys),
            None => {
                let failure = self.asked.lock().await.failure;
                let failure = failure.unwrap_or(ProviderFailure::Discovery);
                Err(TokenError::Unavailable(failure))
            }
        }
    }

    /// Fetches the provider's keys before the first token comes.
    pub async fn warm(self: &Arc<Self>) {
        self.ask(|_| false).await;
    }

    /// Whether to ask the provider before checking a token with this header.
    fn asks_for(&self, header: &Header) -> bool {
        let is_served = |keys: &Arc<KeySet>| {
            keys.has_key_for(header) && !is_past(keys.fetched_at, KEYS_LIFE, self.now())
        };
        !self.keys.load().as_ref().is_some_and(is_served)
    }

    /// Asks the provider for its keys if that is due. On return, the last request to it has ended. `is_usable` says
    /// whether the caller can use certain keys meanwhile.
    async fn ask(self: &Arc<Self>, is_usable: impl Fn(&KeySet) -> bool) {
        let is_served = self
            .keys
            .load()
            .as_ref()
            .is_some_and(|keys| is_usable(keys));
        let asked = match is_served {
            // While a known key is refreshed, all other callers keep using it.
            true => self.asked.clone().try_lock_owned().ok(),
            false => Some(self.asked.clone().lock_owned().await),
        };
        let Some(mut asked) = asked.filter(|asked| self.is_due(asked, is_usable)) else {
            return;
        };
        let oidc = self.clone();
        let is_for_unknown_key = !is_served;
        // In a task of its own, which outlives its caller: otherwise guesses that are cut off would keep a new key
        // unknown.
        let asking = tokio::spawn(async move {
            let fetched = oidc
                .provider
                .keys(&oidc.settings.algorithms, oidc.now())
                .await;
            let now = Some(oidc.now());
            asked.last = now;
            if is_for_unknown_key && oidc.keys.load().is_some() {
                asked.for_unknown_key = now;
            }
            match fetched {
                Ok(keys) => oidc.keys.store(Some(Arc::new(keys))),
                Err(error) => asked.failure = Some(oidc.report(error)),
            }
        });
        // An error is a panic in the task; the keys are then unchanged.
        let _ = asking.await;
    }

    /// Whether enough time has passed since the provider was asked. Call it while `asked` is locked.
    fn is_due(&self, asked: &Asked, is_usable: impl Fn(&KeySet) -> bool) -> bool {
        let now = self.now();
        let is_past_if_any = |at: Option<Timestamp>, gap| at.is_none_or(|at| is_past(at, gap, now));
        match &*self.keys.load() {
            None => is_past_if_any(asked.last, ASK_AGAIN_WITHOUT_KEYS),
            Some(keys) if !is_usable(keys) => is_past_if_any(asked.for_unknown_key, ASK_AGAIN),
            Some(keys) => {
                is_past(keys.fetched_at, KEYS_LIFE, now) && is_past_if_any(asked.last, ASK_AGAIN)
            }
        }
    }

    fn report(&self, error: ProviderError) -> ProviderFailure {
        let failure = error.failure();
        let error = anyhow::Error::from(error);
        let consequence = match self.keys.load().is_some() {
            true => "its last keys stay in use",
            false => "nobody can be identified",
        };
        tracing::warn!(
            error = format!("{error:#}"),
            "the identity provider cannot be asked: {consequence}"
        );
        failure
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
