//! Answers in the shape of the contract. What an answer lets a guesser find out is attached to it for the middleware.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gatewit_desk::Validated;
use gatewit_domain::attendees::{
    AttendeeAnswer, AttendeeQuestion, NameAnswer, NameQuestion, Verdict,
};
use gatewit_domain::source::SourceType;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fields::EmailQuestion;
use super::question::Question;
use crate::http::throttle::Guess;

/// An answer, and the guess it answers.
pub struct ValidatedResponse<A> {
    status: StatusCode,
    answer: A,
    guess: Guess,
}

impl ValidatedResponse<AttendeeAnswer> {
    pub fn attendee(
        validated: Validated<AttendeeAnswer>,
        question: &Question<AttendeeQuestion>,
    ) -> Self {
        let is_right = validated.verdict == Verdict::Attendee;
        Self {
            status: match validated.verdict {
                Verdict::Attendee => StatusCode::OK,
                Verdict::Near | Verdict::WrongType => StatusCode::NOT_ACCEPTABLE,
                Verdict::WrongName | Verdict::Unknown => StatusCode::NOT_FOUND,
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
                Verdict::Attendee | Verdict::Near | Verdict::WrongName => StatusCode::OK,
                Verdict::WrongType => StatusCode::NOT_ACCEPTABLE,
                Verdict::Unknown => StatusCode::NOT_FOUND,
            },
            guess: question.guess(Some(validated.about), is_right),
            answer: validated.answer,
        }
    }
}

impl ValidatedResponse<EmailAnswer> {
    pub fn email(answer: EmailAnswer, valid: bool, question: &Question<EmailQuestion>) -> Self {
        Self {
            status: match valid {
                true => StatusCode::OK,
                false => StatusCode::NOT_FOUND,
            },
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
        let mut response = (self.status, Json(self.answer)).into_response();
        response.extensions_mut().insert(self.guess);
        response
    }
}

/// Whether the address belongs to an attendee.
#[derive(Serialize, ToSchema)]
pub struct EmailAnswer {
    pub valid: bool,
}

#[derive(Serialize, ToSchema)]
pub struct TicketTypes {
    pub ticket_types: Vec<TicketTypeRow>,
}

/// A ticket type, as the ticketing system lists it.
#[derive(Serialize, ToSchema)]
pub struct TicketTypeRow {
    /// A number if the ticketing system uses numbers, otherwise text.
    #[schema(value_type = Value, example = 819314)]
    id: Value,
    #[schema(example = "Conference")]
    title: String,
    #[schema(example = json!(["on_site", "online_access"]))]
    activities: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct TicketCount {
    #[schema(example = 1204)]
    pub ticket_count: usize,
}

impl From<SourceType> for TicketTypeRow {
    fn from(kind: SourceType) -> Self {
        let number = kind.id.parse::<u64>().ok();
        let number = number.filter(|number| number.to_string() == kind.id);
        Self {
            id: number.map_or_else(|| kind.id.into(), Value::from),
            title: kind.name,
            activities: kind.activities,
        }
    }
}
