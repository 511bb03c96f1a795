//! The production store: sled in a data directory, with group commit and reads of durable data only.
//!
//! Many tasks read and commit; one thread writes. A commit waits in a bounded queue, shares one sync with the others of
//! its group, and returns when it is on disk. A read waits for no commit: tables that scans read are answered from memory.

mod committer;
mod load;
mod meter;
mod tables;
#[cfg(test)]
mod tests;
mod view;

use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use gatewit_domain::ports::{Commit, Damage, Guard, Key, Store, StoreError, StoreLayout, Write};
use tokio::sync::oneshot;

use crate::directory::{self, Lock, OpenError};
use crate::disk::Disk;

use committer::{Committer, Durable, Persist, Request};
use load::load;
pub use meter::StoreMeter;
use tables::RESIDENT_BYTES_MAX;
use view::View;

/// How many commits may wait. Further ones get [`StoreError::Busy`].
const QUEUE_MAX: usize = 4096;

/// Keeps everything in a directory on disk.
///
/// Reads see durable data only, never a commit that is still being written. After a commit has failed to reach the
/// disk, every call returns [`StoreError::Failed`] until the store is opened again.
///
/// Dropping it blocks until the waiting commits are written, then releases the directory.
pub struct SledStore {
    view: Arc<View>,
    meter: Arc<StoreMeter>,
    /// `None` only while the store is dropped.
    committer: Option<(SyncSender<Request>, JoinHandle<()>)>,
    /// Last, so that the directory is released after everything else.
    _lock: Lock,
}

impl SledStore {
    /// Opens the data directory, or creates one that only this user may enter. May block for seconds.
    ///
    /// Fails if another store has it open, if a newer Gatewit wrote it, or if it is damaged.
    pub fn open(directory: &Path, layout: StoreLayout) -> Result<Self, OpenError> {
        Self::open_with(directory, layout, RESIDENT_BYTES_MAX, |mut disk| {
            Box::new(move |batch| disk.persist(batch))
        })
    }

    /// Whether a directory holds a store, complete or not.
    pub fn is_in(directory: &Path) -> bool {
        directory::holds_database(directory)
    }

    fn open_with(
        directory: &Path,
        layout: StoreLayout,
        resident_bytes_max: usize,
        persist: impl FnOnce(Disk) -> Persist,
    ) -> Result<Self, OpenError> {
        let (disk, lock) = directory::open(directory)?;
        let load = || load(&layout, &disk.db, resident_bytes_max);
        let mut loaded = directory::read(directory, load)?;
        let sequences = mem::take(&mut loaded.sequences);
        let view = Arc::new(View::new(disk.db.clone(), loaded));
        let durable = Durable {
            view: Arc::clone(&view),
            sequences,
        };
        let (sender, queue) = sync_channel(QUEUE_MAX);
        let meter = Arc::new(StoreMeter::new());
        meter.holds(view.usage());
        let committer = Committer::new(layout, queue, durable, Arc::clone(&meter), persist(disk));
        let thread = thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || committer.run())
            .map_err(|source| OpenError::Io {
                action: "start a thread for",
                path: directory.to_owned(),
                source,
            })?;
        Ok(Self {
            view,
            meter,
            committer: Some((sender, thread)),
            _lock: lock,
        })
    }

    /// The measurements of this store's commits.
    pub fn meter(&self) -> Arc<StoreMeter> {
        Arc::clone(&self.meter)
    }
}

#[async_trait]
impl Store for SledStore {
    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.view.get_many(keys)
    }

    async fn scan(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        self.view.scan(prefix, after, limit)
    }

    async fn commit(&self, guards: Vec<Guard>, writes: Vec<Write>) -> Result<Commit, StoreError> {
        let (queue, _) = (self.committer.as_ref()).expect("taken only when dropped");
        let (answer, answered) = oneshot::channel();
        let request = Request {
            guards,
            writes,
            answer,
            asked_at: Instant::now(),
        };
        self.meter.asked();
        queue.try_send(request).map_err(|err| {
            self.meter.turned_away();
            match err {
                TrySendError::Full(_) => StoreError::Busy,
                TrySendError::Disconnected(_) => committer_is_gone(),
            }
        })?;
        answered.await.unwrap_or_else(|_| Err(committer_is_gone()))
    }

    fn damages(&self) -> Vec<Damage> {
        self.view.damages().to_vec()
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        if let Some((queue, thread)) = self.committer.take() {
            drop(queue);
            // A committer that panicked has logged it, and its waiters have got an error.
            let _ = thread.join();
        }
    }
}

fn committer_is_gone() -> StoreError {
    StoreError::Failed {
        action: "commit",
        source: "its committer panicked; start gatewit again".into(),
    }
}
