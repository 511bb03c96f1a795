//! Answers in the shape of the contract. What an answer lets a guesser find out is attached to it for the middleware.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gatewit_desk::Validated;
use gatewit_domain::attendees::{self, AttendeeQuestion, NameQuestion, Verdict};
use serde::Serialize;

use super::bodies::{AttendeeAnswer, EmailAnswer, NameAnswer};
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
        validated: Validated<attendees::AttendeeAnswer>,
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
            answer: validated.answer.into(),
        }
    }
}

impl ValidatedResponse<NameAnswer> {
    pub fn name(
        validated: Validated<attendees::NameAnswer>,
        question: &Question<NameQuestion>,
    ) -> Self {
        let is_right = validated.verdict == Verdict::Attendee;
        Self {
            status: match validated.verdict {
                Verdict::Attendee | Verdict::Near | Verdict::WrongName => StatusCode::OK,
                Verdict::WrongType => StatusCode::NOT_ACCEPTABLE,
                Verdict::Unknown => StatusCode::NOT_FOUND,
            },
            guess: question.guess(Some(validated.about), is_right),
            answer: validated.answer.into(),
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
