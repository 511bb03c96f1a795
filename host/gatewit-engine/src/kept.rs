//! Keeps what strategies answered, so that a scan reads and does not call.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use equivalent::Equivalent;
use gatewit_domain::window::{DoorRule, Holder, Window, WindowsAnswer};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::time::Instant;

/// For how long a failed question is not asked again.
pub(crate) const FAILURE_REMEMBERED: Duration = Duration::from_secs(1);
/// How much is kept, about. What was not asked for longest goes first.
const KEPT_BYTES_MAX: u64 = 64 << 20;
/// What an entry weighs beside its windows and words, about.
const ENTRY_BYTES: usize = 512;

/// The answers of all strategies, by question.
pub(crate) struct KeptWindows {
    entries: Cache<OwnedQuestion, Entry>,
}

/// When doors are open by this rule for this holder.
#[derive(Clone, Copy, Hash)]
pub(crate) struct Question<'a> {
    rule: &'a [u8; 32],
    holder: &'a Holder,
}

impl<'a> Question<'a> {
    pub(crate) fn new(rule: &'a DoorRule, holder: &'a Holder) -> Self {
        Self {
            rule: rule.digest(),
            holder,
        }
    }

    fn to_owned(self) -> OwnedQuestion {
        OwnedQuestion {
            rule: *self.rule,
            holder: self.holder.clone(),
        }
    }
}

/// Has the fields of [`Question`] in their order, so that both hash alike.
#[derive(PartialEq, Eq, Hash)]
struct OwnedQuestion {
    rule: [u8; 32],
    holder: Holder,
}

impl Equivalent<OwnedQuestion> for Question<'_> {
    fn equivalent(&self, other: &OwnedQuestion) -> bool {
        *self.rule == other.rule && *self.holder == other.holder
    }
}

/// What is known of one question.
#[derive(Clone, Default)]
struct Entry {
    last_good: Option<Arc<WindowsAnswer>>,
    /// Set if the latest call failed.
    failure: Option<Arc<Failure>>,
}

struct Failure {
    at: Instant,
    /// The digest of the plugin that failed.
    digest: String,
    reason: String,
}

impl KeptWindows {
    pub(crate) fn new() -> Self {
        let entries = Cache::builder()
            .max_capacity(KEPT_BYTES_MAX)
            .weigher(weight)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { entries }
    }

    /// Answers without a call of the plugin with this digest, if that can be.
    ///
    /// It can if this very code answered before; or if it failed a moment ago: then the last good answer serves, and
    /// where there is none, the failure stands.
    pub(crate) fn answer(
        &self,
        question: Question<'_>,
        digest: &str,
    ) -> Option<Result<Arc<WindowsAnswer>, String>> {
        let entry = self.entries.get(&question)?;
        if let Some(failure) = &entry.failure
            && failure.digest == digest
            && failure.at.elapsed() < FAILURE_REMEMBERED
        {
            return Some(entry.last_good.ok_or_else(|| failure.reason.clone()));
        }
        let is_current = |answer: &Arc<WindowsAnswer>| answer.plugin.digest == digest;
        entry.last_good.filter(is_current).map(Ok)
    }

    /// The last answer to a question, whichever code gave it.
    pub(crate) fn last_good(&self, question: Question<'_>) -> Option<Arc<WindowsAnswer>> {
        self.entries.get(&question)?.last_good
    }

    pub(crate) fn keep(&self, question: Question<'_>, answer: &Arc<WindowsAnswer>) {
        let entry = Entry {
            last_good: Some(Arc::clone(answer)),
            failure: None,
        };
        self.entries.insert(question.to_owned(), entry);
    }

    /// Remembers that the plugin with this digest failed. The last good answer stays.
    pub(crate) fn remember_failure(&self, question: Question<'_>, digest: &str, reason: &str) {
        let failure = Failure {
            at: Instant::now(),
            digest: digest.to_owned(),
            reason: reason.to_owned(),
        };
        let entry = Entry {
            last_good: self.last_good(question),
            failure: Some(Arc::new(failure)),
        };
        self.entries.insert(question.to_owned(), entry);
    }
}

fn weight(question: &OwnedQuestion, entry: &Entry) -> u32 {
    let holder = &question.holder;
    let words = holder
        .attributes
        .iter()
        .map(|name| size_of::<String>() + name.len());
    let windows = entry
        .last_good
        .as_ref()
        .map_or(0, |answer| answer.windows.len());
    let bytes = ENTRY_BYTES
        + holder.ticket_type.len()
        + words.sum::<usize>()
        + windows * size_of::<Window>();
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
