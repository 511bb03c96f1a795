//! What readers see: exactly what is on disk, never what is only on its way there.
//!
//! sled shows a write as soon as it is applied, before it is durable. An answer made from such a value could be
//! undone by a power cut, so while a group of commits is being written, its keys are answered from what they held before.
//! That makes every read, a scan too, a look at one moment on disk. No read waits for the disk; one may wait while sled
//! applies a batch, some microseconds for each of its keys.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::mem;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use foldhash::fast::RandomState;
use gatewit_domain::ports::{Key, StoreError};

use super::recent::Recent;
use crate::stage::Value;

/// The keys a group of commits has looked at or is to write.
pub(super) type Group = HashMap<Key, Cell, RandomState>;

/// One key of a group.
pub(super) struct Cell {
    /// What is on disk.
    pub durable: Option<Bytes>,
    /// What the group writes, if it writes the key at all.
    pub next: Option<Value>,
}

/// Answers reads with what is on disk.
pub(super) struct View {
    tree: sled::Db,
    // A std lock: held for reads from memory and moves, never across an await. A reader holds it while it reads the
    // tree, so that no group can be applied halfway through.
    in_flight: RwLock<InFlight>,
}

#[derive(Default)]
struct InFlight {
    group: Group,
    /// What keys outside the group hold, as far as somebody looked lately. It is read, and read ahead into, under the
    /// lock that keeps a group from being shown halfway through.
    recent: Recent,
    stopped: Option<Stopped>,
}

/// A group did not reach the disk. What is durable is then unknown, so nothing is acknowledged any more.
#[derive(Clone, Debug, thiserror::Error)]
#[error("an earlier commit did not reach the disk; check the disk, then start gatewit again")]
pub(super) struct Stopped(#[source] pub Arc<dyn Error + Send + Sync>);

impl Stopped {
    pub(super) fn fails(&self, action: &'static str) -> StoreError {
        StoreError::Failed {
            action,
            source: Box::new(self.clone()),
        }
    }
}

impl View {
    pub(super) fn new(tree: sled::Db) -> Self {
        Self {
            tree,
            in_flight: RwLock::default(),
        }
    }

    /// Reads one key. While the committer decides, no group is in flight, and it reads what the last one left.
    pub(super) fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        let in_flight = self.readable()?;
        if let Some(cell) = in_flight.group.get(key) {
            return Ok(cell.durable.clone());
        }
        if let Some(held) = in_flight.recent.get(key) {
            return Ok(held);
        }
        let held = self.tree.get(key.as_bytes()).map_err(cannot_read)?;
        let held = held.map(|value| Bytes::copy_from_slice(&value));
        in_flight.recent.keep(key.clone(), held.clone());
        Ok(held)
    }

    pub(super) fn scan(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        let in_flight = self.readable()?;
        let is_in_range = |key: &Key| {
            key.as_bytes().starts_with(prefix.as_bytes()) && after.is_none_or(|after| key > after)
        };
        let ahead: Vec<_> = (in_flight.group.iter())
            .filter(|(key, _)| is_in_range(key))
            .collect();
        // Each key ahead may be a new row to leave out, so that many more are read.
        let rows = self.scan_applied(prefix, after, limit.saturating_add(ahead.len()))?;
        if ahead.is_empty() {
            return Ok(rows);
        }
        let mut rows = BTreeMap::from_iter(rows);
        for (key, cell) in ahead {
            match &cell.durable {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Ok(rows.into_iter().take(limit).collect())
    }

    fn scan_applied(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after.as_bytes()),
            _ => Bound::Included(prefix.as_bytes()),
        };
        let mut rows = Vec::new();
        let range = (from, Bound::Unbounded);
        for row in self.tree.range::<&[u8], _>(range).take(limit) {
            let (key, value) = row.map_err(cannot_read)?;
            if !key.starts_with(prefix.as_bytes()) {
                break;
            }
            let key = Key::new(Bytes::copy_from_slice(&key));
            rows.push((key, Bytes::copy_from_slice(&value)));
        }
        Ok(rows)
    }

    /// Hides the writes of the group from readers until it is [taken back](Self::take_back).
    pub(super) fn hide(&self, group: Group) {
        self.write().group = group;
    }

    /// Shows readers what the group wrote, and gives its memory back.
    pub(super) fn show(&self) -> Group {
        let mut in_flight = self.write();
        let mut group = mem::take(&mut in_flight.group);
        for (key, cell) in group.drain() {
            let held = cell.next.map_or(cell.durable, Value::into_stored);
            in_flight.recent.keep(key, held);
        }
        group
    }

    /// Answers no more reads: the tree holds writes that may not be on disk.
    pub(super) fn stop(&self, stopped: Stopped) {
        self.write().stopped = Some(stopped);
    }

    fn readable(&self) -> Result<RwLockReadGuard<'_, InFlight>, StoreError> {
        // Nothing that holds the write lock can panic.
        let in_flight = (self.in_flight.read()).unwrap_or_else(PoisonError::into_inner);
        match &in_flight.stopped {
            Some(stopped) => Err(stopped.fails("read")),
            None => Ok(in_flight),
        }
    }

    fn write(&self) -> RwLockWriteGuard<'_, InFlight> {
        self.in_flight
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn cannot_read(err: sled::Error) -> StoreError {
    StoreError::Failed {
        action: "read",
        source: Box::new(err),
    }
}
