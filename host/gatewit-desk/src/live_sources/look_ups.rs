//! Looks up tickets in the ticketing system on request, since they may have been sold just now.
//!
//! Bounded, so that strangers cannot make us flood the ticketing system: one look-up of a text at a time, few at a time
//! in total, only some of them for `/tickets/*`, and each answer is cached for a while.
//!
//! A look-up continues even if nobody waits for it any longer: the next request for the same text gets its answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use gatewit_domain::ports::Clock;
use gatewit_domain::problem::{Problem, SourceCode};
use gatewit_domain::source::{SourceFault, SourceName, SourceTicket};
use jiff::{SignedDuration, Timestamp};

use super::schedule::SharedSchedule;
use super::trouble::SourceTrouble;
use crate::error::DeskError;
use crate::settings::ConfiguredSource;

/// How long found tickets are cached.
const FOUND_HOLDS: SignedDuration = SignedDuration::from_mins(1);
/// How long an empty answer is cached: the ticket may be sold any moment.
const NOTHING_HOLDS: SignedDuration = SignedDuration::from_secs(10);
/// How long a fault is cached.
const FAULT_HOLDS: SignedDuration = SignedDuration::from_secs(5);
/// The approximate limit of a source's cached answers, in bytes.
const ANSWERS_BYTES_MAX: usize = 4 << 20;
/// The approximate size of an answer besides its text, in bytes.
const ANSWER_BYTES: usize = 256;
/// The longest text that is looked up: no reference, order or code is longer.
const TEXT_BYTES_MAX: usize = 1_000;
/// The most look-ups of a source at a time.
const AT_ONCE_MAX: usize = 6;
/// The most of them for `/tickets/*`, so that doors get a place whatever strangers ask.
const QUESTIONS_AT_ONCE_MAX: usize = 2;
/// How long a look-up may take if nobody waits for it any longer.
const LEFT_ALONE_MAX: SignedDuration = SignedDuration::from_mins(1);
/// The shortest time between two logs of failing look-ups.
const REPORT_EVERY: SignedDuration = SignedDuration::from_mins(1);

type Found = Result<Arc<[SourceTicket]>, SourceFault>;

/// Who asked for a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A request to `/tickets/*`.
    Question,
    /// A scan, or staff with a guest before them.
    Door,
}

/// The look-ups of one source.
pub struct LookUps {
    name: SourceName,
    source: ConfiguredSource,
    // A std mutex: held for moves and map operations, never across an await.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The cached answers, by the text that was looked up.
    answers: HashMap<Box<str>, Answer>,
    /// Their approximate size.
    bytes: usize,
    under_way: Vec<LookUp>,
    /// How the last look-up failed, if it did.
    trouble: Option<SourceTrouble>,
    /// When the trouble was last logged.
    reported_at: Option<Timestamp>,
}

/// The result of a look-up, and how long it is cached.
struct Answer {
    found: Found,
    at: Timestamp,
    holds_for: SignedDuration,
    bytes: usize,
}

/// A look-up whose answer nobody has taken yet.
#[derive(Clone)]
struct LookUp {
    text: Box<str>,
    asker: Asker,
    begun_at: Timestamp,
    found: Shared<BoxFuture<'static, Found>>,
}

/// How a look-up begins.
enum Begun {
    Known(Found),
    UnderWay(LookUp),
    /// There are too many look-ups already.
    Busy,
    /// The ticketing system wants no requests.
    RateLimited,
}

impl LookUps {
    pub fn new(name: &SourceName, source: &ConfiguredSource) -> Self {
        Self {
            name: name.clone(),
            source: source.clone(),
            state: Mutex::default(),
        }
    }

    /// Asks the source for tickets with this reference, order, code or address, if it allows look-ups.
    pub async fn find(
        &self,
        text: &str,
        asker: Asker,
        schedule: &SharedSchedule,
        clock: &dyn Clock,
    ) -> Result<Arc<[SourceTicket]>, DeskError> {
        if !self.source.live_find || text.len() > TEXT_BYTES_MAX {
            return Ok(Arc::default());
        }
        self.settle(schedule, clock.now());
        let look_up = match self.begin(text, asker, schedule, clock.now()) {
            Begun::Known(found) => return found.map_err(|_| DeskError::source_unavailable()),
            Begun::UnderWay(look_up) => look_up,
            Begun::RateLimited => return Err(DeskError::source_unavailable()),
            Begun::Busy => {
                let words = "the ticketing system is being asked too much; try again in a moment";
                return Err(DeskError::Unavailable(Problem::new(
                    SourceCode::Busy,
                    words,
                )));
            }
        };
        let found = look_up.found.clone().await;
        self.end(&look_up, &found, schedule, clock.now());
        found.map_err(|_| DeskError::source_unavailable())
    }

