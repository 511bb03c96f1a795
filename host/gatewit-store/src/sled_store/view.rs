//! The readers' view: exactly the durable data.
//!
//! sled shows a write as soon as it is applied, before it is durable. A power cut could undo an answer made from such a
//! value. Therefore, while a group of commits is being written, readers get the old values of its keys. Every read, and
//! every scan, thus sees one moment of the disk. No read waits for the disk; it may wait while sled applies a batch,
//! some microseconds per key.

use std::collections::BTreeMap;
use std::error::Error;
use std::mem;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use gatewit_domain::ports::{Damage, Key, StoreError, StoreLayout};

use super::read_cache::ReadCache;
use crate::group::Group;
use crate::layout::{Kind, kind};

/// Answers reads with durable values.
pub(super) struct View {
    layout: StoreLayout,
    tree: sled::Db,
    damages: Vec<Damage>,
    // A std lock: held for reads from memory and moves, never across an await. A reader holds it while it reads the
    // tree, so that no group is applied meanwhile.
    in_flight: RwLock<InFlight>,
}

#[derive(Default)]
struct InFlight {
    group: Group,
    /// Recently read values of keys outside the group. It is read and filled under the same lock, so that it never
    /// shows half of a group.
    read_cache: ReadCache,
    derived: BTreeMap<Key, Bytes>,
    stopped: Option<Stopped>,
}

/// A group did not reach the disk. It is unknown which data is durable, so nothing is acknowledged any more.
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
    pub(super) fn new(
        layout: StoreLayout,
        tree: sled::Db,
        damages: Vec<Damage>,
        derived: impl IntoIterator<Item = (Key, Bytes)>,
    ) -> Self {
        let in_flight = InFlight {
            derived: derived.into_iter().collect(),
            ..InFlight::default()
        };
        Self {
            layout,
            tree,
            damages,
            in_flight: RwLock::new(in_flight),
        }
    }

    pub(super) fn damages(&self) -> &[Damage] {
        &self.damages
    }

    /// Fails if the sequence with this prefix is damaged.
    pub(super) fn is_whole(&self, prefix: &Key) -> Result<(), StoreError> {
        let damage = self.damages.iter().find(|damage| damage.prefix == *prefix);
        damage.map_or(Ok(()), |damage| {
            Err(StoreError::Failed {
                action: "append to a damaged sequence",
                source: format!("row {} of {prefix:?}: {}", damage.sequence, damage.cause).into(),
            })
        })
    }

    /// Reads one key. No group is in flight while the committer decides, so it reads the values of the last group.
    pub(super) fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        self.get_in(&*self.readable()?, key)
    }

    /// Reads several keys of one moment.
    pub(super) fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Bytes>>, StoreError> {
        let in_flight = self.readable()?;
        keys.iter()
            .map(|key| self.get_in(&in_flight, key))
            .collect()
    }

    fn get_in(&self, in_flight: &InFlight, key: &Key) -> Result<Option<Bytes>, StoreError> {
        if let Some(held) = in_flight.group.held(key) {
            return Ok(held.clone());
        }
        if kind(&self.layout, key) == Kind::Derived {
            return Ok(in_flight.derived.get(key).cloned());
        }
        if let Some(held) = in_flight.read_cache.get(key) {
            return Ok(held);
        }
        let held = self.tree.get(key.as_bytes()).map_err(cannot_read)?;
        let held = held.map(|value| Bytes::copy_from_slice(&value));
        in_flight.read_cache.insert(key.clone(), held.clone());
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
        let ahead: Vec<_> = (in_flight.group.all_held())
            .filter(|(key, _)| is_in_range(key))
            .collect();
        // Each key of the group may be a new row to leave out; read that many more.
        let limit_applied = limit.saturating_add(ahead.len());
        let rows = self.scan_applied(prefix, after, limit_applied)?;
        let mut rows = BTreeMap::from_iter(rows);
        let derived = in_flight
            .derived
            .range((from(prefix, after), Bound::Unbounded));
        let derived = derived
            .take_while(|(key, _)| key.as_bytes().starts_with(prefix.as_bytes()))
            .take(limit_applied);
        rows.extend(derived.map(|(key, value)| (key.clone(), value.clone())));
        for (key, held) in ahead {
            match held {
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
        let mut rows = Vec::new();
        let range = (from(prefix, after).map(Key::as_bytes), Bound::Unbounded);
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

    /// Hides the group's writes from readers until it is [taken back](Self::take_back).
    pub(super) fn hide(&self, group: Group) {
        self.write().group = group;
    }

    /// Shows the group's writes to readers, and returns its memory for the next group.
    pub(super) fn show(&self) -> Group {
        let mut in_flight = self.write();
        let mut group = mem::take(&mut in_flight.group);
        for (key, held) in group.drain() {
            match (kind(&self.layout, &key), held) {
                (Kind::Derived, Some(value)) => _ = in_flight.derived.insert(key, value),
                (Kind::Derived, None) => _ = in_flight.derived.remove(&key),
                (_, held) => in_flight.read_cache.insert(key, held),
            }
        }
        group
    }

    /// Stops answering reads: the tree holds writes that may not be on disk.
    pub(super) fn stop(&self, stopped: Stopped) {
        self.write().stopped = Some(stopped);
    }

    fn readable(&self) -> Result<RwLockReadGuard<'_, InFlight>, StoreError> {
        // No holder of the write lock can panic.
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

/// Where a scan begins.
fn from<'a>(prefix: &'a Key, after: Option<&'a Key>) -> Bound<&'a Key> {
    match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    }
}

fn cannot_read(err: sled::Error) -> StoreError {
    StoreError::Failed {
        action: "read",
        source: Box::new(err),
    }
}
