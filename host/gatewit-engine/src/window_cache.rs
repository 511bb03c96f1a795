//! Caches the answers of strategies, so that a scan reads them instead of calling a plugin.

use gatewit_decision::Window;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use equivalent::Equivalent;
use gatewit_domain::plugin::CallError;
use gatewit_domain::window::{DoorRule, Holder, WindowsAnswer};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::time::Instant;

/// How long a failed question is not asked again.
pub(crate) const FAILURE_TTL: Duration = Duration::from_secs(1);
/// About how much memory the answers may take. The least recently used ones are dropped first.
const CACHE_BYTES_MAX: u64 = 64 << 20;
/// About how much memory an entry takes besides its windows and words.
const ENTRY_BYTES: usize = 512;

/// The answers of all strategies, by rule and holder.
pub(crate) struct WindowCache {
    entries: Cache<OwnedWindowKey, Entry>,
}

/// Identifies the question when doors are open by this rule for this holder.
#[derive(Clone, Copy, Hash)]
pub(crate) struct WindowKey<'a> {
    rule: &'a [u8; 32],
    holder: &'a Holder,
}

impl<'a> WindowKey<'a> {
    pub(crate) fn new(rule: &'a DoorRule, holder: &'a Holder) -> Self {
        Self {
            rule: rule.digest(),
            holder,
        }
    }

    fn to_owned(self) -> OwnedWindowKey {
        OwnedWindowKey {
            rule: *self.rule,
            holder: self.holder.clone(),
        }
    }
}

/// Has the fields of [`WindowKey`] in the same order, so that both have the same hash.
#[derive(PartialEq, Eq, Hash)]
struct OwnedWindowKey {
    rule: [u8; 32],
    holder: Holder,
}

impl Equivalent<OwnedWindowKey> for WindowKey<'_> {
    fn equivalent(&self, other: &OwnedWindowKey) -> bool {
        *self.rule == other.rule && *self.holder == other.holder
    }
}

/// The answers to one question.
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
    error: CallError,
}

impl WindowCache {
    pub(crate) fn new() -> Self {
        let entries = Cache::builder()
            .max_capacity(CACHE_BYTES_MAX)
            .weigher(weight)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { entries }
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
        let entry = self.entries.get(&key)?;
        if let Some(failure) = &entry.failure
            && failure.digest == digest
            && failure.at.elapsed() < FAILURE_TTL
        {
            return Some(entry.last_good.ok_or_else(|| failure.error.clone()));
        }
        let is_current = |answer: &Arc<WindowsAnswer>| answer.plugin.digest == digest;
        entry.last_good.filter(is_current).map(Ok)
    }

    /// The last good answer, from any version of the plugin.
    pub(crate) fn last_good(&self, key: WindowKey<'_>) -> Option<Arc<WindowsAnswer>> {
        self.entries.get(&key)?.last_good
    }

    pub(crate) fn insert(&self, key: WindowKey<'_>, answer: &Arc<WindowsAnswer>) {
        let entry = Entry {
            last_good: Some(Arc::clone(answer)),
            failure: None,
        };
        self.entries.insert(key.to_owned(), entry);
    }

    /// Remembers that the plugin with this digest failed. The last good answer stays.
    pub(crate) fn insert_failure(&self, key: WindowKey<'_>, digest: &str, error: CallError) {
        let failure = Failure {
            at: Instant::now(),
            digest: digest.to_owned(),
            error,
        };
        let entry = Entry {
            last_good: self.last_good(key),
            failure: Some(Arc::new(failure)),
        };
        self.entries.insert(key.to_owned(), entry);
    }
}

fn weight(key: &OwnedWindowKey, entry: &Entry) -> u32 {
    let holder = &key.holder;
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
