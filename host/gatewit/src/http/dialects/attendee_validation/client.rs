//! Who asks: any identity may, and a caller without one is refused in the words of the reference service.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::refusal::refusal;
use crate::http::answer::ErrorInfo;
use crate::http::code::HttpCode;
use crate::http::extract::identity;
use crate::http::state::App;
use crate::http::throttle::Guess;
use crate::oidc::{ProviderFailure, TokenError};

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

/// The caller could not be identified. Answers word for word like the reference service: `fact-check-in.md` §6.
pub struct Unidentified(TokenError);

impl IntoResponse for Unidentified {
    fn into_response(self) -> Response {
        const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
        const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
        let (status, detail) = match self.0 {
            TokenError::Missing => (UNAUTHORIZED, "Missing authentication credentials"),
            TokenError::Expired => (UNAUTHORIZED, "Token has expired"),
            TokenError::WrongAudience => (UNAUTHORIZED, "Invalid token audience"),
            TokenError::WrongIssuer => (UNAUTHORIZED, "Invalid token issuer"),
            TokenError::MissingClaim(_) => (UNAUTHORIZED, "Token missing required claims"),
            TokenError::Malformed(_) | TokenError::Unavailable(ProviderFailure::Keys) => {
                (UNAUTHORIZED, "Invalid or malformed token")
            }
            TokenError::Unavailable(ProviderFailure::Discovery) => {
                (UNAVAILABLE, "Authentication service unavailable")
            }
            TokenError::Unavailable(ProviderFailure::NoJwksUri) => {
                (UNAVAILABLE, "OIDC discovery document missing jwks_uri")
            }
        };
        let mut response = refusal(status, detail);
        let (code, header) = match status {
            UNAUTHORIZED => (
                HttpCode::InvalidCredentials,
                (header::WWW_AUTHENTICATE, "Bearer"),
            ),
            _ => (
                HttpCode::AuthenticationUnavailable,
                (header::RETRY_AFTER, "1"),
            ),
        };
        response
            .headers_mut()
            .insert(header.0, HeaderValue::from_static(header.1));
        response
            .extensions_mut()
            .insert(ErrorInfo { code: code.into() });
        if status == UNAUTHORIZED {
            response.extensions_mut().insert(Guess::REJECTED_TOKEN);
        }
        response
    }
}
