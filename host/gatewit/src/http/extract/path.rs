//! The parameter in a request's path.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use gatewit_domain::problem::RequestCode;

use crate::http::answer::Failure;

/// The id in the path. An invalid id is 404: nothing has that id.
pub struct Id<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(|| {
            let words = "the path names nothing that exists: its id is not one of ours";
            Failure::new(StatusCode::NOT_FOUND, RequestCode::NotFound, words)
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
            .map_err(|_| Failure::malformed(words))
    }
}
