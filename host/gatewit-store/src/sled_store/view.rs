//! The readers' view: exactly the durable data, and of each moment whole.
//!
//! sled shows a write as soon as it is applied, before it is durable. A power cut could undo an answer made from such a
//! value. Therefore, while a group of commits is in flight, readers get the values that its keys had before. Tables in
//! memory change while the group still hides its keys; then it is shown by a single step.
//!
//! Readers of tables in memory wait for nobody but, some microseconds at most, for the lock of a table. Readers of sled
//! hold up the next group, so that no group is applied while they read.

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::Bound;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use arc_swap::{ArcSwapOption, Guard};
use bytes::Bytes;
use gatewit_domain::ports::{Damage, Key, StoreError};

use super::load::Loaded;
use super::tables::{Tables, Usage};
use crate::group::Group;
use crate::table::Table;

/// Answers reads with durable values.
pub(super) struct View {
    tree: sled::Db,
    tables: Tables,
    damages: Vec<Damage>,
    in_flight: ArcSwapOption<InFlight>,
    // A std lock, never held across an await: shared while sled is read, and held alone while a group begins its flight.
    reads_of_disk: RwLock<()>,
    stopped: OnceLock<Stopped>,
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

/// A group that is being written.
struct InFlight {
    group: Group,
    /// The keys that it changes, each beside the position of its table in memory.
    changed: Vec<(Option<usize>, Key)>,
}

/// What a read touches.
#[derive(Clone, Copy, Default)]
struct Needs {
    /// A bit for each table in memory, by its position.
    tables: u64,
    is_on_disk: bool,
}

impl Needs {
    fn add(&mut self, position: Option<usize>) {
        match position {
            Some(position) => self.tables |= 1 << position,
            None => self.is_on_disk = true,
        }
    }

    fn has(&self, position: Option<usize>) -> bool {
        match position {
            Some(position) => self.tables >> position & 1 == 1,
            None => self.is_on_disk,
        }
    }
}

/// A moment of the durable data. Nothing that it needs changes while it is held.
struct Moment<'a> {
    view: &'a View,
    /// The tables in memory, by their positions in ascending order.
    tables: Vec<(usize, RwLockReadGuard<'a, Option<Table>>)>,
    in_flight: Guard<Option<Arc<InFlight>>>,
    needs: Needs,
    _reads_of_disk: Option<RwLockReadGuard<'a, ()>>,
}

impl View {
    pub(super) fn new(tree: sled::Db, loaded: Loaded) -> Self {
        Self {
            tree,
            tables: loaded.tables,
            damages: loaded.damages,
            in_flight: ArcSwapOption::empty(),
            reads_of_disk: RwLock::default(),
            stopped: OnceLock::new(),
        }
    }

    pub(super) fn damages(&self) -> &[Damage] {
        &self.damages
    }

    /// Fails if the sequence with this prefix is damaged.
    pub(super) fn check_whole(&self, prefix: &Key) -> Result<(), StoreError> {
        let damage = self.damages.iter().find(|damage| damage.prefix == *prefix);
        damage.map_or(Ok(()), |damage| {
            Err(StoreError::Failed {
                action: "append to a damaged sequence",
                source: format!("row {} of {prefix:?}: {}", damage.sequence, damage.cause).into(),
            })
        })
    }

    /// Reads several keys of one moment.
    pub(super) fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Bytes>>, StoreError> {
        let moment = self.moment(|| self.needs(keys))?;
        keys.iter().map(|key| moment.get(key)).collect()
    }

    pub(super) fn scan(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        let is_in_one_table = prefix.as_bytes().contains(&b'/');
        let moment = self.moment(|| match is_in_one_table {
            true => self.needs([prefix]),
            false => self.needs_of_everything(),
        })?;
        moment.scan(prefix, after, limit)
    }

    /// Hides the group's writes from readers until it is [shown](Self::show).
    pub(super) fn hide(&self, group: Group) {
        let changed = group.changes().map(|(key, _)| key);
        let changed = changed.map(|key| (self.tables.position(key), key.clone()));
        let changed = changed.collect();
        let in_flight = Arc::new(InFlight { group, changed });
        let _alone = (self.reads_of_disk.write()).unwrap_or_else(PoisonError::into_inner);
        self.in_flight.store(Some(in_flight));
    }

    /// Shows the writes of the group in flight, which is durable, to readers.
    pub(super) fn show(&self) {
        if let Some(in_flight) = &*self.in_flight.load() {
            for (key, value) in in_flight.group.changes() {
                self.tables.set(key, value.as_deref());
            }
        }
        self.tables.fit();
        self.in_flight.store(None);
    }

