//! Reads into memory what a store needs there when it opens: the fold of the appended rows, and the resident tables.
//!
//! Two threads read sled, a third one folds.

use std::collections::HashSet;
use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use bytes::Bytes;
use gatewit_domain::ports::{Damage, Key, StoreLayout};

use super::tables::{Tables, warn_given_up};
use crate::disk::Cause;
use crate::fold::{Fold, Folded, Sequences};
use crate::table::Table;

/// How many rows go from one thread to the other at once, and how often before the first must wait.
const BATCH_ROWS: usize = 1024;
const BATCHES_MAX: usize = 8;

type Resident = Vec<(&'static str, Option<Table>)>;

/// What is in memory of an open store.
pub(super) struct Loaded {
    pub tables: Tables,
    pub sequences: Sequences,
    pub damages: Vec<Damage>,
}

/// Rows in one allocation.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    /// Where the key and the value of each row end.
    ends: Vec<(usize, usize)>,
}

impl Batch {
    fn push(&mut self, key: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(key);
        let end_of_key = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.ends.push((end_of_key, self.bytes.len()));
    }

    fn rows(self) -> impl Iterator<Item = (Key, Bytes)> {
        let (bytes, mut start) = (Bytes::from(self.bytes), 0);
        self.ends.into_iter().map(move |(end_of_key, end)| {
            let key = Key::new(bytes.slice(start..end_of_key));
            start = end;
            (key, bytes.slice(end_of_key..end))
        })
    }
}

/// Loads all that belongs into memory.
pub(super) fn load(
    layout: &StoreLayout,
    tree: &sled::Db,
    resident_bytes_max: usize,
) -> Result<Loaded, Cause> {
    let read_resident = || read_resident(layout, tree, resident_bytes_max);
    let (mut folded, resident) = fold(layout, tree, &HashSet::new(), read_resident)?;
    let damages = mem::take(&mut folded.damages);
    if !damages.is_empty() {
        // What was derived before the damage was found must not remain.
        let damaged = damages.iter().map(|damage| damage.prefix.clone()).collect();
        (folded, ()) = fold(layout, tree, &damaged, || Ok(()))?;
    }
    let tables = Tables::new(folded.tables, resident, resident_bytes_max);
    tables.fit();
    Ok(Loaded {
        tables,
        sequences: folded.sequences,
        damages,
    })
}

/// Folds the appended rows, but for those of damaged sequences, and does something else beside.
fn fold<T: Send>(
    layout: &StoreLayout,
    tree: &sled::Db,
    damaged: &HashSet<Key>,
    beside: impl FnOnce() -> Result<T, Cause> + Send,
) -> Result<(Folded, T), Cause> {
    let (sender, batches) = sync_channel(BATCHES_MAX);
    thread::scope(|scope| {
        let folding = scope.spawn(move || fold_batches(layout, damaged, &batches));
        let beside = scope.spawn(beside);
        let sent = send_appended(layout, tree, sender);
        let folded = folding.join().map_err(|_| "the fold panicked");
        let beside = beside
            .join()
            .map_err(|_| "a thread that reads tables panicked");
        sent?;
        Ok((folded?, beside??))
    })
}

fn fold_batches(layout: &StoreLayout, damaged: &HashSet<Key>, batches: &Receiver<Batch>) -> Folded {
    let mut fold = Fold::new(layout, damaged);
    for batch in batches {
        for (key, value) in batch.rows() {
            fold.take(key, &value);
        }
    }
    fold.finish()
}

fn send_appended(
    layout: &StoreLayout,
    tree: &sled::Db,
    sender: SyncSender<Batch>,
) -> Result<(), Cause> {
    if layout.appended.is_empty() {
        return Ok(());
    }
    let mut batch = Batch::default();
    for row in rows(tree, layout.appended) {
        let (key, value) = row?;
        batch.push(&key, &value);
        if batch.ends.len() == BATCH_ROWS {
            // If the other thread is gone, its panic is found when it is joined.
            let _ = sender.send(mem::take(&mut batch));
        }
    }
    let _ = sender.send(batch);
    Ok(())
}

fn read_resident(
    layout: &StoreLayout,
    tree: &sled::Db,
    bytes_max: usize,
) -> Result<Resident, Cause> {
    let tables = layout.resident.iter();
    tables
        .map(|name| Ok((*name, read_table(name, tree, bytes_max)?)))
        .collect()
}

/// Reads a table, unless it alone is too large.
fn read_table(
    name: &'static str,
    tree: &sled::Db,
    bytes_max: usize,
) -> Result<Option<Table>, Cause> {
    let mut table = Table::new(name);
    for row in rows(tree, name) {
        let (key, value) = row?;
        table.push(&key[name.len()..], &value);
        if table.bytes() > bytes_max {
            warn_given_up(name, table.bytes());
            return Ok(None);
        }
    }
    Ok(Some(table))
}

/// The rows of a table, in order.
fn rows(
    tree: &sled::Db,
    name: &'static str,
) -> impl Iterator<Item = Result<(sled::IVec, sled::IVec), Cause>> {
    // Another table's name may begin with this one.
    let is_own = |key: &[u8]| key.get(name.len()).is_none_or(|byte| *byte == b'/');
    tree.scan_prefix(name)
        .filter(move |row| row.as_ref().map_or(true, |(key, _)| is_own(key)))
        .map(|row| Ok(row?))
}
