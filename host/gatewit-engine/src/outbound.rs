//! The only way to the network: sends the requests of backends, within the grants of their sources.
//!
//! The policy, which is pure, judges each hop of a chain of redirects. Addresses are judged as a name is resolved.
//! Texts from here contain only the origin of a URL, since paths and queries may name people.

mod address;
mod error;
mod grant;
mod hop;
mod policy;
mod resolver;
mod secret;

use std::error::Error;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Url, header, redirect, retry};
use tokio::time::timeout;

use crate::bindings::backend::http::{Request, Response};
use crate::outbound::address::ForbiddenAddress;
use crate::outbound::error::InvalidRequest;
use crate::outbound::hop::{Hop, is_redirect};
use crate::outbound::resolver::GrantedAddresses;
use crate::sanitize::{REASON_CHARACTERS_MAX, one_line};

pub use address::Reach;
pub(crate) use error::{NotGranted, OutboundError};
pub use grant::{Grant, Origin, OriginError};
pub(crate) use policy::Policy;
pub use secret::Secret;

const REDIRECTS_MAX: usize = 5;
/// How many idle connections to one host are kept, and for how long.
const IDLE_CONNECTIONS_MAX: usize = 4;
const IDLE_TIME_MAX: Duration = Duration::from_secs(60);

/// The limits of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutboundLimits {
    /// From the first connection to the last byte, redirects included.
    pub time: Duration,
    /// The largest body of a response, decompressed.
    pub body_bytes: usize,
}

/// Sends the requests of one source, over connections of its own.
pub(crate) struct Outbound {
    policy: Policy,
    /// Fails if the machine has no trusted certificates.
    client: reqwest::Result<Client>,
    limits: OutboundLimits,
}

impl Outbound {
    pub(crate) fn new(policy: Policy, limits: OutboundLimits) -> Self {
        Self {
            client: client(GrantedAddresses::new(policy.grants())),
            policy,
            limits,
        }
    }

    /// Sends a request and reads the whole response, following redirects.
    pub(crate) async fn send(&self, request: Request) -> Result<Response, OutboundError> {
        let response = timeout(self.limits.time, self.follow(request)).await;
        response.unwrap_or(Err(OutboundError::TimedOut))
    }

    async fn follow(&self, request: Request) -> Result<Response, OutboundError> {
        let mut hop = Hop::first(request)?;
        for _ in 0..=REDIRECTS_MAX {
            let response = self.send_once(&hop).await?;
            let location = response.headers().get(header::LOCATION);
            hop = match location {
                Some(location) if is_redirect(response.status()) => {
                    let location = String::from_utf8_lossy(location.as_bytes());
                    hop.redirected(response.status(), &location)?
                }
                _ => return self.receive(response, &hop.url).await,
            };
        }
        Err(InvalidRequest::TooManyRedirects(REDIRECTS_MAX).into())
    }

    async fn send_once(&self, hop: &Hop) -> Result<reqwest::Response, OutboundError> {
        let grant = self.policy.grant(&hop.url)?;
        let headers = self.policy.headers(&hop.headers, grant)?;
        let client = self.client.as_ref().map_err(no_client)?;
        let mut request = client
            .request(hop.method.clone(), hop.url.clone())
            .headers(headers);
        if !hop.body.is_empty() {
            request = request.body(hop.body.clone());
        }
        request.send().await.map_err(|err| failure(&err, &hop.url))
    }

    async fn receive(
        &self,
        mut response: reqwest::Response,
        url: &Url,
    ) -> Result<Response, OutboundError> {
        let too_large = || OutboundError::TooLarge(self.limits.body_bytes as u64);
        let announced = response.content_length();
        if announced.is_some_and(|bytes| bytes > self.limits.body_bytes as u64) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|err| failure(&err, url))? {
            if body.len() + chunk.len() > self.limits.body_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let headers = response.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.into_owned())
        });
        Ok(Response {
            status: response.status().as_u16(),
            headers: headers.collect(),
            body,
        })
    }
}

fn client(resolver: GrantedAddresses) -> reqwest::Result<Client> {
    Client::builder()
        .dns_resolver(Arc::new(resolver))
        // A proxy would resolve names by itself, and the client would follow redirects without the policy.
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .user_agent(concat!("gatewit/", env!("CARGO_PKG_VERSION")))
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .pool_idle_timeout(IDLE_TIME_MAX)
        .build()
}

fn no_client(err: &reqwest::Error) -> OutboundError {
    OutboundError::Unreachable(format!("cannot send requests: {}", cause(err)))
}

/// The error that a plugin gets for a request without a response.
fn failure(err: &reqwest::Error, url: &Url) -> OutboundError {
    let forbidden = causes(err).find_map(|err| err.downcast_ref::<ForbiddenAddress>());
    if let Some(forbidden) = forbidden {
        return NotGranted::from(forbidden.clone()).into();
    }
    let cause = cause(err);
    match Origin::of(url) {
        Ok(origin) => OutboundError::Unreachable(format!("{origin}: {cause}")),
        Err(_) => OutboundError::Unreachable(cause),
    }
}

/// The innermost error. The errors around it may print the whole URL.
fn cause(err: &reqwest::Error) -> String {
    let cause = causes(err).last().map(ToString::to_string);
    let cause = cause.unwrap_or_else(|| "it broke off".to_owned());
    one_line(&cause, REASON_CHARACTERS_MAX)
}

fn causes(err: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    iter::successors(err.source(), |&err| err.source())
}
