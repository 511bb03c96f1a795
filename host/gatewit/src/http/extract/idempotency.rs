//! The name of a request that makes repeating it safe.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use gatewit_desk::DeskError;
use gatewit_domain::scan::IdempotencyKey;

use crate::http::answer::Failure;

/// The idempotency key of a request, which makes repeating it safe.
pub struct IdempotencyHeader(Option<IdempotencyKey>);

impl IdempotencyHeader {
    /// Returns the key from the header, or else the one from the body.
    pub fn or(self, scan_id: Option<&str>) -> Result<Option<IdempotencyKey>, Failure> {
        let named = scan_id.map(IdempotencyKey::parse).transpose();
        Ok(self.0.or(named.map_err(DeskError::Malformed)?))
    }
}

impl<S: Sync> FromRequestParts<S> for IdempotencyHeader {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let Some(value) = parts.headers.get("idempotency-key") else {
            return Ok(Self(None));
        };
        let key = IdempotencyKey::parse(&String::from_utf8_lossy(value.as_bytes()));
        Ok(Self(Some(key.map_err(DeskError::Malformed)?)))
    }
}
