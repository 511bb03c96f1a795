//! A store in memory, for tests.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use gatewit_domain::ports::{Commit, Guard, Key, Store, StoreError, Write};

use crate::evaluate::{Value, evaluate};

/// Keeps everything in memory and obeys the same laws as [`SledStore`](crate::SledStore).
///
/// For tests: it loses everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    // A std mutex: held for a few map operations, never across an await.
    rows: Mutex<BTreeMap<Key, Bytes>>,
}

impl MemoryStore {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<Key, Bytes>> {
        // Commits change the map only after every step that can fail, so a panic leaves it consistent.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Bytes>>, StoreError> {
        let rows = self.rows();
        Ok(keys.iter().map(|key| rows.get(key).cloned()).collect())
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
            .rows()
            .range((from, Bound::Unbounded))
            .take_while(|(key, _)| key.as_bytes().starts_with(prefix.as_bytes()))
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }

    async fn commit(&self, guards: Vec<Guard>, writes: Vec<Write>) -> Result<Commit, StoreError> {
        let mut rows = self.rows();
        let mut changes = Vec::new();
        let held = |key: &Key| Ok(Value::from_stored(rows.get(key).cloned()));
        let commit = evaluate(&guards, writes, held, &mut changes)?;
        if commit.is_done() {
            for (key, value) in changes {
                match value.into_stored() {
                    Some(value) => rows.insert(key, value),
                    None => rows.remove(&key),
                };
            }
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
        laws::check_all(MemoryStore::default).await;
    }
}
