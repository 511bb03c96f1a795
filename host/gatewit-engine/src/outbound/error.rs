//! Why a request of a plugin gets no response. The texts name at most the origin of a URL, never its path or query.

use reqwest::Method;
use reqwest::header::HeaderName;

use crate::bindings::backend::http;
use crate::outbound::address::ForbiddenAddress;
use crate::outbound::grant::{Origin, OriginError};

/// Why a request gets no response. Each variant is one of the cases that `wit/` tells a plugin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutboundError {
    #[error(transparent)]
    NotGranted(#[from] NotGranted),
    #[error(transparent)]
    Invalid(#[from] InvalidRequest),
    /// The connection failed or broke off, as the text says.
    #[error("{0}")]
    Unreachable(String),
    #[error("no response within the limit")]
    TimedOut,
    /// The limit of a body, in bytes.
    #[error("a body of more than {0} bytes")]
    TooLarge(u64),
}

/// What the grants, the secrets or the host's own rules refuse.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotGranted {
    #[error("{0} is not granted")]
    Method(Method),
    #[error("{0} is not granted")]
    Origin(Origin),
    #[error(transparent)]
    Address(#[from] ForbiddenAddress),
    /// The origin is granted, but takes no secrets.
    #[error("no secret goes to {0}")]
    SecretTo(Origin),
    #[error("the source's settings name no secret {0:?}")]
    UnnamedSecret(String),
    #[error("secret {0:?} has no value")]
    UnsetSecret(String),
    /// With its secrets put in, it would not be a header's value.
    #[error("a header's value has characters that none may have")]
    HeaderValue,
    #[error("nothing is sent while a plugin is described or settings are checked")]
    Disconnected,
    #[error("a run may send {0} requests and no more")]
    TooManyRequests(u32),
}

/// What is wrong with a request, or with a redirect that it was answered with.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidRequest {
    #[error("invalid HTTP method")]
    Method,
    #[error("invalid URL")]
    Url,
    #[error(transparent)]
    Origin(#[from] OriginError),
    #[error("invalid header name")]
    HeaderName,
    #[error("the host alone sets the header {0}")]
    HostHeader(HeaderName),
    #[error("more than {0} headers")]
    TooManyHeaders(usize),
    #[error("it redirects to an invalid URL")]
    Redirect,
    #[error("it redirects more than {0} times")]
    TooManyRedirects(usize),
}

impl From<OutboundError> for http::Error {
    fn from(err: OutboundError) -> Self {
        match err {
            OutboundError::NotGranted(refusal) => Self::NotGranted(refusal.to_string()),
            OutboundError::Invalid(mistake) => Self::Other(mistake.to_string()),
            OutboundError::Unreachable(cause) => Self::Unreachable(cause),
            OutboundError::TimedOut => Self::TimedOut,
            OutboundError::TooLarge(bytes_max) => Self::TooLarge(bytes_max),
        }
    }
}
