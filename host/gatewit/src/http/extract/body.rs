//! Bodies: JSON, or bytes as they are.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use tokio::task::spawn_blocking;

use crate::http::answer::Failure;
use crate::http::server::is_too_slow;

/// The largest body that is read on an async worker, in less than a millisecond.
const READ_AT_ONCE_MAX: usize = 128 * 1024;

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

/// A body as it is.
pub struct Raw(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let bytes = Bytes::from_request(request, state).await;
        bytes.map(Self).map_err(unread)
    }
}

fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    // serde would accept an array in place of an object, with the fields in order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Failure::malformed(
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
            "." | "?" => Failure::malformed(format!(
                "the request's body is not as expected: {}",
                error.inner()
            )),
            path => Failure::malformed(format!("{path}: {}", error.inner())),
        }
    })?;
    json.end().map_err(|error| {
        Failure::malformed(format!("the request's body is not one JSON value: {error}"))
    })?;
    Ok(body)
}

/// Explains why a body could not be read.
fn unread(rejection: BytesRejection) -> Failure {
    if is_too_slow(&rejection) {
        return Failure::too_slow();
    }
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::too_large(),
        _ => Failure::malformed("the request's body could not be read to its end"),
    }
}
