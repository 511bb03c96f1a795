//! Answers in the shape of the contract: the result, or `{"detail": …}` for a failure.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatewit_domain::attendees::{
    AttendeeAnswer, AttendeeQuestion, NameAnswer, NameQuestion, Verdict,
};
use gatewit_domain::problem::DeskError;
use gatewit_domain::service::Validated;
use serde::Serialize;
use utoipa::ToSchema;

use super::EmailAnswer;
use super::fields::EmailQuestion;
use super::question::Question;
use crate::http::answer::Failure;

/// After how many seconds to retry when the answer is temporarily unavailable.
const RETRY_AFTER_SECONDS: i64 = 5;

/// An answer, and the guess it answers.
pub struct ValidatedResponse<A> {
    status: u16,
    answer: A,
    guess: Guess,
}

/// A guess, attached to its answer for the middleware.
#[derive(Clone, Debug)]
pub struct Guess {
    /// The order or ticket asked about.
    pub about: Option<String>,
    pub is_right: bool,
    /// How many wrong guesses it counts as if it is wrong: one for each e-mail address asked about.
    pub count: usize,
    /// Whether the caller proved who it is.
    pub is_identified: bool,
}

impl Guess {
    /// A wrong access token: a guess about no order or ticket.
    pub const REJECTED_TOKEN: Self = Self {
        about: None,
        is_right: false,
        count: 1,
        is_identified: false,
    };
}

impl ValidatedResponse<AttendeeAnswer> {
    pub fn attendee(
        validated: Validated<AttendeeAnswer>,
        question: &Question<AttendeeQuestion>,
    ) -> Self {
        let is_right = validated.verdict == Verdict::Attendee;
        Self {
            status: match validated.verdict {
                Verdict::Attendee => 200,
                Verdict::Near | Verdict::WrongType => 406,
                Verdict::WrongName | Verdict::Unknown => 404,
            },
            guess: question.guess(Some(validated.about), is_right),
            answer: validated.answer,
        }
    }
}

impl ValidatedResponse<NameAnswer> {
    pub fn name(validated: Validated<NameAnswer>, question: &Question<NameQuestion>) -> Self {
        let is_right = validated.verdict == Verdict::Attendee;
        Self {
            status: match validated.verdict {
                Verdict::Attendee | Verdict::Near | Verdict::WrongName => 200,
                Verdict::WrongType => 406,
                Verdict::Unknown => 404,
            },
            guess: question.guess(Some(validated.about), is_right),
            answer: validated.answer,
        }
    }
}

impl ValidatedResponse<EmailAnswer> {
    pub fn email(answer: EmailAnswer, valid: bool, question: &Question<EmailQuestion>) -> Self {
        Self {
            status: if valid { 200 } else { 404 },
            guess: Guess {
                count: question.query.addresses.len(),
                ..question.guess(None, valid)
            },
            answer,
        }
    }
}

impl<A: Serialize> IntoResponse for ValidatedResponse<A> {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).expect("every status here is valid");
        let mut response = (status, Json(self.answer)).into_response();
        response.extensions_mut().insert(self.guess);
        response
    }
}

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
        let mut response = refusal(failure.status(), failure.message());
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

/// Refuses a guess after too many wrong ones about the same order or ticket, or from the same address.
pub fn throttled(retry_after_seconds: i64) -> Response {
    let words = format!("too many wrong guesses; try again in {retry_after_seconds} s");
    let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, &words);
    let seconds = HeaderValue::from(retry_after_seconds);
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
    response
}
