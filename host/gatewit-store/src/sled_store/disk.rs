//! sled, opened and made durable.
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
use std::time::Duration;

/// Holds a few million records. Above it sled reads pages back from disk, on the thread that asks for them.
const CACHE_BYTES: u64 = 512 << 20;

/// How often a database is tried that is still locked.
const LOCK_TRIES_MAX: u32 = 1000;
const LOCK_TRY_EVERY: Duration = Duration::from_millis(1);

/// Why the disk failed: sled's own error, the system's, or what sled panicked with.
pub(super) type Cause = Box<dyn Error + Send + Sync>;

pub(super) struct Disk {
    pub db: sled::Db,
    log: File,
    spilled: Spilled,
}

impl Disk {
    /// Opens the database in `directory`, or makes a new one.
    ///
    /// sled returns errors for some kinds of damage and panics at others; here both are errors.
    pub(super) fn open(directory: &Path) -> Result<Self, Cause> {
        let log =
            (OpenOptions::new().create(true).read(true).append(true)).open(directory.join("db"))?;
        wait_until_unlocked(&log)?;
        let config = sled::Config::new()
            .path(directory)
            .cache_capacity(CACHE_BYTES)
            // No background flusher: the committer flushes, and sled moves pages out of old segments as it writes.
            .flush_every_ms(None);
        let db = caught(|| Ok(config.open()?))?;
        let mut disk = Self {
            db,
            log,
            spilled: Spilled::new(directory.join("blobs")),
        };
        // What sled recovered after a crash may be only in the page cache, and is about to be served.
        disk.sync()?;
        Ok(disk)
    }

    /// Applies the batch as one step and returns when it is durable.
    pub(super) fn persist(&mut self, batch: sled::Batch) -> Result<(), Cause> {
        caught(|| {
            self.db.apply_batch(batch)?;
            self.sync()
        })
    }

    fn sync(&mut self) -> Result<(), Cause> {
        // Never `flush_async`: it hangs with a handful of calls in flight.
        self.db.flush()?;
        self.spilled.sync()?;
        self.log.sync_data()?;
        Ok(())
    }
}

/// Calls sled, which panics where it finds its own invariants broken: here that is an error like any other.
fn caught<T>(call: impl FnOnce() -> Result<T, Cause>) -> Result<T, Cause> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let text = (panic.downcast_ref::<&str>().copied())
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Err(format!("sled panicked: {}", text.unwrap_or("no message")).into())
    })
}

/// Waits for the last of a database just closed: threads of sled hold its file for a moment longer.
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

/// The files that sled spills large pages into, a file each, written once and never synced by sled.
struct Spilled {
    directory: PathBuf,
    synced: HashSet<OsString>,
}

impl Spilled {
    fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            synced: HashSet::new(),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut present = HashSet::new();
        let mut is_changed = false;
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            if !self.synced.contains(&name) {
                match File::open(entry.path()) {
                    Ok(file) => file.sync_all()?,
                    // sled has no more use for it.
                    Err(err) if err.kind() == io::ErrorKind::NotFound => continue,
                    Err(err) => return Err(err),
                }
                is_changed = true;
            }
            present.insert(name);
        }
        self.synced = present;
        if is_changed {
            File::open(&self.directory)?.sync_all()?;
        }
        Ok(())
    }
}
