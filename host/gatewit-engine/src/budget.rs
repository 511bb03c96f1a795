//! The error budget of a new generation: how many questions that the generation before answers it may fail. Pure.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

/// When a new generation is rolled back. Every number is the operator's to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorBudget {
    /// How long after a swap failures count.
    pub within: Duration,
    /// More failed questions than this are too many.
    pub questions: usize,
    /// A larger share of failed questions than this is too large, in percent.
    pub percent: usize,
    /// The share counts once so many questions were asked.
    pub of_at_least: usize,
}

impl Default for ErrorBudget {
    /// Within a minute: more than 5 questions, or more than 10 % of at least 50.
    fn default() -> Self {
        Self {
            within: Duration::from_secs(60),
            questions: 5,
            percent: 10,
            of_at_least: 50,
        }
    }
}

/// Counts the questions that a generation was asked since its swap, each once.
pub(crate) struct SwapWatch {
    budget: ErrorBudget,
    until: Instant,
    asked: HashSet<u64>,
    /// The failed questions, with the event's door rule that each is about.
    failed: HashMap<u64, [u8; 32]>,
}

impl SwapWatch {
    pub(crate) fn begin(budget: ErrorBudget, now: Instant) -> Self {
        Self {
            budget,
            until: now + budget.within,
            asked: HashSet::new(),
            failed: HashMap::new(),
        }
    }

    pub(crate) fn is_over(&self, now: Instant) -> bool {
        now >= self.until
    }

    /// Counts a question that was answered.
    pub(crate) fn note_answer(&mut self, question: u64) {
        self.asked.insert(question);
    }

    /// Counts a question that failed and that the generation before answers. True if there were too many. Failures of one
    /// event alone are never too many.
    pub(crate) fn note_failure(&mut self, question: u64, rule: [u8; 32]) -> bool {
        self.asked.insert(question);
        self.failed.insert(question, rule);
        let events: HashSet<_> = self.failed.values().collect();
        let (failed, asked) = (self.failed.len(), self.asked.len());
        let is_large_share =
            asked >= self.budget.of_at_least && failed * 100 > asked * self.budget.percent;
        events.len() > 1 && (failed > self.budget.questions || is_large_share)
    }

    /// How many questions failed.
    pub(crate) fn failed(&self) -> usize {
        self.failed.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> SwapWatch {
        SwapWatch::begin(ErrorBudget::default(), Instant::now())
    }

    #[test]
    fn the_sixth_failed_question_is_one_too_many() {
        let mut watch = watch();
        for question in 0..5 {
            assert!(!watch.note_failure(question, [question as u8 % 2; 32]));
        }
        assert!(!watch.note_failure(4, [0; 32]), "it failed before");
        assert!(watch.note_failure(5, [1; 32]));
        assert_eq!(watch.failed(), 6);
    }

    #[test]
    fn failures_of_one_event_alone_are_never_too_many() {
        let mut watch = watch();
        for question in 0..100 {
            assert!(!watch.note_failure(question, [7; 32]));
        }
        assert!(watch.note_failure(100, [8; 32]));
    }

    #[test]
    fn more_than_a_tenth_of_fifty_questions_are_too_many() {
        let budget = ErrorBudget {
            questions: 50,
            ..ErrorBudget::default()
        };
        let mut watch = SwapWatch::begin(budget, Instant::now());
        (0..44).for_each(|question| watch.note_answer(question));
        for question in 100..105 {
            assert!(!watch.note_failure(question, [question as u8; 32]));
        }
        assert!(watch.note_failure(105, [9; 32]));
    }

    #[test]
    fn it_ends_after_its_minute() {
        let now = Instant::now();
        let watch = SwapWatch::begin(ErrorBudget::default(), now);
        assert!(!watch.is_over(now + Duration::from_secs(59)));
        assert!(watch.is_over(now + Duration::from_secs(60)));
    }
}
