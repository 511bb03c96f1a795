//! The trial of a candidate before it serves: it is asked what is in use, and must answer what the generation that serves
//! answers.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gatewit_domain::plugin::{CallError, PluginWords};
use gatewit_domain::window::{DoorRule, WindowsAnswer};
use jiff::Timestamp;

use crate::load::{Generation, TrialError};
use crate::strategy::Strategy;
use crate::window_cache::{Question, WindowCache};

/// How long a candidate is tried. What it was not asked by then, it is asked behind the swap.
const TRIAL_MAX: Duration = Duration::from_secs(5);

/// How many events the history names.
const EVENTS_TOLD_MAX: usize = 20;

/// What a candidate was asked.
#[derive(Default)]
pub(crate) struct Trial {
    pub answers: Vec<(Question, Arc<WindowsAnswer>)>,
    /// What it failed and the generation that serves fails, too, or was never asked: the event's name and why.
    pub failures: Vec<(String, CallError)>,
    pub unasked: Vec<Question>,
}

impl Trial {
    /// Names the events that it fails for, once each, and why.
    pub(crate) fn failures_in_words(&self) -> Option<String> {
        let mut by_event = BTreeMap::new();
        for (event, failure) in &self.failures {
            by_event.entry(event).or_insert(failure);
        }
        let told = by_event.iter().take(EVENTS_TOLD_MAX);
        let told = told.map(|(event, failure)| format!("event {event:?}: {failure}"));
        let told: Vec<_> = told.collect();
        (!told.is_empty()).then(|| format!("it fails for {}", told.join("; ")))
    }
}

/// A strategy beside the one that serves.
pub(crate) struct Candidate<'a> {
    pub generation: &'a Generation,
    pub strategy: &'a Strategy,
    pub serving: Option<&'a Generation>,
    pub cache: &'a WindowCache,
}

impl Candidate<'_> {
    /// Asks the candidate, on instances of its own. Blocks for [`TRIAL_MAX`], and for the calls about one more question.
    pub(crate) fn try_out(
        &self,
        questions: Vec<Question>,
        now: Timestamp,
    ) -> Result<Trial, TrialError> {
        let ends = Instant::now() + TRIAL_MAX;
        let mut trial = Trial::default();
        let mut options_asked = HashSet::new();
        for question in questions {
            if Instant::now() >= ends || is_over(&question.rule, now) {
                trial.unasked.push(question);
                continue;
            }
            if options_asked.insert(question.rule.options.clone()) {
                self.check_options(&question.rule, &mut trial)?;
            }
            self.ask(question, &mut trial)?;
        }
        Ok(trial)
    }

    fn check_options(&self, rule: &DoorRule, trial: &mut Trial) -> Result<(), TrialError> {
        let event = rule.event_name.clone();
        let verdict = self.strategy.check_options(&rule.options);
        if let Ok(Ok(())) = verdict {
            return Ok(());
        }
        let serving = self.serving.and_then(Generation::strategy);
        let is_accepted = serving
            .is_some_and(|serving| matches!(serving.check_options(&rule.options), Ok(Ok(()))));
        match verdict {
            Ok(Ok(())) => {}
            Ok(Err(words)) if is_accepted => return Err(TrialError::Objection { event, words }),
            Err(failure) if is_accepted => return Err(TrialError::Options { event, failure }),
            Ok(Err(words)) => trial.failures.push((event, objection(words))),
            Err(failure) => trial.failures.push((event, failure)),
        }
        Ok(())
    }

    fn ask(&self, question: Question, trial: &mut Trial) -> Result<(), TrialError> {
        let Question { rule, holder } = &question;
        match self.strategy.windows(rule, holder) {
            Ok(windows) => {
                let identity = self.generation.identity.clone();
                let answer = WindowsAnswer::new(rule.digest(), holder, windows, identity);
                trial.answers.push((question, Arc::new(answer)));
            }
            Err(failure) if self.is_answered(&question) => {
                return Err(TrialError::Windows {
                    event: rule.event_name.clone(),
                    ticket_type: holder.ticket_type.clone(),
                    failure,
                });
            }
            Err(failure) => trial.failures.push((rule.event_name.clone(), failure)),
        }
        Ok(())
    }

    /// Whether the generation that serves answers a question.
    fn is_answered(&self, question: &Question) -> bool {
        self.serving.is_some_and(|serving| {
            let has_answered = self
                .cache
                .has_answered(question.key(), &serving.identity.digest);
            has_answered
                || serving.strategy().is_some_and(|serving| {
                    serving.windows(&question.rule, &question.holder).is_ok()
                })
        })
    }
}

fn objection(words: PluginWords) -> CallError {
    CallError::AnsweredError(words)
}

/// Whether all days of an event are over.
fn is_over(rule: &DoorRule, now: Timestamp) -> bool {
    rule.calendar.days.iter().all(|day| day.ends <= now)
}
