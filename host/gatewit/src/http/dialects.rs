//! The contracts that clients speak. Each module parses one contract's requests and prints its answers; what is decided
//! is the same for all. A scanner app or a door service that speaks another contract gets a module here.

use axum::response::{IntoResponse, Response};

use super::answer::Failure;

pub mod attendee_validation;
pub mod event_check_in;

/// The shape in which a path tells failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The envelope of `/api/v1`, which `event_check_in` speaks too; also of unknown paths.
    Envelope,
    /// That of `attendee_validation`.
    Detail,
}

impl Shape {
    /// Returns the shape of a path.
    pub fn of(path: &str) -> Self {
        match attendee_validation::is_contract_path(path) {
            true => Self::Detail,
            false => Self::Envelope,
        }
    }

    /// Answers a failure in this shape.
    pub fn print(self, failure: Failure) -> Response {
        match self {
            Self::Envelope => failure.into_response(),
            Self::Detail => attendee_validation::failure_response(&failure),
        }
    }
}
