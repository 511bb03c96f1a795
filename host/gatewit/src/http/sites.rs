//! Keeps pages of other web sites from acting here through the browser of an authorized user. `gatewit-api.md` §1.

use std::cell::LazyCell;
use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use hyper::body::Body;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::answer::Failure;
use super::body_limit::PLUGIN_ROUTE;
use super::code::HttpCode;
use super::content_type::{is_component, is_json};
use super::dialects::Dialect;
use super::request_id;

mod names;
#[cfg(test)]
mod tests;

pub use names::{AllowedHosts, CorsOrigins, PublicUrl};

use names::{HostName, is_plainly_loopback, is_same_origin};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// How long a browser may cache what pages of another site are allowed to do.
const PREFLIGHT_HOLDS: Duration = Duration::from_secs(60 * 60);

/// The names of this server, and the web sites whose pages may use it.
#[derive(Clone, Debug, Default)]
pub struct Sites {
    /// The URL at which people reach the server (`GATEWIT_PUBLIC_URL`).
    pub public_url: Option<PublicUrl>,
    /// Further hosts under which the server is known (`GATEWIT_ALLOWED_HOSTS`).
    pub allowed_hosts: AllowedHosts,
    /// Web sites whose pages may send requests (`GATEWIT_CORS_ORIGINS`).
    pub cors_origins: CorsOrigins,
    pub listens_on: ListensOn,
}

/// Who can reach the server directly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListensOn {
    /// Programs on this machine, browsers among them.
    #[default]
    Loopback,
    Network,
}

/// Whether callers prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    On,
    Off,
}

/// Why a request is refused before its route is considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// The request names a host that is not this server: a page may have pointed its own name here (DNS rebinding).
    Host,
    /// The request changes something, its host is not this server, and it does not say which page sent it.
    Sender,
    /// The request changes something and comes from a page that is not allowed.
    Page,
    /// The body has a content type that browsers let any page send.
    Body,
    /// The same, where a component is expected.
    Component,
}

impl Sites {
    /// Lets pages of the sites in `GATEWIT_CORS_ORIGINS` read answers; None if there are no such sites.
    pub fn cors(&self) -> Option<CorsLayer> {
        let origins = self.cors_origins.as_slice();
        let methods = [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ];
        let exposed = [
            request_id::HEADER,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
        ];
        (!origins.is_empty()).then(|| {
            CorsLayer::new()
                .allow_origin(AllowOrigin::list(origins.iter().cloned()))
                .allow_methods(methods)
                .allow_headers(AllowHeaders::mirror_request())
                .expose_headers(exposed)
                .max_age(PREFLIGHT_HOLDS)
        })
    }

    /// Checks which page sent a request and which host it names.
    pub fn check(&self, request: &Request, authentication: Authentication) -> Result<(), Foreign> {
        let host = host_of(request);
        let is_open = authentication == Authentication::Off;
        let is_watched = is_open && self.listens_on == ListensOn::Loopback;
        let is_known = LazyCell::new(|| host.map(|host| self.is_known(host)));
        if is_watched
            && *is_known == Some(false)
            && !request.uri().path().starts_with("/healthcheck/")
        {
            return Err(Foreign::Host);
        }
        if !may_change(request) {
            return Ok(());
        }
        match self.sender(request.headers(), host) {
            Some(Sender::OtherPage) => return Err(Foreign::Page),
            None if is_open && *is_known != Some(true) => return Err(Foreign::Sender),
            Some(Sender::OwnPage) | None => {}
        }
        check_type(request)
    }

    /// Returns which page sent a request, if the browser says so; other programs do not.
    fn sender(&self, headers: &HeaderMap, host: Option<&str>) -> Option<Sender> {
        let origin = headers.get(header::ORIGIN);
        let is_allowed = || origin.is_some_and(|origin| self.cors_origins.has(origin));
        let mut sites = headers.get_all(SEC_FETCH_SITE).iter().peekable();
        let is_own = match (sites.peek(), origin) {
            (Some(_), _) => sites.all(|site| site == "same-origin" || site == "none"),
            (None, Some(origin)) => self.is_own_origin(origin, host),
            (None, None) => return None,
        };
        match is_own || is_allowed() {
            true => Some(Sender::OwnPage),
            false => Some(Sender::OtherPage),
        }
    }

    fn is_own_origin(&self, origin: &HeaderValue, host: Option<&str>) -> bool {
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        let is_public = |url: &PublicUrl| url.is_of_origin(origin);
        self.public_url.as_ref().is_some_and(is_public)
            || host.is_some_and(|host| is_same_origin(origin, host))
    }

    /// Whether a host is this server.
    fn is_known(&self, host: &str) -> bool {
        if is_plainly_loopback(host) {
            return true;
        }
        let Some(host) = HostName::parse(host) else {
            return false;
        };
        let is_public = |url: &PublicUrl| url.host() == host;
        host.is_loopback()
            || self.allowed_hosts.has(&host)
            || self.public_url.as_ref().is_some_and(is_public)
    }
}

/// The page that sent a request.
enum Sender {
    /// A page of ours or of an allowed site, or an address that somebody typed.
    OwnPage,
    OtherPage,
}

impl From<Foreign> for Failure {
    fn from(foreign: Foreign) -> Self {
        let (status, code, words) = foreign.words();
        Self::new(status, code, words)
    }
}

impl Foreign {
    fn words(self) -> (StatusCode, HttpCode, &'static str) {
        match self {
            Self::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                HttpCode::UnknownHost,
                "the request names a host that is not this server: ask for localhost, or add the host to \
                 GATEWIT_ALLOWED_HOSTS",
            ),
            Self::Sender => (
                StatusCode::FORBIDDEN,
                HttpCode::UnknownHost,
                "the request names a host that is not this server, and authentication is off: add the host to \
                 GATEWIT_ALLOWED_HOSTS, or set GATEWIT_PUBLIC_URL",
            ),
            Self::Page => (
                StatusCode::FORBIDDEN,
                HttpCode::CrossSite,
                "a page of another web site sent this request: if it may, add its origin to GATEWIT_CORS_ORIGINS",
            ),
            Self::Component => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                HttpCode::UnsupportedMediaType,
                "the request's body must be a component: send it with Content-Type: application/wasm",
            ),
            Self::Body => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                HttpCode::UnsupportedMediaType,
                "the request's body must be JSON: send it with Content-Type: application/json",
            ),
        }
    }
}

/// Whether a request may change something, whatever its method.
pub fn may_change(request: &Request) -> bool {
    let path = request.uri().path();
    !request.method().is_safe() || Dialect::of(path).changes_on_get(path)
}

/// Returns the host that a request names; None if it names none. If there are several, none is trusted.
fn host_of(request: &Request) -> Option<&str> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.as_str());
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().unwrap_or_default();
    Some(if hosts.next().is_none() { host } else { "" })
}

/// Checks that a body is of the type that its route takes, unless the route reports that itself.
fn check_type(request: &Request) -> Result<(), Foreign> {
    let Some(route) = request.extensions().get::<MatchedPath>() else {
        return Ok(());
    };
    let is_reported = Dialect::of(request.uri().path()).reports_content_type();
    if is_reported || request.body().is_end_stream() {
        return Ok(());
    }
    match route.as_str() {
        PLUGIN_ROUTE if is_component(request.headers()) => Ok(()),
        PLUGIN_ROUTE => Err(Foreign::Component),
        _ if is_json(request.headers()) => Ok(()),
        _ => Err(Foreign::Body),
    }
}
