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
    /// So many failing runs of a backend in a row are too many, however long after the swap, until one succeeds.
    pub runs: u32,
}

impl Default for ErrorBudget {
    /// Within a minute: more than 5 questions, or more than 10 % of at least 50. Three runs of a backend.
    fn default() -> Self {
        Self {
            within: Duration::from_secs(60),
            questions: 5,
            percent: 10,
            of_at_least: 50,
            runs: 3,
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

    /// Why there were too many.
    pub(crate) fn told(&self) -> String {
        let (failed, within) = (self.failed.len(), self.budget.within.as_secs());
        format!(
            "{failed} questions failed within {within} s of the swap which the generation before answers"
        )
    }
}

/// Counts the failing runs of a backend since its swap.
#[derive(Debug, Default)]
pub(crate) struct RunWatch {
    /// Whether the last run succeeded.
    last_succeeded: bool,
    /// How many runs may fail in a row before one succeeds; None: any number, since no generation before did better.
    failures_max: Option<u32>,
    failures: u32,
}

impl RunWatch {
    /// Begins to count for a new generation.
    pub(crate) fn swapped(&mut self, budget: ErrorBudget) {
        self.failures_max = self.last_succeeded.then_some(budget.runs);
        self.failures = 0;
    }

    pub(crate) fn note_success(&mut self) {
        self.last_succeeded = true;
        self.failures_max = None;
    }

    /// Counts a run that failed by the plugin's own fault. True if there were too many.
    pub(crate) fn note_failure(&mut self) -> bool {
        self.last_succeeded = false;
        self.failures += 1;
        let is_too_many = self.failures_max.is_some_and(|max| self.failures >= max);
        if is_too_many {
            self.failures_max = None;
        }
        is_too_many
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
        assert!(watch.told().starts_with("6 questions failed within 60 s"));
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

    #[test]
    fn the_third_failing_run_in_a_row_is_one_too_many() {
        let mut watch = RunWatch::default();
        watch.note_success();
        watch.swapped(ErrorBudget::default());
        let outcomes = [
            watch.note_failure(),
            watch.note_failure(),
            watch.note_failure(),
        ];
        assert_eq!(outcomes, [false, false, true]);
        assert!(!watch.note_failure(), "it is told once");
    }

    #[test]
    fn a_run_that_succeeds_ends_the_count() {
        let mut watch = RunWatch::default();
        watch.note_success();
        watch.swapped(ErrorBudget::default());
        assert!(!watch.note_failure() && !watch.note_failure());
        watch.note_success();
        assert!((0..10).all(|_| !watch.note_failure()));
    }

    #[test]
    fn a_backend_that_failed_before_its_swap_may_go_on_failing() {
        let mut watch = RunWatch::default();
        assert!(!watch.note_failure());
        watch.swapped(ErrorBudget::default());
        assert!((0..10).all(|_| !watch.note_failure()));
    }
}
