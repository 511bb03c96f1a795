//! Callers: identified by an access token of the identity provider or by a scanner's credentials. `gatewit-api.md` §2.

use std::sync::Arc;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatewit_domain::problem::{DeskError, Problem};
use gatewit_domain::scan::{ScannerProof, Verdict};
use gatewit_domain::service::Caller;
use serde_json::{Value, json};

use crate::http::App;
use crate::http::answer::{ErrorInfo, Failure};
use crate::http::dialects::attendee_validation::Guess;
use crate::http::server::Connection;
use crate::oidc::{ProviderFailure, TokenError};

/// A caller who manages events: an identity proven by a token or, while authentication is off, everyone as `local`.
pub struct Organizer(pub Caller);

impl FromRequestParts<App> for Organizer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let sub = identity(parts, app).await.map_err(Failure::from)?;
        Ok(Self(match sub {
            Some(sub) => app.desk.caller(sub),
            None => Caller::Local,
        }))
    }
}

/// A caller of `/tickets/*`, who may be any identity. Refused in the shape of that contract.
pub struct ValidatorClient {
    /// Whether the caller proved an identity: false while authentication is off.
    pub is_identified: bool,
}

impl FromRequestParts<App> for ValidatorClient {
    type Rejection = Unidentified;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Unidentified> {
        let sub = identity(parts, app).await.map_err(Unidentified)?;
        Ok(Self {
            is_identified: sub.is_some(),
        })
    }
}

/// A registered scanner, identified by its credentials. It may have been revoked since.
pub struct Device {
    pub proof: ScannerProof,
    /// None without a connection, as in a router's test.
    connection: Option<Arc<Connection>>,
}

impl Device {
    /// Notes the verdict on a scan, which tells whether the scanner may scan.
    pub fn judged(&self, verdict: &Verdict) {
        if let Some(connection) = &self.connection {
            connection.credential_checked(verdict.is_of_good_scanner());
        }
    }
}

impl FromRequestParts<App> for Device {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let token = bearer(&parts.headers).ok_or_else(|| {
            let words = "send the scanner's credentials as Authorization: Bearer";
            DeskError::Unauthenticated(Problem::new("missing_credentials", words))
        })?;
        Ok(Self {
            proof: app.desk.prove_scanner(token)?,
            connection: parts.extensions.get().cloned(),
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
        let is_ours = |token: &&str| app.desk.is_said_to_be_ours(token);
        if let Some(token) = bearer(&parts.headers).filter(is_ours) {
            let proof = app.desk.prove_scanner(token)?;
            credential_checked(parts, app.desk.is_active(&proof).await?);
            return Ok(Self::Scanner(proof));
        }
        let Organizer(caller) = Organizer::from_request_parts(parts, app).await?;
        Ok(Self::Organizer(caller))
    }
}

/// Returns the identity that a request's access token proves; None: authentication is off.
async fn identity(parts: &Parts, app: &App) -> Result<Option<String>, TokenError> {
    let Some(oidc) = &app.oidc else {
        return Ok(None);
    };
    let token = bearer(&parts.headers).ok_or(TokenError::Missing)?;
    let sub = oidc.identify(token).await?;
    credential_checked(parts, true);
    Ok(Some(sub))
}

/// Lets the connection of a request outlast those of strangers when there are too many, if its credential is valid. A
/// request without a connection, as in a router's test, is left alone.
fn credential_checked(parts: &Parts, is_valid: bool) {
    if let Some(connection) = parts.extensions.get::<Arc<Connection>>() {
        connection.credential_checked(is_valid);
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
        let (status, code) = match error {
            TokenError::Missing => (StatusCode::UNAUTHORIZED, "missing_credentials"),
            TokenError::Unavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "authentication_unavailable",
            ),
            _ => (StatusCode::UNAUTHORIZED, "invalid_credentials"),
        };
        Self::new(status, code, error.to_string())
    }
}

/// The caller could not be identified. Answers word for word like the reference service: `fact-check-in.md` §6.
pub struct Unidentified(TokenError);

impl IntoResponse for Unidentified {
    fn into_response(self) -> Response {
        let (status, detail) = match self.0 {
            TokenError::Missing => (401, "Missing authentication credentials"),
            TokenError::Expired => (401, "Token has expired"),
            TokenError::WrongAudience => (401, "Invalid token audience"),
            TokenError::WrongIssuer => (401, "Invalid token issuer"),
            TokenError::MissingClaim(_) => (401, "Token missing required claims"),
            TokenError::Malformed(_) | TokenError::Unavailable(ProviderFailure::Keys) => {
                (401, "Invalid or malformed token")
            }
            TokenError::Unavailable(ProviderFailure::Discovery) => {
                (503, "Authentication service unavailable")
            }
            TokenError::Unavailable(ProviderFailure::NoJwksUri) => {
                (503, "OIDC discovery document missing jwks_uri")
            }
        };
        refusal(status, json!({"detail": detail}))
    }
}

fn refusal(status: u16, body: Value) -> Response {
    let mut response = Json(body).into_response();
    *response.status_mut() = StatusCode::from_u16(status).expect("every status here is valid");
    let (code, header) = match status {
        401 => ("invalid_credentials", (header::WWW_AUTHENTICATE, "Bearer")),
        _ => ("authentication_unavailable", (header::RETRY_AFTER, "1")),
    };
    response
        .headers_mut()
        .insert(header.0, HeaderValue::from_static(header.1));
    let info = ErrorInfo { code, token: None };
    response.extensions_mut().insert(info);
    if status == 401 {
        response.extensions_mut().insert(Guess::REJECTED_TOKEN);
    }
    response
}
