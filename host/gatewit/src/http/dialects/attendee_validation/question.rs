//! The body of a request, read as the reference service's framework reads it: its clients look at `loc` and `type`.
//! `fact-check-in.md` §1.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use gatewit_desk::NotAnswered;
use gatewit_domain::attendees::FieldFault;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::client::ValidatorClient;
use super::refusal::{Refusal, failure_response, refusal};
use crate::http::answer::Failure;
use crate::http::body_limit::BODY_MAX;
use crate::http::content_type::is_json_based;
use crate::http::server::is_too_slow;
use crate::http::state::App;
use crate::http::throttle::Guess;

/// A caller and its request. Malformed JSON is reported before authentication; everything else after it.
pub struct Question<Q> {
    client: ValidatorClient,
    /// The fields as they were sent.
    fields: Map<String, Value>,
    pub query: Q,
}

/// A request that can be read from a body's fields.
pub trait FromFields: Sized {
    fn read(fields: &Map<String, Value>) -> Result<Self, Vec<ValidationError>>;
}

/// All errors of a request.
#[derive(Serialize, ToSchema)]
pub struct ValidationErrors {
    detail: Vec<ValidationError>,
}

/// One error, in the wording of the contract's own framework.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ValidationError {
    #[serde(rename = "type")]
    #[schema(example = "missing")]
    kind: &'static str,
    /// Where: `["body", "name"]`.
    #[schema(value_type = Vec<Value>, example = json!(["body", "name"]))]
    loc: Vec<Value>,
    #[schema(example = "Field required")]
    msg: String,
    /// The value that was sent.
    input: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    ctx: Option<Value>,
}

impl<Q: FromFields> FromRequest<App> for Question<Q> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let body = read(body, &parts.headers).await?;
        let client = ValidatorClient::from_request_parts(&mut parts, app).await;
        let client = client.map_err(IntoResponse::into_response)?;
        let fields = match body {
            Some(Value::Object(fields)) => fields,
            Some(Value::Null) | None => {
                return Err(unacceptable(vec![ValidationError::missing(
                    &[],
                    Value::Null,
                )]));
            }
            Some(other) => return Err(unacceptable(vec![ValidationError::no_object(other)])),
        };
        let query = Q::read(&fields).map_err(unacceptable)?;
        Ok(Self {
            client,
            fields,
            query,
        })
    }
}

impl<Q> Question<Q> {
    /// Refuses a question about an id that is malformed and unknown. Whether it is unknown can be probed, so it counts
    /// as a wrong guess.
    pub fn not_answered(&self, error: NotAnswered) -> Refusal {
        let faults = match error {
            NotAnswered::Failed(error) => return error.into(),
            NotAnswered::Malformed(faults) => faults,
        };
        let errors = faults.into_iter().map(|FieldFault { field, words }| {
            let sent = self.fields.get(field).cloned().unwrap_or_default();
            ValidationError::bad_value(&[field], words, sent)
        });
        let mut response = unacceptable(errors.collect());
        response.extensions_mut().insert(self.guess(None, false));
        Refusal::Malformed(response)
    }

    /// Returns this question as a guess.
    pub fn guess(&self, about: Option<String>, is_right: bool) -> Guess {
        Guess {
            about,
            is_right,
            count: 1,
            is_identified: self.client.is_identified,
        }
    }
}

/// Reads a body; None if it is empty. Without a JSON content type, it is text.
async fn read(body: Body, headers: &HeaderMap) -> Result<Option<Value>, Response> {
    let bytes = to_bytes(body, BODY_MAX).await.map_err(|error| {
        if is_too_slow(&error) {
            return failure_response(&Failure::too_slow());
        }
        let words = "the request's body is too large, or broke off";
        refusal(StatusCode::PAYLOAD_TOO_LARGE, words)
    })?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if !is_json_based(headers) {
        return Ok(Some(String::from_utf8_lossy(&bytes).into_owned().into()));
    }
    let value = serde_json::from_slice(&bytes);
    value.map(Some).map_err(|error| {
        let place = place(&bytes, error.line(), error.column());
        unacceptable(vec![ValidationError {
            kind: "json_invalid",
            loc: vec!["body".into(), place.into()],
            msg: "JSON decode error".to_owned(),
            input: json!({}),
            ctx: Some(json!({"error": error.to_string()})),
        }])
    })
}

/// Returns the zero-based index of the character at which reading ended.
fn place(bytes: &[u8], line: usize, column: usize) -> usize {
    let before: usize = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let end = (before + column.saturating_sub(1)).min(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).chars().count()
}

fn unacceptable(detail: Vec<ValidationError>) -> Response {
    let errors = ValidationErrors { detail };
    (StatusCode::UNPROCESSABLE_ENTITY, Json(errors)).into_response()
}

impl ValidationError {
    /// A required field is missing.
    pub fn missing(field: &[&str], sent: Value) -> Self {
        Self::new("missing", field, "Field required", sent)
    }

    /// A field holds something other than text.
    pub fn no_text(field: &str, value: &Value) -> Self {
        let words = "Input should be a valid string";
        Self::new("string_type", &[field], words, value.clone())
    }

    /// A value is invalid; `field` is empty if it is the whole body.
    pub fn bad_value(field: &[&str], words: &str, value: Value) -> Self {
        Self {
            ctx: Some(json!({"error": {}})),
            ..Self::new(
                "value_error",
                field,
                &format!("Value error, {words}"),
                value,
            )
        }
    }

    /// A text is not an e-mail address.
    pub fn no_email(field: &str, reason: &str, value: Value) -> Self {
        let words = format!("value is not a valid email address: {reason}");
        Self {
            ctx: Some(json!({"reason": reason})),
            ..Self::new("value_error", &[field], &words, value)
        }
    }

    fn no_object(value: Value) -> Self {
        let words = "Input should be a valid dictionary or object to extract fields from";
        Self::new("model_attributes_type", &[], words, value)
    }

    fn new(kind: &'static str, field: &[&str], words: &str, input: Value) -> Self {
        let loc = ["body"].iter().chain(field).map(|part| (*part).into());
        Self {
            kind,
            loc: loc.collect(),
            msg: words.to_owned(),
            input,
            ctx: None,
        }
    }
}
