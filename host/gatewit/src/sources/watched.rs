//! Files that may change. They are polled: not every file system sends change notices.

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// The state of files: when each was last changed, and its length; None if that is unknown.
type Look = Vec<Option<(SystemTime, u64)>>;

/// The files of a source.
pub struct WatchedFiles {
    files: Vec<PathBuf>,
    /// Their state before they were last read.
    read: Mutex<Look>,
}

impl WatchedFiles {
    pub fn new(files: Vec<PathBuf>) -> Self {
        let read = Mutex::new(look(&files));
        Self { files, read }
    }

    /// Notes the state of the files; call it before reading them.
    pub fn note(&self) {
        let seen = look(&self.files);
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// Ends when the files have changed since they were read and nobody is writing them any longer.
    pub async fn changed(&self, look_every: Duration) {
        if self.files.is_empty() {
            return std::future::pending().await;
        }
        let mut before = None;
        loop {
            sleep(look_every).await;
            let files = self.files.clone();
            let seen = spawn_blocking(move || look(&files)).await.ok();
            let is_settled = seen == before;
            let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            if is_settled && seen.as_ref().is_some_and(|seen| *seen != *read) {
                return;
            }
            drop(read);
            before = seen;
        }
    }
}

fn look(files: &[PathBuf]) -> Look {
    let seen = files.iter().map(|file| {
        let metadata = fs::metadata(file).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    });
    seen.collect()
}
