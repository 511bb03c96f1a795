//! Opens sled and makes its writes durable.
//!
//! `sled::Db::flush` hands writes to the operating system and waits, but does not sync them on Linux. So every group
//! is flushed, then synced here, on descriptors of our own to sled's files.

use std::collections::HashSet;
use std::error::Error;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

/// Small: what is read often is in tables of our own. Beyond it, sled reads pages back from disk.
const CACHE_BYTES: u64 = 64 << 20;

/// How often to try to open a database that is still locked.
const LOCK_TRIES_MAX: u32 = 1000;
const LOCK_TRY_EVERY: Duration = Duration::from_millis(1);

/// A file system's clock moves in steps no longer than this.
const CLOCK_STEP_MAX: Duration = Duration::from_millis(100);

/// Why the disk failed: sled's own error, the system's, or what sled panicked with.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

pub(crate) struct Disk {
    pub db: sled::Db,
    log: File,
    blobs: BlobFiles,
}

impl Disk {
    /// Opens the database in `directory`, or makes a new one.
    ///
    /// sled returns errors for some kinds of damage and panics at others; here both are errors.
    pub(crate) fn open(directory: &Path) -> Result<Self, Cause> {
        let log =
            (OpenOptions::new().create(true).read(true).append(true)).open(directory.join("db"))?;
        wait_until_unlocked(&log)?;
        let config = sled::Config::new()
            .path(directory)
            .cache_capacity(CACHE_BYTES)
            // No background flusher: the committer flushes, and sled moves pages out of old segments as it writes.
            .flush_every_ms(None);
        let db = caught(|| config.open().map_err(plain))?;
        let mut disk = Self {
            db,
            log,
            blobs: BlobFiles::new(directory.join("blobs")),
        };
        // Data that sled recovered after a crash may be in the page cache only, and readers are about to see it.
        caught(|| disk.sync())?;
        Ok(disk)
    }

    /// Applies the batch as one step and returns when it is durable.
    pub(crate) fn persist(&mut self, batch: sled::Batch) -> Result<(), Cause> {
        caught(|| {
            self.db.apply_batch(batch).map_err(plain)?;
            self.sync()
        })
    }

    fn sync(&mut self) -> Result<(), Cause> {
        // Never `flush_async`: it hangs with a handful of calls in flight.
        self.db.flush().map_err(plain)?;
        self.blobs.sync(SystemTime::now())?;
        self.log.sync_data()?;
        Ok(())
    }
}

/// Keeps the system's own error, where there is one.
fn plain(err: sled::Error) -> Cause {
    match err {
        sled::Error::Io(err) => err.into(),
        err => err.into(),
    }
}

/// Calls sled. sled panics when its own invariants are broken; this makes that an error.
pub(crate) fn caught<T>(call: impl FnOnce() -> Result<T, Cause>) -> Result<T, Cause> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let text = (panic.downcast_ref::<&str>().copied())
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Err(format!("sled panicked: {}", text.unwrap_or("no message")).into())
    })
}

/// Opens a database that was closed a moment ago: threads of sled hold its file a little longer.
fn wait_until_unlocked(log: &File) -> io::Result<()> {
    for _ in 0..LOCK_TRIES_MAX {
        match log.try_lock() {
            Ok(()) => return log.unlock(),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_TRY_EVERY),
            Err(TryLockError::Error(err)) => return Err(err),
        }
    }
    Err(io::Error::other("another program keeps it locked"))
}

/// The blob files, into which sled spills large pages. sled writes each once and never syncs it.
struct BlobFiles {
    directory: PathBuf,
    synced: HashSet<OsString>,
    /// When the directory last changed; `None` if a later change might show the same time.
    settled: Option<SystemTime>,
}

impl BlobFiles {
    fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            synced: HashSet::new(),
            settled: None,
        }
    }

    /// Syncs the files that are new since the last call. `now` is the time of the call.
    fn sync(&mut self, now: SystemTime) -> io::Result<()> {
        // Listing the directory takes longer than writing many a group, and there is rarely a new file.
        let modified = fs::metadata(&self.directory)?.modified()?;
        if self.settled == Some(modified) {
            return Ok(());
        }
        let mut present = HashSet::new();
        let mut has_new = false;
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            if !self.synced.contains(&name) {
                match File::open(entry.path()) {
                    Ok(file) => file.sync_all()?,
                    // sled has deleted it.
                    Err(err) if err.kind() == io::ErrorKind::NotFound => continue,
                    Err(err) => return Err(err),
                }
                has_new = true;
            }
            present.insert(name);
        }
        self.synced = present;
        if has_new {
            File::open(&self.directory)?.sync_all()?;
        }
        // A file created within the same clock step as the last one would go unnoticed.
        let elapsed = now.duration_since(modified);
        let is_settled = elapsed.is_ok_and(|elapsed| elapsed > CLOCK_STEP_MAX);
        self.settled = is_settled.then_some(modified);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_blob_file_is_synced_however_soon_after_another() {
        let home = tempfile::tempdir().unwrap();
        let mut blobs = BlobFiles::new(home.path().to_owned());
        let modified = || fs::metadata(home.path()).unwrap().modified().unwrap();
        for name in ["1", "2", "3"] {
            fs::write(home.path().join(name), "page").unwrap();
            blobs.sync(modified() + CLOCK_STEP_MAX).unwrap();
            assert!(blobs.synced.contains(&OsString::from(name)));
            assert_eq!(blobs.settled, None);
        }
        fs::remove_file(home.path().join("1")).unwrap();
        let later = modified() + 2 * CLOCK_STEP_MAX;
        blobs.sync(later).unwrap();
        assert_eq!(blobs.synced, HashSet::from(["2".into(), "3".into()]));
        assert_eq!(blobs.settled, Some(modified()));
    }
}
