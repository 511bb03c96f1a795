//! Maps an unusable answer to a fault of the sync. `wit/ticketing-backend.wit` says what the host does next.

use std::fmt::Display;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::Value;
use serde_json::error::Category;

use crate::{Fault, HttpError, Response};

/// The most characters kept of an upstream's error text.
const WORDS_MAX: usize = 200;

pub(super) fn of_status(place: &str, response: &Response) -> Fault {
    let status = response.status;
    let mut text = format!("{place} answered {status}");
    if let Some(words) = words(&response.body) {
        text = format!("{text}: {words}");
    }
    match status {
        401 | 403 => Fault::Unauthorized(text),
        404 | 410 => Fault::NotFound(text),
        429 => Fault::RateLimited(retry_after(response)),
        408 | 500..=599 => Fault::Unavailable(text),
        _ => Fault::Unexpected(text),
    }
}

pub(super) fn of_transport(place: &str, error: HttpError) -> Fault {
    match error {
        HttpError::NotGranted(what) => Fault::BadSettings(format!("{place}: {what}")),
        HttpError::Unreachable(how) => {
            Fault::Unavailable(format!("{place} cannot be reached: {how}"))
        }
        HttpError::TimedOut => Fault::Unavailable(format!("{place} did not answer in time")),
        HttpError::TooLarge(bytes) => {
            Fault::Unavailable(format!("{place} answered with more than {bytes} bytes"))
        }
        HttpError::Other(what) => Fault::Unexpected(format!("{place}: {what}")),
    }
}

pub(super) fn of_json(place: &str, err: &serde_path_to_error::Error<serde_json::Error>) -> Fault {
    let reason = without_values(&err.inner().to_string());
    Fault::Unavailable(match err.inner().classify() {
        Category::Data => format!(
            "{place} answered with another shape: {}: {reason}",
            err.path()
        ),
        _ => format!("{place} answered with what is no JSON: {reason}"),
    })
}

/// The upstream's error text: the `detail`, `message` or `error` of a JSON object; the whole of other JSON and of plain
/// text. A web page gives none.
fn words(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let words = match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(object)) => {
            let mut keys = ["detail", "message", "error"].into_iter();
            let said = keys.find_map(|key| object.get(key)?.as_str());
            said.map_or_else(|| text.to_string(), str::to_owned)
        }
        Ok(Value::Array(list)) if list.iter().all(Value::is_string) => {
            let said: Vec<_> = list.iter().filter_map(Value::as_str).collect();
            said.join(", ")
        }
        _ => text.to_string(),
    };
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_said = !words.is_empty() && !words.starts_with('<');
    is_said.then(|| words.chars().take(WORDS_MAX).collect())
}

/// The seconds of a `Retry-After`. A date counts from the answer's own `Date`, since a component has no clock.
fn retry_after(response: &Response) -> Option<u32> {
    let text = response.header("retry-after")?;
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let [until, now] = [text, response.header("date")?].map(timestamp);
    let seconds = until?.as_second() - now?.as_second();
    u32::try_from(seconds.max(0)).ok()
}

fn timestamp(text: &str) -> Option<Timestamp> {
    Some(rfc2822::parse(text).ok()?.timestamp())
}

/// Removes the texts that a serde error quotes: they come from the answer and may be a name.
fn without_values(reason: &str) -> String {
    match (reason.find('"'), reason.rfind('"')) {
        (Some(from), Some(to)) if from < to => format!("{}…{}", &reason[..from], &reason[to + 1..]),
        _ => reason.to_owned(),
    }
}

/// Checks that a list read in one go, such as the ticket types, has as many distinct rows as the ticketing system
/// counts. The host checks tickets by [`Page::total`](crate::Page::total).
pub fn check_whole(what: &str, listed: usize, total: Option<u32>) -> Result<(), Fault> {
    match total.filter(|total| listed < *total as usize) {
        Some(total) => Err(Fault::Unavailable(format!(
            "the ticketing system counts {total} {what} and listed {listed}"
        ))),
        None => Ok(()),
    }
}

impl Fault {
    /// The ticketing system sent an impossible answer: the host tries again, with growing delays.
    pub fn nonsense(what: impl Display) -> Self {
        Fault::Unavailable(format!("the ticketing system talks nonsense: {what}"))
    }
}