    /// Stops answering reads: the tree holds writes that may not be on disk.
    pub(super) fn stop(&self, stopped: Stopped) {
        // The first stays.
        let _ = self.stopped.set(stopped);
    }

    pub(super) fn usage(&self) -> Usage {
        self.tables.usage()
    }

    fn needs<'a>(&self, keys: impl IntoIterator<Item = &'a Key>) -> Needs {
        let mut needs = Needs::default();
        for key in keys {
            needs.add(self.tables.position(key));
        }
        needs
    }

    fn needs_of_everything(&self) -> Needs {
        let mut needs = Needs::default();
        needs.add(None);
        for position in self.tables.derived() {
            needs.add(Some(position));
        }
        needs
    }

    /// Locks what a read needs.
    fn moment(&self, needs: impl Fn() -> Needs) -> Result<Moment<'_>, StoreError> {
        loop {
            if let Some(stopped) = self.stopped.get() {
                return Err(stopped.fails("read"));
            }
            let needs = needs();
            let reads_of_disk = needs
                .is_on_disk
                .then(|| (self.reads_of_disk.read()).unwrap_or_else(PoisonError::into_inner));
            let positions = (0..self.tables.len()).filter(|at| needs.has(Some(*at)));
            let tables: Vec<_> = positions.map(|at| (at, self.tables.read(at))).collect();
            // A table that was given up meanwhile needs the disk instead. That happens once to each.
            if tables.iter().all(|(_, rows)| rows.is_some()) {
                return Ok(Moment {
                    view: self,
                    tables,
                    // Last: a row that was changed under a lock above belongs to this group or to an earlier one.
                    in_flight: self.in_flight.load(),
                    needs,
                    _reads_of_disk: reads_of_disk,
                });
            }
        }
    }
}

impl Moment<'_> {
    fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        if let Some(in_flight) = &*self.in_flight
            && let Some(held) = in_flight.group.held(key)
        {
            return Ok(held.clone());
        }
        let position = self.view.tables.position(key);
        let table = self.tables.iter().find(|(at, _)| Some(*at) == position);
        if let Some((_, rows)) = table {
            return Ok(rows.as_ref().and_then(|rows| rows.get(key)));
        }
        let value = self.view.tree.get(key.as_bytes()).map_err(cannot_read)?;
        Ok(value.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn scan(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        let is_in_range = |key: &Key| {
            key.as_bytes().starts_with(prefix.as_bytes()) && after.is_none_or(|after| key > after)
        };
        let hidden = self.hidden(is_in_range);
        // Each hidden key may be a new row to leave out; read that many more.
        let enough = limit.saturating_add(hidden.len());
        let from = after.map_or(prefix, |after| after.max(prefix));
        let mut rows = Vec::new();
        for (_, table) in &self.tables {
            let table = table.iter();
            let table = table.flat_map(|rows| rows.scan(prefix.as_bytes(), from.as_bytes()));
            rows.extend(table.filter(|(key, _)| is_in_range(key)).take(enough));
        }
        if self.needs.is_on_disk {
            self.scan_disk(prefix, after, enough, &mut rows)?;
        }
        let is_ordered = self.tables.is_empty() || !self.needs.is_on_disk;
        if hidden.is_empty() && is_ordered {
            return Ok(rows);
        }
        let mut rows = BTreeMap::from_iter(rows);
        for (key, held) in hidden {
            match held {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Ok(rows.into_iter().take(limit).collect())
    }

    /// The keys that the group in flight hides, with what readers see instead.
    fn hidden(&self, is_in_range: impl Fn(&Key) -> bool) -> Vec<(&Key, &Option<Bytes>)> {
        let Some(in_flight) = &*self.in_flight else {
            return Vec::new();
        };
        (in_flight.changed.iter())
            .filter(|(position, key)| {
                // What is read from disk may be in memory as well.
                (self.needs.is_on_disk || self.needs.has(*position)) && is_in_range(key)
            })
            .filter_map(|(_, key)| Some((key, in_flight.group.held(key)?)))
            .collect()
    }

    fn scan_disk(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
        rows: &mut Vec<(Key, Bytes)>,
    ) -> Result<(), StoreError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after.as_bytes()),
            _ => Bound::Included(prefix.as_bytes()),
        };
        let range = (from, Bound::Unbounded);
        for row in self.view.tree.range::<&[u8], _>(range).take(limit) {
            let (key, value) = row.map_err(cannot_read)?;
            if !key.starts_with(prefix.as_bytes()) {
                break;
            }
            let key = Key::new(Bytes::copy_from_slice(&key));
            rows.push((key, Bytes::copy_from_slice(&value)));
        }
        Ok(())
    }
}

fn cannot_read(err: sled::Error) -> StoreError {
    StoreError::Failed {
        action: "read",
        source: Box::new(err),
    }
}
