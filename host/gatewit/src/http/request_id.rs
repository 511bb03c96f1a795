//! The id of a request, in its answer and in every line that is logged for it.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LENGTH_MAX: usize = 64;

/// Only letters, digits, `-`, `_` and `.`, so that no client can break a log line.
#[derive(Clone, Debug)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Takes the id that the client or a proxy gave the request, or makes a new one.
    pub fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
        match given.filter(|id| is_sane(id)) {
            Some(id) => Self(id.into()),
            None => {
                let mut text = Uuid::encode_buffer();
                Self((&*Uuid::new_v4().hyphenated().encode_lower(&mut text)).into())
            }
        }
    }

    pub fn text(&self) -> &Arc<str> {
        &self.0
    }
}

impl From<RequestId> for HeaderValue {
    fn from(id: RequestId) -> Self {
        Self::from_str(&id.0).expect("its characters are valid in a header")
    }
}

fn is_sane(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=LENGTH_MAX).contains(&id.len()) && id.bytes().all(is_allowed)
}
