//! Extractors for handlers: callers, ids, bodies and queries. Each fails with an answer in the envelope.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use gatewit_domain::problem::DeskError;
use gatewit_domain::scan::RepeatKey;
use serde::de::DeserializeOwned;
use tokio::task::spawn_blocking;

use super::answer::Failure;
use super::server::is_too_slow;

mod caller;
mod query;
pub use caller::{Device, Organizer, ScannerOrOrganizer, ValidatorClient};
pub use query::{FromQuery, Params, QueryFields};

/// The largest body that is read on an async worker, in less than a millisecond.
const READ_AT_ONCE_MAX: usize = 128 * 1024;

/// The idempotency key of a request, which makes repeating it safe.
pub struct IdempotencyKey(Option<RepeatKey>);

impl IdempotencyKey {
    /// Returns the key from the header, or else the one from the body.
    pub fn or(self, scan_id: Option<&str>) -> Result<Option<RepeatKey>, Failure> {
        let named = scan_id.map(RepeatKey::parse).transpose();
        Ok(self.0.or(named.map_err(DeskError::Malformed)?))
    }
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let Some(value) = parts.headers.get("idempotency-key") else {
            return Ok(Self(None));
        };
        let key = RepeatKey::parse(&String::from_utf8_lossy(value.as_bytes()));
        Ok(Self(Some(key.map_err(DeskError::Malformed)?)))
    }
}

/// The id in the path. An invalid id is 404: nothing has that id.
pub struct Id<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(|| {
            let words = "the path names nothing that exists: its id is not one of ours";
            Failure::new(StatusCode::NOT_FOUND, "not_found", words)
        })
    }
}

/// The only parameter in the path, as text.
pub struct PathText(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let words = "the path is not UTF-8 once it is percent-decoded; encode it as UTF-8";
        path.map(|Path(text)| Self(text))
            .map_err(|_| malformed(words))
    }
}

/// A JSON body. Malformed JSON and wrong shapes are 400, and the message says what is wrong.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + Send + 'static, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        let read = match bytes.len() {
            ..=READ_AT_ONCE_MAX => read_json(&bytes),
            _ => {
                let read = spawn_blocking(move || read_json(&bytes)).await;
                read.unwrap_or_else(|_| Err(Failure::internal()))
            }
        };
        read.map(Self)
    }
}

fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    // serde would accept an array in place of an object, with the fields in order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(malformed(
            "the request's body is a list; expected an object",
        ));
    }
    if let Ok(body) = serde_json::from_slice(bytes) {
        return Ok(body);
    }
    // Parse again, more slowly, to find out what is wrong and where.
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let body = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        match path.as_str() {
            // Malformed JSON has no path.
            "." | "?" => malformed(format!(
                "the request's body is not as expected: {}",
                error.inner()
            )),
            path => malformed(format!("{path}: {}", error.inner())),
        }
    })?;
    json.end()
        .map_err(|error| malformed(format!("the request's body is not one JSON value: {error}")))?;
    Ok(body)
}

/// Explains why a body could not be read.
fn unread(rejection: BytesRejection) -> Failure {
    if is_too_slow(&rejection) {
        return Failure::too_slow();
    }
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::too_large(),
        _ => malformed("the request's body could not be read to its end"),
    }
}

fn malformed(words: impl Into<String>) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "malformed_request", words)
}
