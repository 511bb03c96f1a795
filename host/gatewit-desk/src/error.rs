//! Why the desk does not fulfil a request: a caller's mistake, or a failure of ours.

use std::error::Error;

use gatewit_domain::ports::{SignerError, StoreError};
use gatewit_domain::problem::{Code, Problem, RequestCode, SourceCode};

/// Why the desk did not fulfil a request. There is a variant for each kind of error that a contract answers
/// differently.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The request cannot be read.
    #[error(transparent)]
    Malformed(Problem),
    /// The caller is not authenticated.
    #[error(transparent)]
    Unauthenticated(Problem),
    /// The caller is not allowed to do this.
    #[error(transparent)]
    Forbidden(Problem),
    /// The thing that the request names does not exist.
    #[error(transparent)]
    NotFound(Problem),
    /// The request conflicts with the stored state.
    #[error(transparent)]
    Conflict(Problem),
    /// The request is well-formed but invalid.
    #[error(transparent)]
    Unacceptable(Problem),
    /// Something that the answer depends on is unavailable.
    #[error(transparent)]
    Unavailable(Problem),
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of ours, such as a value that cannot be read or a key that cannot sign.
    #[error("cannot {action}")]
    Fault {
        /// The action that failed.
        action: String,
        /// Why it failed.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl DeskError {
    /// The thing with this id does not exist.
    pub fn not_found(what: &'static str, id: impl std::fmt::Display) -> Self {
        Self::NotFound(Problem::new(
            RequestCode::NotFound,
            format!("{what} {id} does not exist"),
        ))
    }

    /// The request is well-formed but invalid.
    pub fn unacceptable(code: impl Into<Code>, message: impl Into<String>) -> Self {
        Self::Unacceptable(Problem::new(code, message))
    }

    /// A ticketing system cannot be asked or did not answer. The reason goes to the log and to operators.
    pub(crate) fn source_unavailable() -> Self {
        let words = "the ticketing system cannot be asked; try again in a moment";
        Self::Unavailable(Problem::new(SourceCode::Unavailable, words))
    }

    /// Too many other requests changed the same value at the same time.
    pub fn contended() -> Self {
        Self::Store(StoreError::Busy)
    }
}

impl From<SignerError> for DeskError {
    fn from(source: SignerError) -> Self {
        Self::Fault {
            action: "use an event's signing key".to_owned(),
            source: Box::new(source),
        }
    }
}
