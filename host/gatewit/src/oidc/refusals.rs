//! Logs why tokens are refused: each reason at most once a second, however many tokens come.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::elapsed::is_past;
use super::errors::TokenError;

const TOLD_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// The reasons that were logged lately.
#[derive(Default)]
pub(super) struct RefusalLog(Mutex<Vec<Told>>);

/// One of the few reasons.
struct Told {
    reason: TokenError,
    at: Timestamp,
    /// How many refusals for this reason were not logged since.
    untold: u64,
}

impl RefusalLog {
    /// Logs a refusal: the reason, and nothing of the token.
    pub(super) fn report(&self, reason: TokenError, now: Timestamp) {
        let Some(untold) = self.turn(reason, now) else {
            return;
        };
        let words = match reason {
            // Not logged here: callers see the first, and a failed fetch of the keys logs the second.
            TokenError::Missing | TokenError::Unavailable(_) => return,
            TokenError::Malformed(flaw) => flaw.to_string(),
            reason => reason.to_string(),
        };
        tracing::info!(untold, "an access token was refused: {words}");
    }

    /// Returns how many refusals for a reason were not logged, if it is time to log one.
    fn turn(&self, reason: TokenError, now: Timestamp) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match told.iter_mut().find(|told| told.reason == reason) {
            Some(told) if !is_past(told.at, TOLD_EVERY, now) => {
                told.untold += 1;
                None
            }
            Some(told) => {
                told.at = now;
                Some(std::mem::take(&mut told.untold))
            }
            None => {
                let at = now;
                told.push(Told {
                    reason,
                    at,
                    untold: 0,
                });
                Some(0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::errors::Flaw;

    #[test]
    fn each_reason_is_told_once_a_second_with_the_number_of_those_that_were_not() {
        let log = RefusalLog::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let signature = TokenError::Malformed(Flaw::Signature);
        assert_eq!(log.turn(signature, at(0)), Some(0));
        assert_eq!(log.turn(TokenError::Expired, at(0)), Some(0));
        assert_eq!(log.turn(signature, at(0)), None);
        assert_eq!(log.turn(signature, at(0)), None);
        assert_eq!(log.turn(signature, at(1)), Some(2));
        assert_eq!(log.turn(signature, at(2)), Some(0));
    }
}
