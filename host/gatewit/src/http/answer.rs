//! The envelope of every `/api/v1` answer (`gatewit-api.md` §1), and which status each error of the desk has.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatewit_domain::ports::StoreError;
use gatewit_domain::problem::{DeskError, Problem};
use serde::Serialize;

/// A successful answer.
pub struct Done<T> {
    status: StatusCode,
    message: String,
    data: T,
}

impl<T> Done<T> {
    pub fn ok(message: impl Into<String>, data: T) -> Self {
        Self {
            status: StatusCode::OK,
            message: message.into(),
            data,
        }
    }

    pub fn created(message: impl Into<String>, data: T) -> Self {
        Self {
            status: StatusCode::CREATED,
            ..Self::ok(message, data)
        }
    }
}

/// The envelope: `success` tells whether what was asked for came about.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope<T> {
    pub success: bool,
    pub message: String,
    pub data: T,
}

impl<T: Serialize> IntoResponse for Done<T> {
    fn into_response(self) -> Response {
        let envelope = Envelope {
            success: true,
            message: self.message,
            data: self.data,
        };
        (self.status, Json(envelope)).into_response()
    }
}

/// A failed request.
#[derive(Debug)]
pub struct Failure {
    status: StatusCode,
    problem: Problem,
}

#[derive(Serialize)]
struct FailureBody {
    success: bool,
    message: String,
    error: ErrorBody,
}

#[derive(Serialize)]
struct ErrorBody {
    code: &'static str,
}

impl Failure {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            problem: Problem::new(code, message),
        }
    }

    pub fn internal() -> Self {
        let words = "the server failed; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", words)
    }
}

impl From<DeskError> for Failure {
    fn from(error: DeskError) -> Self {
        let (status, problem) = match error {
            DeskError::Malformed(problem) => (StatusCode::BAD_REQUEST, problem),
            DeskError::Unauthenticated(problem) => (StatusCode::UNAUTHORIZED, problem),
            DeskError::Forbidden(problem) => (StatusCode::FORBIDDEN, problem),
            DeskError::NotFound(problem) => (StatusCode::NOT_FOUND, problem),
            DeskError::Conflict(problem) => (StatusCode::CONFLICT, problem),
            DeskError::Unacceptable(problem) => (StatusCode::UNPROCESSABLE_ENTITY, problem),
            DeskError::Unavailable(problem) => (StatusCode::SERVICE_UNAVAILABLE, problem),
            DeskError::Store(StoreError::Busy) => {
                return unavailable("store_busy", "too much is going on; try again");
            }
            DeskError::Store(error @ StoreError::Failed { .. }) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the store cannot answer"
                );
                return unavailable(
                    "store_unavailable",
                    "the server cannot keep anything just now; its log says why",
                );
            }
            DeskError::Fault { .. } => {
                tracing::error!(error = &error as &dyn std::error::Error, "a request failed");
                return Self::internal();
            }
        };
        Self { status, problem }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = FailureBody {
            success: false,
            message: self.problem.message,
            error: ErrorBody {
                code: self.problem.code,
            },
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

fn unavailable(code: &'static str, words: &str) -> Failure {
    Failure::new(StatusCode::SERVICE_UNAVAILABLE, code, words)
}
