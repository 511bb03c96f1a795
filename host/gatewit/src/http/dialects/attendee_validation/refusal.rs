//! Refusals in the shape of the contract: `{"detail": …}`.

use std::any::Any;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatewit_desk::DeskError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::Failure;

/// After how many seconds to retry when the answer is temporarily unavailable.
const RETRY_AFTER_SECONDS: i64 = 5;

/// Why something failed.
#[derive(Serialize, ToSchema)]
pub struct Detail {
    /// For people.
    pub detail: String,
}

/// A request that failed for another reason than the ticket or person it asks about.
pub enum Refusal {
    Failed(DeskError),
    /// The request asks about something malformed.
    Malformed(Response),
}

impl From<DeskError> for Refusal {
    fn from(error: DeskError) -> Self {
        Self::Failed(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let failure = match self {
            Self::Failed(error) => Failure::from(error),
            Self::Malformed(response) => return response,
        };
        let mut response = failure_response(&failure);
        if failure.status() == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = HeaderValue::from(RETRY_AFTER_SECONDS);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// Answers `{"detail": …}`.
pub fn refusal(status: StatusCode, detail: &str) -> Response {
    let detail = detail.to_owned();
    (status, Json(Detail { detail })).into_response()
}

/// Answers a failure.
pub fn failure_response(failure: &Failure) -> Response {
    let mut response = refusal(failure.status(), failure.message());
    if let Some(seconds) = failure.retry_after_seconds() {
        let seconds = HeaderValue::from(seconds);
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

/// Answers a request whose handler panicked.
pub fn panicked(_: Box<dyn Any + Send>) -> Response {
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}
