//! The tables that are whole in memory: derived ones, which are nowhere else, and resident ones, whose rows are on disk
//! as well.
//!
//! The resident ones are bounded in bytes. When they outgrow that, the largest is given up: from then on it is read from
//! disk. Each table has a lock of its own, which the committer holds for one row at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use gatewit_domain::ports::Key;
use tracing::warn;

use crate::layout::table;
use crate::table::Table;

/// The most memory for resident tables, keys included.
pub(super) const RESIDENT_BYTES_MAX: usize = 1 << 30;

pub(super) struct Tables {
    kept: Vec<Kept>,
    resident_bytes_max: usize,
}

/// A table that is in memory, or was.
struct Kept {
    name: &'static str,
    is_resident: bool,
    /// Set once the rows were given up, for readers that do not hold the lock.
    is_given_up: AtomicBool,
    // A std lock: held for reads from memory and single changes, never across an await.
    rows: RwLock<Option<Table>>,
}

/// The memory that tables take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usage {
    pub bytes: usize,
    /// How many resident tables are read from disk.
    pub given_up: usize,
}

impl Tables {
    /// Takes the derived tables, and the resident ones that fit so far.
    pub(super) fn new(
        derived: Vec<Table>,
        resident: Vec<(&'static str, Option<Table>)>,
        resident_bytes_max: usize,
    ) -> Self {
        let kept = |is_resident, name, rows: Option<Table>| Kept {
            name,
            is_resident,
            is_given_up: AtomicBool::new(rows.is_none()),
            rows: RwLock::new(rows),
        };
        let resident = resident.into_iter();
        let resident = resident.map(|(name, rows)| kept(true, name, rows));
        let derived = derived.into_iter();
        let derived = derived.map(|rows| kept(false, rows.name(), Some(rows)));
        Self {
            kept: resident.chain(derived).collect(),
            resident_bytes_max,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// The position of the table that holds a key; `None` if the key is to be read from disk.
    pub(super) fn position(&self, key: &Key) -> Option<usize> {
        let table = table(key);
        let is_this = |kept: &Kept| kept.name.as_bytes() == table;
        let position = self.kept.iter().position(is_this)?;
        let is_given_up = self.kept[position].is_given_up.load(Ordering::Acquire);
        (!is_given_up).then_some(position)
    }

    /// The positions of the tables that are not on disk.
    pub(super) fn derived(&self) -> impl Iterator<Item = usize> {
        let all = self.kept.iter().enumerate();
        all.filter(|(_, kept)| !kept.is_resident)
            .map(|(position, _)| position)
    }

    /// The rows of a table; `None` if they were given up.
    pub(super) fn read(&self, position: usize) -> RwLockReadGuard<'_, Option<Table>> {
        // No holder of the write lock can panic halfway through a change.
        (self.kept[position].rows.read()).unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes one row, if its table is in memory.
    pub(super) fn set(&self, key: &Key, value: Option<&[u8]>) {
        if let Some(position) = self.position(key)
            && let Some(rows) = &mut *write(&self.kept[position])
        {
            rows.set(key, value);
        }
    }

    /// Gives up the largest resident tables until the others fit.
    pub(super) fn fit(&self) {
        loop {
            let sizes = (self.kept.iter().enumerate())
                .filter(|(_, kept)| kept.is_resident)
                .map(|(position, _)| (self.bytes(position), position));
            let (total, largest) = sizes.fold((0, None), |(total, largest), size| {
                (total + size.0, largest.max(Some(size)))
            });
            let Some((bytes, position)) = largest.filter(|_| total > self.resident_bytes_max)
            else {
                return;
            };
            let kept = &self.kept[position];
            let rows = write(kept).take();
            kept.is_given_up.store(true, Ordering::Release);
            drop(rows);
            warn_given_up(kept.name, bytes);
        }
    }

    pub(super) fn usage(&self) -> Usage {
        let given_up = |kept: &&Kept| kept.is_given_up.load(Ordering::Relaxed);
        Usage {
            bytes: (0..self.kept.len()).map(|at| self.bytes(at)).sum(),
            given_up: self.kept.iter().filter(given_up).count(),
        }
    }

    fn bytes(&self, position: usize) -> usize {
        self.read(position).as_ref().map_or(0, Table::bytes)
    }
}

/// Logs that a table does not fit into memory.
pub(super) fn warn_given_up(table: &str, bytes: usize) {
    warn!(
        table,
        bytes,
        "table {table} does not fit into the memory for tables any more: it is read from disk"
    );
}

fn write(kept: &Kept) -> RwLockWriteGuard<'_, Option<Table>> {
    (kept.rows.write()).unwrap_or_else(PoisonError::into_inner)
}
