//! Caches the answers of strategies, so that a scan reads them instead of calling a plugin, and the questions themselves, so
//! that a new generation can be asked all that is in use before it serves.

use gatewit_decision::Window;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use equivalent::Equivalent;
use gatewit_domain::plugin::CallError;
use gatewit_domain::window::{DoorRule, Holder, StrategyName, WindowsAnswer};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::time::Instant;

/// How long a failed question is not asked again.
pub(crate) const FAILURE_TTL: Duration = Duration::from_secs(1);
/// About how much memory the answers may take. The least recently used ones are dropped first.
const CACHE_BYTES_MAX: u64 = 64 << 20;
/// About how much memory an entry takes besides its windows and words.
const ENTRY_BYTES: usize = 640;

/// The answers of all strategies, by rule and holder.
pub(crate) struct WindowCache {
    entries: Cache<OwnedWindowKey, Entry>,
    /// Held while an entry is changed, so that no change undoes another. A std mutex, never held across an await.
    changing: Mutex<()>,
    hasher: RandomState,
}

/// The question when doors are open by this rule for this holder.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub rule: Arc<DoorRule>,
    pub holder: Holder,
}

/// Identifies a question.
#[derive(Clone, Copy)]
pub(crate) struct WindowKey<'a> {
    rule: &'a Arc<DoorRule>,
    holder: &'a Holder,
}

impl<'a> WindowKey<'a> {
    pub(crate) fn new(rule: &'a Arc<DoorRule>, holder: &'a Holder) -> Self {
        Self { rule, holder }
    }

    fn to_owned(self) -> OwnedWindowKey {
        OwnedWindowKey {
            rule: *self.rule.digest(),
            holder: self.holder.clone(),
        }
    }
}

impl Question {
    pub(crate) fn key(&self) -> WindowKey<'_> {
        WindowKey::new(&self.rule, &self.holder)
    }
}

/// Hashes as [`OwnedWindowKey`] does.
impl Hash for WindowKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rule.digest().hash(state);
        self.holder.hash(state);
    }
}

#[derive(PartialEq, Eq, Hash)]
struct OwnedWindowKey {
    rule: [u8; 32],
    holder: Holder,
}

impl Equivalent<OwnedWindowKey> for WindowKey<'_> {
    fn equivalent(&self, other: &OwnedWindowKey) -> bool {
        *self.rule.digest() == other.rule && *self.holder == other.holder
    }
}

/// A question with its answers.
#[derive(Clone, Default)]
struct Entry {
    /// An event holds the rule for as long as the question is in use.
    rule: Weak<DoorRule>,
    last_good: Option<Arc<WindowsAnswer>>,
    /// The answer of another generation: of a candidate that is tried, or of the one before.
    other: Option<Arc<WindowsAnswer>>,
    /// Set if the latest call failed.
    failure: Option<Arc<Failure>>,
}

struct Failure {
    at: Instant,
    /// The digest of the plugin that failed.
    digest: String,
    error: CallError,
}

impl Entry {
    /// The answer that the code with this digest gave.
    fn answer_of(&self, digest: &str) -> Option<&Arc<WindowsAnswer>> {
        let answers = self.last_good.iter().chain(&self.other);
        answers
            .into_iter()
            .find(|answer| answer.plugin.digest == digest)
    }
}

impl WindowCache {
    pub(crate) fn new() -> Self {
        let entries = Cache::builder()
            .max_capacity(CACHE_BYTES_MAX)
            .weigher(weight)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self {
            entries,
            changing: Mutex::default(),
            hasher: RandomState::new(),
        }
    }

    /// Answers without calling the plugin with this digest, if possible.
    ///
    /// That is possible if this very code has answered before, or if it failed a moment ago. Then the last good answer
    /// is returned, or the failure if there is none.
    pub(crate) fn get(
        &self,
        key: WindowKey<'_>,
        digest: &str,
    ) -> Option<Result<Arc<WindowsAnswer>, CallError>> {
        let entry = self.entry(key)?;
        if let Some(answer) = entry.answer_of(digest) {
            return Some(Ok(Arc::clone(answer)));
        }
        let failure = entry.failure?;
        let is_recent = failure.digest == digest && failure.at.elapsed() < FAILURE_TTL;
        let last_good = entry.last_good;
        is_recent.then(|| last_good.ok_or_else(|| failure.error.clone()))
    }

