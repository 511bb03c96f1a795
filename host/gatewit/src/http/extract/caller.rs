//! Callers: identified by an access token of the identity provider or by a scanner's credentials. `gatewit-api.md` §2.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use gatewit_desk::{Caller, DeskError, check_operator};
use gatewit_domain::problem::{Problem, RequestCode};
use gatewit_domain::scan::{ScannerProof, Verdict};

use crate::http::answer::Failure;
use crate::http::code::{Code, HttpCode};
use crate::http::server::Connection;
use crate::http::state::App;
use crate::oidc::TokenError;

/// A caller who manages events: an identity proven by a token or, while authentication is off, everyone as `local`.
pub struct Organizer(pub Caller);

impl FromRequestParts<App> for Organizer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let sub = identity(parts, app).await.map_err(Failure::from)?;
        Ok(Self(match sub {
            Some(sub) => app.desk.events.caller(sub),
            None => Caller::Local,
        }))
    }
}

/// A caller who runs the server: an organizer who may replace plugins. Named before a body, it refuses others before their
/// bodies are read.
pub struct Operator(pub Caller);

impl FromRequestParts<App> for Operator {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Organizer(caller) = Organizer::from_request_parts(parts, app).await?;
        check_operator(&caller)?;
        Ok(Self(caller))
    }
}

/// A registered scanner, identified by its credentials. It may have been revoked since.
pub struct Device {
    pub proof: ScannerProof,
    connection: RequestConnection,
}

impl Device {
    /// Notes the verdict on a scan, which tells whether the scanner may scan.
    pub fn judged(&self, verdict: &Verdict) {
        self.connection
            .credential_checked(verdict.is_of_good_scanner());
    }
}

impl FromRequestParts<App> for Device {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let token = bearer(&parts.headers).ok_or_else(|| {
            let words = "send the scanner's credentials as Authorization: Bearer";
            DeskError::Unauthenticated(Problem::new(RequestCode::MissingCredentials, words))
        })?;
        Ok(Self {
            proof: app.desk.scanners.prove(token)?,
            connection: RequestConnection::of(parts),
        })
    }
}

/// A scanner if scanner credentials are sent, otherwise an organizer. Invalid credentials are rejected.
pub enum ScannerOrOrganizer {
    Scanner(ScannerProof),
    Organizer(Caller),
}

impl FromRequestParts<App> for ScannerOrOrganizer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let scanners = &app.desk.scanners;
        let proven = bearer(&parts.headers).and_then(|token| scanners.prove_ours(token));
        if let Some(proof) = proven.transpose()? {
            let is_active = scanners.is_active(&proof).await?;
            RequestConnection::of(parts).credential_checked(is_active);
            return Ok(Self::Scanner(proof));
        }
        let Organizer(caller) = Organizer::from_request_parts(parts, app).await?;
        Ok(Self::Organizer(caller))
    }
}

/// Returns the identity that a request's access token proves; None: authentication is off.
pub async fn identity(parts: &Parts, app: &App) -> Result<Option<String>, TokenError> {
    let Some(oidc) = &app.oidc else {
        return Ok(None);
    };
    let token = bearer(&parts.headers).ok_or(TokenError::Missing)?;
    let sub = oidc.identify(token).await?;
    RequestConnection::of(parts).credential_checked(true);
    Ok(Some(sub))
}

/// The connection of a request; None without one, as in a router's test.
struct RequestConnection(Option<Arc<Connection>>);

impl RequestConnection {
    fn of(parts: &Parts) -> Self {
        Self(parts.extensions.get().cloned())
    }

    /// Lets the connection outlast those of strangers when there are too many, if its credential is valid.
    fn credential_checked(&self, is_valid: bool) {
        if let Some(connection) = &self.0 {
            connection.credential_checked(is_valid);
        }
    }
}

/// Returns the token of an `Authorization: Bearer` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let (status, code): (_, Code) = match error {
            TokenError::Missing => (
                StatusCode::UNAUTHORIZED,
                RequestCode::MissingCredentials.into(),
            ),
            TokenError::Unavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                HttpCode::AuthenticationUnavailable.into(),
            ),
            _ => (
                StatusCode::UNAUTHORIZED,
                HttpCode::InvalidCredentials.into(),
            ),
        };
        Self::new(status, code, error.to_string())
    }
}
