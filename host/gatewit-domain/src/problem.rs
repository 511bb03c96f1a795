//! Why a request fails by its caller's mistake.

/// The code of a refusal whose text comes from a strategy.
pub const INVALID_STRATEGY_OPTIONS: &str = "invalid_strategy_options";

/// A fault of the request: a stable code for programs and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    pub code: &'static str,
    pub message: String,
}

impl Problem {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// Trims a text and requires 1 to `max` characters. The error names the field.
pub fn bounded_text(field: &str, text: &str, max: usize) -> Result<String, String> {
    let trimmed = text.trim();
    match trimmed.chars().count() {
        length if (1..=max).contains(&length) => Ok(trimmed.to_owned()),
        _ => Err(format!("{field} must have 1 to {max} characters")),
    }
}
