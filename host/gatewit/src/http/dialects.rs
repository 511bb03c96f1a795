//! The contracts that clients speak. Each module parses one contract's requests and prints its answers; what is decided
//! is the same for all.
//!
//! A new contract is a module here, a variant of [`Dialect`], and its routes in [`routes`]. What surrounds every request
//! (throttle, cross-site rules, unknown paths, the OpenAPI document) asks its dialect.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gatewit_domain::problem::RequestCode;
use utoipa_axum::router::OpenApiRouter;

use super::answer::Failure;
use super::code::HttpCode;
use super::state::App;

pub mod attendee_validation;
pub mod event_check_in;

/// How the paths of a contract answer what is no answer to a question of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The envelope of `/api/v1`, which `event_check_in` speaks too; also of unknown paths.
    Envelope,
    AttendeeValidation,
}

/// Collects the routes of every contract.
pub fn routes() -> OpenApiRouter<App> {
    attendee_validation::routes().merge(event_check_in::routes())
}

impl Dialect {
    /// Returns the dialect of a path.
    pub fn of(path: &str) -> Self {
        match attendee_validation::is_contract_path(path) {
            true => Self::AttendeeValidation,
            false => Self::Envelope,
        }
    }

    /// Answers a failure.
    pub fn print(self, failure: Failure) -> Response {
        match self {
            Self::Envelope => failure.into_response(),
            Self::AttendeeValidation => attendee_validation::failure_response(&failure),
        }
    }

    /// Answers an unknown path.
    pub fn no_such_path(self) -> Response {
        const STATUS: StatusCode = StatusCode::NOT_FOUND;
        let words = "there is nothing at this path";
        match self {
            Self::Envelope => Failure::new(STATUS, RequestCode::NotFound, words).into_response(),
            Self::AttendeeValidation => attendee_validation::refusal(STATUS, "Not Found"),
        }
    }

    /// Answers a method that a path does not take; `taken` lists those that it does, if they are known.
    pub fn no_such_method(self, taken: Option<&str>) -> Response {
        const STATUS: StatusCode = StatusCode::METHOD_NOT_ALLOWED;
        let words = "this path does not take this method";
        match self {
            Self::Envelope => {
                Failure::new(STATUS, HttpCode::MethodNotAllowed, words).into_response()
            }
            Self::AttendeeValidation => attendee_validation::no_such_method(taken),
        }
    }

    /// Whether a `GET` of this path changes something.
    pub fn changes_on_get(self, path: &str) -> bool {
        match self {
            Self::Envelope => false,
            Self::AttendeeValidation => attendee_validation::is_refresh(path),
        }
    }

    /// Whether its routes themselves report a body that is not JSON.
    pub fn reports_content_type(self) -> bool {
        match self {
            Self::Envelope => false,
            Self::AttendeeValidation => true,
        }
    }
}