    /// Reads an entry, and keeps its question in use as long as whoever asks it.
    fn entry(&self, key: WindowKey<'_>) -> Option<Entry> {
        let entry = self.entries.get(&key)?;
        if entry.rule.strong_count() == 0 {
            self.change(key, |entry| entry);
        }
        Some(entry)
    }

    /// Changes the entry of a question, which is in use as long as whoever asks it.
    fn change(&self, key: WindowKey<'_>, change: impl FnOnce(Entry) -> Entry) {
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.entries.get(&key).unwrap_or_default();
        let entry = Entry {
            rule: Arc::downgrade(key.rule),
            ..change(before)
        };
        self.entries.insert(key.to_owned(), entry);
    }

    /// The last good answer, from any generation of the plugin.
    pub(crate) fn last_good(&self, key: WindowKey<'_>) -> Option<Arc<WindowsAnswer>> {
        self.entry(key)?.last_good
    }

    /// Whether the code with this digest has answered a question.
    pub(crate) fn has_answered(&self, key: WindowKey<'_>, digest: &str) -> bool {
        let entry = self.entries.get(&key);
        entry.is_some_and(|entry| entry.answer_of(digest).is_some())
    }

    /// Keeps an answer of the generation that serves. That of the generation before stays beside it.
    pub(crate) fn insert(&self, key: WindowKey<'_>, answer: &Arc<WindowsAnswer>) {
        self.change(key, |before| {
            let answers = [before.last_good, before.other].into_iter().flatten();
            let mut others = answers.filter(|other| other.plugin.digest != answer.plugin.digest);
            Entry {
                last_good: Some(Arc::clone(answer)),
                other: others.next(),
                ..Entry::default()
            }
        });
    }

    /// Keeps an answer of a candidate beside that of the generation that serves, which has this digest.
    pub(crate) fn insert_candidate(
        &self,
        key: WindowKey<'_>,
        answer: &Arc<WindowsAnswer>,
        serving: Option<&str>,
    ) {
        self.change(key, |before| {
            let present = serving.and_then(|digest| before.answer_of(digest)).cloned();
            Entry {
                last_good: present.or(before.last_good),
                other: Some(Arc::clone(answer)),
                ..Entry::default()
            }
        });
    }

    /// Remembers that the plugin with this digest failed. The answers stay.
    pub(crate) fn insert_failure(&self, key: WindowKey<'_>, digest: &str, error: CallError) {
        let failure = Failure {
            at: Instant::now(),
            digest: digest.to_owned(),
            error,
        };
        self.change(key, |before| Entry {
            failure: Some(Arc::new(failure)),
            ..before
        });
    }

    /// Lists the questions to a strategy that are in use: those about the rules of events.
    pub(crate) fn in_use(&self, strategy: &StrategyName) -> Vec<Question> {
        let entries = self.entries.iter();
        let questions = entries.filter_map(|(key, entry)| {
            let rule = entry.rule.upgrade()?;
            let holder = key.holder.clone();
            (rule.strategy == *strategy).then_some(Question { rule, holder })
        });
        questions.collect()
    }

    /// A number for a question, the same whenever it is asked.
    pub(crate) fn number_of(&self, key: WindowKey<'_>) -> u64 {
        self.hasher.hash_one(key)
    }
}

fn weight(key: &OwnedWindowKey, entry: &Entry) -> u32 {
    let holder = &key.holder;
    let words = holder
        .attributes
        .iter()
        .map(|name| size_of::<String>() + name.len());
    let answers = entry.last_good.iter().chain(&entry.other);
    let windows: usize = answers.map(|answer| answer.windows.len()).sum();
    let bytes = ENTRY_BYTES
        + holder.ticket_type.len()
        + words.sum::<usize>()
        + windows * size_of::<Window>();
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
