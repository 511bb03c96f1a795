//! Fetches the identity provider's keys: the discovery document, then the key set that it names.

use std::error::Error;
use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::Algorithm;
use reqwest::{Client, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::errors::ProviderFailure;
use super::keys::{JwksDocument, KeySet};

/// How long each of the two requests may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How large each of the two answers may be.
const BODY_MAX: usize = 1024 * 1024;

type Fault = Box<dyn Error + Send + Sync>;

/// The provider could not be reached, or its answer is unusable.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("cannot discover the identity provider by {url}")]
    Discovery {
        url: String,
        #[source]
        source: Fault,
    },
    #[error("the discovery document {url} has no jwks_uri")]
    NoJwksUri { url: String },
    #[error("cannot get the identity provider's keys from {url}")]
    Keys {
        url: String,
        #[source]
        source: Fault,
    },
}

impl ProviderError {
    pub(super) fn failure(&self) -> ProviderFailure {
        match self {
            Self::Discovery { .. } => ProviderFailure::Discovery,
            Self::NoJwksUri { .. } => ProviderFailure::NoJwksUri,
            Self::Keys { .. } => ProviderFailure::Keys,
        }
    }
}

/// The fields we need from a discovery document.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: Option<String>,
}

/// One identity provider.
pub(super) struct Provider {
    http: Client,
    /// Without a trailing slash.
    issuer: String,
}

impl Provider {
    pub(super) fn new(issuer: String) -> Self {
        let http = Client::builder()
            .timeout(ANSWER_MAX)
            .redirect(redirect::Policy::none());
        Self {
            http: http
                .build()
                .expect("a client with these settings can be built"),
            issuer,
        }
    }

    /// Fetches the keys that sign with one of these algorithms: at least one.
    pub(super) async fn keys(
        &self,
        algorithms: &[Algorithm],
        now: Timestamp,
    ) -> Result<KeySet, ProviderError> {
        let url = self.jwks_uri().await?;
        let document = self.get::<JwksDocument>(&url).await;
        let keys = document.map(|document| KeySet::new(document, algorithms, now));
        match keys {
            Ok(keys) if !keys.is_empty() => Ok(keys),
            Ok(_) => Err(ProviderError::Keys {
                url,
                source: "no key there signs with an algorithm of OIDC_ALGORITHMS".into(),
            }),
            Err(source) => Err(ProviderError::Keys { url, source }),
        }
    }

    async fn jwks_uri(&self) -> Result<String, ProviderError> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer);
        match self.get::<Discovery>(&url).await {
            Ok(found) if found.issuer.trim_end_matches('/') != self.issuer => {
                let source = format!("it is of another issuer, \"{}\"", found.issuer).into();
                Err(ProviderError::Discovery { url, source })
            }
            Ok(found) => found.jwks_uri.ok_or(ProviderError::NoJwksUri { url }),
            Err(source) => Err(ProviderError::Discovery { url, source }),
        }
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, Fault> {
        let mut response = self.http.get(url).send().await?;
        if !response.status().is_success() {
            return Err(format!("it answers {}", response.status()).into());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > BODY_MAX {
                return Err(format!("it answers more than {BODY_MAX} bytes").into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(serde_json::from_slice(&body)?)
    }
}
