//! A store in memory, for tests.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use gatewit_domain::ports::{Commit, Guard, Key, Store, StoreError, StoreLayout, Write};

use crate::group::{Group, Held};

/// Keeps everything in memory and obeys the same laws as [`SledStore`](crate::SledStore).
///
/// For tests: it loses everything when it is dropped.
pub struct MemoryStore {
    layout: StoreLayout,
    // A std mutex: held for a few map operations, never across an await.
    held: Mutex<Rows>,
}

#[derive(Default)]
struct Rows {
    rows: BTreeMap<Key, Bytes>,
    sequences: HashMap<Key, u64>,
}

impl MemoryStore {
    /// An empty store with this layout.
    pub fn new(layout: StoreLayout) -> Self {
        Self {
            layout,
            held: Mutex::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, Rows> {
        // Commits change the map only after every step that can fail, so a panic leaves it consistent.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    /// An empty store without sequences.
    fn default() -> Self {
        Self::new(StoreLayout::plain())
    }
}

impl Held for Rows {
    fn row(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        Ok(self.rows.get(key).cloned())
    }

    fn last(&self, prefix: &Key) -> Result<u64, StoreError> {
        Ok(self.sequences.get(prefix).copied().unwrap_or_default())
    }

    fn is_damaged(&self, _: &Key) -> bool {
        false
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Bytes>>, StoreError> {
        let held = self.held();
        keys.iter().map(|key| held.row(key)).collect()
    }

    async fn scan(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        Ok(self
            .held()
            .rows
            .range((from, Bound::Unbounded))
            .take_while(|(key, _)| key.as_bytes().starts_with(prefix.as_bytes()))
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }

    async fn commit(&self, guards: Vec<Guard>, writes: Vec<Write>) -> Result<Commit, StoreError> {
        let mut held = self.held();
        let mut group = Group::default();
        let commit = group.stage(&self.layout, &*held, &guards, writes)?;
        for (prefix, last) in group.sequences() {
            held.sequences.insert(prefix.clone(), last);
        }
        for (key, value) in group.changes() {
            match value {
                Some(value) => held.rows.insert(key.clone(), value),
                None => held.rows.remove(key),
            };
        }
        Ok(commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_memory_store_obeys_the_laws() {
        laws::check_all(MemoryStore::new).await;
    }
}
