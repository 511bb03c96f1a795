//! Who holds a bearer token: OpenID Connect. `gatewit-api.md` §2.
//!
//! An identity provider signs the tokens; its keys are found by discovery and kept. What an identity may do is not known
//! here: the desk decides.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use gatewit_domain::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::decode_header;
use tokio::sync::Mutex;

mod claims;
mod keys;
mod provider;
mod settings;

pub use claims::OddClaim;
use keys::KeySet;
use provider::Provider;
pub use provider::ProviderError;
pub use settings::{OidcSettings, OidcSettingsError};

/// How old keys become before the provider is asked whether they are still its own.
const KEYS_LIFE: SignedDuration = SignedDuration::from_hours(1);
/// How often the provider is asked at most: for a key that it did not name so far, or again after it failed.
const ASK_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// The same while no keys are known at all, and nobody can be let in.
const ASK_AGAIN_WITHOUT_KEYS: SignedDuration = SignedDuration::from_secs(1);

/// Proves identities by the tokens of one provider.
pub struct Oidc {
    settings: OidcSettings,
    provider: Provider,
    clock: Arc<dyn Clock>,
    /// None until the provider has answered once; the last it gave serve on while it is down.
    keys: ArcSwapOption<KeySet>,
    /// Held while the provider is asked, so that one asks for all.
    asked: Arc<Mutex<Asked>>,
}

/// When the provider was asked, and what came of it.
#[derive(Default)]
struct Asked {
    last: Option<Timestamp>,
    for_unknown_key: Option<Timestamp>,
    /// Why there are no keys.
    failure: Option<ProviderFailure>,
}

/// What of the provider failed, as far as it is answered differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderFailure {
    Discovery,
    /// Its discovery document says nothing of where its keys are.
    NoJwksUri,
    Keys,
}

/// Why a token proves nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TokenError {
    #[error("send an access token of the identity provider as Authorization: Bearer")]
    Missing,
    #[error("the access token has expired")]
    Expired,
    #[error("the access token is for another audience")]
    WrongAudience,
    #[error("the access token is of another issuer")]
    WrongIssuer,
    #[error("the access token lacks one of exp, iss, aud and sub")]
    MissingClaims,
    /// Anything else that is wrong with it, a bad signature first of all.
    #[error("the bearer token is not a valid access token of the identity provider")]
    Malformed,
    /// It is genuine, but a claim is of a kind that the contract refuses otherwise.
    #[error("the access token's claim {} is not of the right kind", .0.name)]
    Odd(OddClaim),
    /// It cannot be told, because the provider's keys are not known.
    #[error("the identity provider does not answer, so that nobody can be identified just now")]
    Unavailable(ProviderFailure),
}

impl Oidc {
    /// Prepares to verify tokens; asks the provider nothing yet.
    pub fn new(settings: OidcSettings, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            provider: Provider::new(settings.issuer.clone()),
            settings,
            clock,
            keys: ArcSwapOption::empty(),
            asked: Arc::default(),
        })
    }

    /// Proves whose token this is: its `sub`. Waits for nobody while the key that signed it is known and fresh.
    pub async fn identify(self: &Arc<Self>, token: &str) -> Result<String, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        let kid = header.kid.as_deref().ok_or(TokenError::Malformed)?;
        if !self.settings.algorithms.contains(&header.alg) || header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        if self.asks_for(kid) {
            self.ask(kid).await;
        }
        let verified = self
            .keys
            .load()
            .as_ref()
            .map(|keys| keys.verify(kid, token));
        let Some(claims) = verified else {
            let failure = self.asked.lock().await.failure;
            let failure = failure.unwrap_or(ProviderFailure::Discovery);
            return Err(TokenError::Unavailable(failure));
        };
        let claims = claims.ok_or(TokenError::Malformed)?;
        claims::check(&claims, &self.settings, self.now())
    }

    /// Asks the provider for its keys ahead of the first token.
    pub async fn warm(self: &Arc<Self>) {
        self.ask("").await;
    }

    /// Tells whether this key is a reason to ask the provider.
    fn asks_for(&self, kid: &str) -> bool {
        let keys = self.keys.load();
        !keys
            .as_ref()
            .is_some_and(|keys| keys.holds(kid) && !is_past(keys.fetched_at, KEYS_LIFE, self.now()))
    }

    /// Asks the provider for its keys if it is time to; when it returns, whoever asked last has an answer.
    async fn ask(self: &Arc<Self>, kid: &str) {
        let is_usable = self
            .keys
            .load()
            .as_ref()
            .is_some_and(|keys| keys.holds(kid));
        let asked = match is_usable {
            // A known key that is due for a check serves everyone else meanwhile.
            true => self.asked.clone().try_lock_owned().ok(),
            false => Some(self.asked.clone().lock_owned().await),
        };
        let Some(mut asked) = asked.filter(|asked| self.is_due(asked, kid)) else {
            return;
        };
        let oidc = self.clone();
        let is_for_unknown_key = !is_usable;
        // Goes on though whoever asked may leave: else guesses that are cut off would keep a new key unknown.
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
        // An error is a panic in there, after which nothing is known as before.
        let _ = asking.await;
    }

    /// Tells whether enough time has passed, now that nobody else asks.
    fn is_due(&self, asked: &Asked, kid: &str) -> bool {
        let now = self.now();
        let is_past_if_any = |at: Option<Timestamp>, gap| at.is_none_or(|at| is_past(at, gap, now));
        match &*self.keys.load() {
            None => is_past_if_any(asked.last, ASK_AGAIN_WITHOUT_KEYS),
            Some(keys) if !keys.holds(kid) => is_past_if_any(asked.for_unknown_key, ASK_AGAIN),
            Some(keys) => {
                is_past(keys.fetched_at, KEYS_LIFE, now) && is_past_if_any(asked.last, ASK_AGAIN)
            }
        }
    }

    fn report(&self, error: ProviderError) -> ProviderFailure {
        let failure = error.failure();
        let error = anyhow::Error::from(error);
        let consequence = match self.keys.load().is_some() {
            true => "its last keys serve on",
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

/// Tells whether so much time has passed. A clock that was set back has seen enough.
fn is_past(at: Timestamp, gap: SignedDuration, now: Timestamp) -> bool {
    let age = now.duration_since(at);
    age.is_negative() || age >= gap
}
