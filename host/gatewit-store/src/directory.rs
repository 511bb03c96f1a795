//! The data directory: who may use it, and which format it has.
//!
//! It holds `lock`, `format` and the database in `db/`. `format` is written last: it exists only if a database did.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::disk::{Cause, Disk, caught};
use crate::durable_file::DurableFile;

/// The version of the data format that this Gatewit reads and writes. Raise it with every change that an older Gatewit
/// would misread.
const FORMAT: u32 = 2;

/// Why a data directory cannot be used, and what the operator can do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another store of this process, has it open.
    #[error("data directory {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// It already holds a database, so it cannot be filled.
    #[error("data directory {} is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// A newer Gatewit wrote it.
    #[error(
        "data directory {} has format {found}, but this gatewit knows formats up to {FORMAT}: run a newer gatewit",
        directory.display()
    )]
    Newer {
        /// The data directory.
        directory: PathBuf,
        /// The format of its data.
        found: u32,
    },
    /// An older Gatewit wrote it, in a way that this one does not read.
    #[error(
        "data directory {} has format {found}, which this gatewit does not read: \
         export it with the gatewit that wrote it, then import into an empty directory",
        directory.display()
    )]
    Older {
        /// The data directory.
        directory: PathBuf,
        /// The format of its data.
        found: u32,
    },
    /// Its contents are damaged or missing.
    #[error(
        "cannot open the database in {}: restore the directory from a backup, \
         or import the last export into an empty one",
        directory.display()
    )]
    Damaged {
        /// The data directory.
        directory: PathBuf,
        /// What sled, or our check of its contents, found.
        #[source]
        source: Cause,
    },
    /// The system could not read or write it.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, such as `lock`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
}

/// Reserves a data directory for this process until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Opens the database in a data directory for this process alone, and creates the directory if it is missing.
pub(crate) fn open(directory: &Path) -> Result<(Disk, Lock), OpenError> {
    create_private(directory)?;
    let lock = lock(directory)?;
    let format = read_format(directory)?;
    if let Some(found) = format {
        check_format(directory, found)?;
    }
    let database = directory.join("db");
    create_private(&database)?;
    let disk = Disk::open(&database).map_err(|cause| not_opened(directory, cause))?;
    // sled replaces a database that it does not recognise with an empty one.
    if format.is_some() && !disk.db.was_recovered() {
        let cause = "the database has lost its contents".into();
        return Err(not_opened(directory, cause));
    }
    for created in [&database.join("conf"), &database, directory] {
        sync(created)?;
    }
    if format.is_none() {
        write_format(directory)?;
    }
    Ok((disk, lock))
}

/// Reads what the store needs in memory. sled panics at some kinds of damage.
pub(crate) fn read<T>(
    directory: &Path,
    read: impl FnOnce() -> Result<T, Cause>,
) -> Result<T, OpenError> {
    caught(read).map_err(|cause| not_opened(directory, cause))
}

/// Whether a data directory holds a database, complete or not.
pub(crate) fn holds_database(directory: &Path) -> bool {
    ["format", "db"]
        .iter()
        .any(|part| directory.join(part).exists())
}

/// Creates a directory and its missing parents for this user alone.
pub(crate) fn create_private(directory: &Path) -> Result<(), OpenError> {
    if directory.is_dir() {
        return Ok(());
    }
    let parent = match directory.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    create_private(parent)?;
    (DirBuilder::new().mode(0o700).create(directory))
        .or_else(|err| match err.kind() {
            // Another process was first; the lock decides between them.
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(err),
        })
        .map_err(cannot("create", directory))?;
    sync(parent)
}

pub(crate) fn lock(directory: &Path) -> Result<Lock, OpenError> {
    let path = directory.join("lock");
    let file = (OpenOptions::new().create(true).append(true))
        .open(&path)
        .map_err(cannot("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(directory.to_owned())),
        Err(TryLockError::Error(err)) => Err(cannot("lock", &path)(err)),
    }
}

fn check_format(directory: &Path, found: u32) -> Result<(), OpenError> {
    let directory = directory.to_owned();
    match found.cmp(&FORMAT) {
        Ordering::Less => Err(OpenError::Older { directory, found }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(OpenError::Newer { directory, found }),
    }
}

fn read_format(directory: &Path) -> Result<Option<u32>, OpenError> {
    let path = directory.join("format");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(err) => return Err(cannot("read", &path)(err)),
    };
    let format = text.trim().parse().map_err(|_| {
        let cause = format!("{} holds no version number", path.display());
        not_opened(directory, cause.into())
    })?;
    Ok(Some(format))
}

fn write_format(directory: &Path) -> Result<(), OpenError> {
    let path = directory.join("format");
    let write = || {
        let mut file = DurableFile::create_with(&path, Permissions::from_mode(0o666))?;
        writeln!(file, "{FORMAT}")?;
        file.finish()
    };
    write().map_err(cannot("write", &path))
}

/// Syncs a file's contents, or a directory's entries.
pub(crate) fn sync(path: &Path) -> Result<(), OpenError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(cannot("sync", path))
}

/// An error of the system is not damage: restoring a backup would not help.
fn not_opened(directory: &Path, cause: Cause) -> OpenError {
    match cause.downcast::<io::Error>() {
        Ok(err) => cannot("open the database in", directory)(*err),
        Err(source) => OpenError::Damaged {
            directory: directory.to_owned(),
            source,
        },
    }
}

pub(crate) fn cannot(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    move |source| OpenError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}