    /// How the last look-up failed, if it did.
    pub fn trouble(&self) -> Option<SourceTrouble> {
        self.state().trouble.clone()
    }

    /// Takes the answers of finished look-ups, and gives up those that have taken too long with nobody waiting.
    fn settle(&self, schedule: &SharedSchedule, now: Timestamp) {
        let under_way = self.state().under_way.clone();
        for look_up in under_way {
            match look_up.found.clone().now_or_never() {
                Some(found) => self.end(&look_up, &found, schedule, now),
                None if now.duration_since(look_up.begun_at) >= LEFT_ALONE_MAX => {
                    self.state().take(&look_up);
                }
                None => {}
            }
        }
    }

    fn begin(&self, text: &str, asker: Asker, schedule: &SharedSchedule, now: Timestamp) -> Begun {
        let is_rate_limited = schedule.lock().rate_limited(now).is_some();
        let mut state = self.state();
        if let Some(answer) = state.answers.get(text).filter(|answer| answer.holds(now)) {
            return Begun::Known(answer.found.clone());
        }
        let same = state.under_way.iter().find(|other| *other.text == *text);
        if let Some(same) = same {
            return Begun::UnderWay(same.clone());
        }
        if is_rate_limited {
            return Begun::RateLimited;
        }
        if !state.has_place(asker) {
            return Begun::Busy;
        }
        let (asked, sought) = (Arc::clone(&self.source.source), text.to_owned());
        let found = async move {
            match asked.find(&sought).await {
                Ok(tickets) => Ok(tickets.into()),
                Err(SourceFault::NotFound(_)) => Ok(Arc::default()),
                Err(fault) => Err(fault),
            }
        };
        let look_up = LookUp {
            text: text.into(),
            asker,
            begun_at: now,
            found: found.boxed().shared(),
        };
        state.under_way.push(look_up.clone());
        Begun::UnderWay(look_up)
    }

    /// Caches what a look-up found, unless another waiter has done so.
    fn end(&self, look_up: &LookUp, found: &Found, schedule: &SharedSchedule, now: Timestamp) {
        let mut state = self.state();
        if !state.take(look_up) {
            return;
        }
        state.remember(&look_up.text, found, now);
        if let Err(SourceFault::RateLimited(Some(seconds))) = found {
            schedule.lock().retry_after(*seconds, now);
        }
        state.trouble = found.as_ref().err().map(SourceTrouble::from);
        let reported_at = state.reported_at.filter(|at| *at <= now);
        let is_reported = reported_at.is_some_and(|at| now.duration_since(at) < REPORT_EVERY);
        if let Some(trouble) = state.trouble.clone().filter(|_| !is_reported) {
            state.reported_at = Some(now);
            drop(state);
            trouble.report_find(&self.name, &self.source.plugin);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_place(&self, asker: Asker) -> bool {
        let is_question = |look_up: &&LookUp| look_up.asker == Asker::Question;
        let questions = self.under_way.iter().filter(is_question).count();
        let has_share = asker == Asker::Door || questions < QUESTIONS_AT_ONCE_MAX;
        has_share && self.under_way.len() < AT_ONCE_MAX
    }

    /// Removes a look-up from those in progress; false if it is no longer among them.
    fn take(&mut self, look_up: &LookUp) -> bool {
        let before = self.under_way.len();
        self.under_way
            .retain(|other| !other.found.ptr_eq(&look_up.found));
        self.under_way.len() < before
    }

    fn remember(&mut self, text: &str, found: &Found, now: Timestamp) {
        let answer = Answer {
            at: now,
            holds_for: match found {
                Ok(tickets) if tickets.is_empty() => NOTHING_HOLDS,
                Ok(_) => FOUND_HOLDS,
                Err(_) => FAULT_HOLDS,
            },
            bytes: weight(text, found),
            found: found.clone(),
        };
        if self.bytes + answer.bytes > ANSWERS_BYTES_MAX {
            self.answers.retain(|_, answer| answer.holds(now));
            self.bytes = self.answers.values().map(|answer| answer.bytes).sum();
        }
        if self.bytes + answer.bytes > ANSWERS_BYTES_MAX {
            self.answers.clear();
            self.bytes = 0;
        }
        if answer.bytes > ANSWERS_BYTES_MAX {
            return;
        }
        self.bytes += answer.bytes;
        if let Some(before) = self.answers.insert(text.into(), answer) {
            self.bytes -= before.bytes;
        }
    }
}

impl Answer {
    fn holds(&self, now: Timestamp) -> bool {
        (self.at..self.at + self.holds_for).contains(&now)
    }
}

fn weight(text: &str, found: &Found) -> usize {
    let words = match found {
        Ok(tickets) => serde_json::to_vec(&**tickets).map_or(ANSWERS_BYTES_MAX, |json| json.len()),
        Err(_) => 0,
    };
    ANSWER_BYTES + text.len() + words
}
