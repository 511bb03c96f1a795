//! The envelope of every `/api/v1` answer (`gatewit-api.md` §1), and which status each error of the desk has.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatewit_desk::DeskError;
use gatewit_domain::ports::StoreError;
use gatewit_domain::problem::{RequestCode, ScannerCode};
use gatewit_domain::scanner::TokenText;
use serde::Serialize;
use utoipa::ToSchema;

use super::code::{Code, HttpCode};
use super::throttle::Guess;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The size of most answers, so that their buffer seldom grows.
const USUAL_BYTES: usize = 1024;

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

/// The envelope: `success` says whether the request did what it asked for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Envelope<T> {
    pub success: bool,
    pub message: String,
    pub data: T,
}

/// The [`Envelope`] of something that is kept elsewhere.
#[derive(Serialize)]
pub struct BorrowedEnvelope<'a, T> {
    pub success: bool,
    pub message: &'a str,
    pub data: &'a T,
}

impl<T: Serialize> IntoResponse for BorrowedEnvelope<'_, T> {
    fn into_response(self) -> Response {
        let mut body = Vec::with_capacity(USUAL_BYTES);
        match serde_json::to_writer(&mut body, &self) {
            Ok(()) => ([(header::CONTENT_TYPE, JSON)], body).into_response(),
            Err(_) => Failure::internal().into_response(),
        }
    }
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
    code: Code,
    message: String,
    /// The wrong guess that this answers (`gatewit-api.md` §2).
    guess: Option<Guess>,
    /// Default: 1 for what is temporarily unavailable, otherwise none.
    retry_after_seconds: Option<i64>,
}

/// Why a request failed, attached to the answer for the log.
#[derive(Clone, Debug)]
pub struct ErrorInfo {
    pub code: Code,
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
    pub fn new(status: StatusCode, code: impl Into<Code>, message: impl Into<String>) -> Self {
        let code = code.into();
        let is_guess = status == StatusCode::UNAUTHORIZED || code.is_wrong_guess();
        Self {
            status,
            code,
            message: message.into(),
            guess: is_guess.then_some(Guess::REJECTED_TOKEN),
            retry_after_seconds: None,
        }
    }

    /// A refusal after too many wrong guesses.
    pub fn throttled(retry_after_seconds: i64) -> Self {
        let words = format!("too many wrong guesses; try again in {retry_after_seconds} s");
        Self {
            retry_after_seconds: Some(retry_after_seconds),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                HttpCode::TooManyGuesses,
                words,
            )
        }
    }

    /// The failure of a request that names a registration token.
    pub fn about_token(error: DeskError, token: &TokenText) -> Self {
        let is_unknown = matches!(
            &error,
            DeskError::NotFound(problem) if problem.code == ScannerCode::TokenNotFound.into()
        );
        let mut failure = Self::from(error);
        if is_unknown && let Some(guess) = &mut failure.guess {
            guess.about = Some(token.to_string());
        }
        failure
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn retry_after_seconds(&self) -> Option<i64> {
        self.retry_after_seconds
    }

    /// The failure of a request whose body came too slowly.
    pub fn too_slow() -> Self {
        let words =
            "the request's body came too slowly and was not waited for; send the request again";
        Self::new(StatusCode::REQUEST_TIMEOUT, HttpCode::RequestTimeout, words)
    }

    /// The failure of a request whose body is larger than its route takes.
    pub fn too_large() -> Self {
        let words = "the request's body is too large";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, HttpCode::BodyTooLarge, words)
    }

    /// The failure of a request that cannot be read.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, RequestCode::Malformed, message)
    }

    pub fn internal() -> Self {
        let words = "the server failed; its log says why";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            HttpCode::InternalError,
            words,
        )
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
                return unavailable(HttpCode::StoreBusy, "too much is going on; try again");
            }
            DeskError::Store(error @ StoreError::Failed { .. }) => {
                let error = anyhow::Error::from(error);
                tracing::error!(error = format!("{error:#}"), "the store cannot answer");
                return unavailable(
                    HttpCode::StoreUnavailable,
                    "the server cannot keep anything just now; its log says why",
                );
            }
            fault @ DeskError::Fault { .. } => {
                let error = anyhow::Error::from(fault);
                tracing::error!(error = format!("{error:#}"), "a request failed");
                return Self::internal();
            }
        };
        Self::new(status, problem.code, problem.message)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = FailureBody {
            success: false,
            message: self.message,
            error: ErrorBody {
                code: self.code.as_str(),
            },
        };
        let mut response = (self.status, Json(body)).into_response();
        let extensions = response.extensions_mut();
        extensions.insert(ErrorInfo { code: self.code });
        self.guess.map(|guess| extensions.insert(guess));
        let headers = response.headers_mut();
        let soon = (self.status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
        if let Some(seconds) = self.retry_after_seconds.or(soon) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

fn unavailable(code: HttpCode, words: &str) -> Failure {
    Failure::new(StatusCode::SERVICE_UNAVAILABLE, code, words)
}
