//! Looking something up in the ticketing system at the moment it is asked for, since it may have been sold just now.
//!
//! Bounded, because whoever guesses could make us hammer on the ticketing system: one look-up of a text at a time, few at
//! a time altogether, and each answer holds for a while.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::lock::Mutex as AsyncMutex;
use jiff::{SignedDuration, Timestamp};

use super::{Desk, LiveSource};
use crate::attendees::{Attendee, SourceSet};
use crate::problem::{DeskError, Problem};
use crate::source::{SourceFault, SourceTicket};

/// How long an answer holds.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(1);
/// How long a fault holds.
const FAULT_REMEMBERED: SignedDuration = SignedDuration::from_secs(5);
/// How many answers are remembered.
const ANSWERS_MAX: usize = 1_024;
/// The largest answer that is remembered, in bytes: 64 MiB all together.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// How many look-ups a source has at a time.
const AT_ONCE_MAX: usize = 2;

type Found = Result<Vec<SourceTicket>, SourceFault>;

/// The look-ups of one source, by what is looked for.
#[derive(Default)]
pub struct LiveFinds {
    // A std mutex: held for map operations, never across an await.
    answers: Mutex<HashMap<String, Arc<Answer>>>,
    under_way: AtomicUsize,
}

/// What was found, and from when until when that holds. Held by whoever asks.
type Answer = AsyncMutex<Option<(Range<Timestamp>, Found)>>;

/// A place among the look-ups under way.
struct Seat<'f>(&'f AtomicUsize);

impl LiveFinds {
    fn answer(&self, text: &str, now: Timestamp) -> Arc<Answer> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= ANSWERS_MAX {
            answers.retain(|_, answer| answer.try_lock().is_none_or(|answer| holds(&answer, now)));
        }
        if answers.len() >= ANSWERS_MAX {
            answers.clear();
        }
        answers.entry(text.to_owned()).or_default().clone()
    }

    /// Leaves an answer to those who wait for it now.
    fn forget(&self, text: &str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.remove(text);
    }

    fn seat(&self) -> Option<Seat<'_>> {
        let seat = Seat(&self.under_way);
        (self.under_way.fetch_add(1, Ordering::Relaxed) < AT_ONCE_MAX).then_some(seat)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Desk {
    /// Asks a source for what has this reference or address, if it is one that is asked.
    pub(super) async fn find_live(
        &self,
        source: &LiveSource,
        set: &SourceSet,
        text: &str,
    ) -> Result<Vec<Attendee>, DeskError> {
        if !source.configured.live_find {
            return Ok(Vec::new());
        }
        let answer = source.finds.answer(text, self.now());
        let mut answer = answer.lock().await;
        if !holds(&answer, self.now()) {
            if let Some(words) = source.course().held_back(self.now()) {
                return Err(DeskError::source_unavailable(words));
            }
            let Some(_seat) = source.finds.seat() else {
                let words = "the ticketing system is being asked too much; try again in a moment";
                return Err(DeskError::Unavailable(Problem::new("source_busy", words)));
            };
            let found = source.configured.source.find(text).await;
            let found = match found {
                Err(SourceFault::NotFound(_)) => Ok(Vec::new()),
                found => found,
            };
            let holds_for = if found.is_ok() {
                REMEMBERED
            } else {
                FAULT_REMEMBERED
            };
            if let Err(SourceFault::RateLimited(Some(seconds))) = &found {
                source.course().stay_away(*seconds, self.now());
            }
            if weight(&found).saturating_add(text.len()) > ANSWER_BYTES_MAX {
                source.finds.forget(text);
            }
            *answer = Some((self.now()..self.now() + holds_for, found));
        }
        match answer.as_ref().map(|(_, found)| found) {
            Some(Ok(tickets)) => Ok(tickets
                .iter()
                .filter_map(|ticket| set.attendee_of(ticket))
                .collect()),
            Some(Err(fault)) => Err(DeskError::source_unavailable(fault.to_string())),
            None => Ok(Vec::new()),
        }
    }
}

/// About how many bytes an answer takes.
fn weight(found: &Found) -> usize {
    match found {
        Ok(tickets) => serde_json::to_string(tickets).map_or(usize::MAX, |json| json.len()),
        Err(_) => 0,
    }
}

fn holds(answer: &Option<(Range<Timestamp>, Found)>, now: Timestamp) -> bool {
    answer.as_ref().is_some_and(|(time, _)| time.contains(&now))
}
