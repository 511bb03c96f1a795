//! The data directory: who may use it, and which format it has.
//!
//! Holds `lock`, `format` and the database in `db/`. `format` is written last: where it exists, a database did.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::disk::Disk;

/// The version of the data format this Gatewit reads and writes. A change that an older one misreads raises it.
const FORMAT: u32 = 1;

/// Why a data directory cannot be used, and what its operator can do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open, or another store of this one.
    #[error("data directory {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// A newer Gatewit wrote it.
    #[error(
        "data directory {} has format {found}, but this gatewit knows formats up to {FORMAT}: run a newer gatewit",
        directory.display()
    )]
    Newer { directory: PathBuf, found: u32 },
    /// What is in it is damaged or missing.
    #[error(
        "cannot open the database in {}: restore the directory from a backup, \
         or import the last export into an empty one",
        directory.display()
    )]
    Damaged {
        directory: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The system refused to read or write it.
    #[error("cannot {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Keeps a data directory for this process while it lives.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Opens the database in a data directory, which is created if need be, for this process alone.
pub(super) fn open(directory: &Path) -> Result<(Disk, Lock), OpenError> {
    create_private(directory)?;
    let lock = lock(directory)?;
    let format = read_format(directory)?;
    if let Some(found) = format
        && found > FORMAT
    {
        let directory = directory.to_owned();
        return Err(OpenError::Newer { directory, found });
    }
    let database = directory.join("db");
    create_private(&database)?;
    let damaged = |source| OpenError::Damaged {
        directory: directory.to_owned(),
        source,
    };
    let disk = Disk::open(&database).map_err(damaged)?;
    // sled makes an empty database of one it cannot recognise.
    if format.is_some() && !disk.db.was_recovered() {
        return Err(damaged("the database has lost its contents".into()));
    }
    for created in [&database.join("conf"), &database, directory] {
        sync(created)?;
    }
    if format.is_none() {
        write_format(directory)?;
    }
    Ok((disk, lock))
}

/// Creates a directory, and those above it that are missing, for this user alone.
fn create_private(directory: &Path) -> Result<(), OpenError> {
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

fn lock(directory: &Path) -> Result<Lock, OpenError> {
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

fn read_format(directory: &Path) -> Result<Option<u32>, OpenError> {
    let path = directory.join("format");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(err) => return Err(cannot("read", &path)(err)),
    };
    let format = text.trim().parse().map_err(|_| OpenError::Damaged {
        directory: directory.to_owned(),
        source: format!("{} holds no version number", path.display()).into(),
    })?;
    Ok(Some(format))
}

/// Writes the format under another name first, so that it is there whole or not at all.
fn write_format(directory: &Path) -> Result<(), OpenError> {
    let (path, draft) = (directory.join("format"), directory.join("format.new"));
    let write = || {
        let mut file = File::create(&draft)?;
        writeln!(file, "{FORMAT}")?;
        file.sync_all()?;
        fs::rename(&draft, &path)
    };
    write().map_err(cannot("write", &path))?;
    sync(directory)
}

/// Makes a file's contents durable, or a directory's entries.
fn sync(path: &Path) -> Result<(), OpenError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(cannot("sync", path))
}

fn cannot(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    move |source| OpenError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use gatewit_domain::ports::{Key, Store, Write as Change};
    use tempfile::{TempDir, tempdir};

    use super::*;
    use crate::SledStore;

    /// A data directory with rows in it, opened and closed twice, so that sled has all the files it ever has.
    async fn filled() -> TempDir {
        let home = tempdir().unwrap();
        for round in 0..2 {
            let store = SledStore::open(home.path()).unwrap();
            for n in 0..200 {
                let key = Key::new(format!("{round}/{n}"));
                let put = Change::Put(key, vec![b'x'; 5000].into());
                store.commit(vec![], vec![put]).await.unwrap();
            }
        }
        home
    }

    #[track_caller]
    fn refusal(directory: &Path) -> String {
        match SledStore::open(directory) {
            Ok(_) => panic!("{} must not open", directory.display()),
            Err(err) => err.to_string(),
        }
    }

    #[track_caller]
    fn assert_damaged(home: &TempDir) {
        let directory = home.path().display();
        let expected = format!(
            "cannot open the database in {directory}: restore the directory from a backup, \
             or import the last export into an empty one"
        );
        assert_eq!(refusal(home.path()), expected);
    }

    #[test]
    fn a_directory_in_use_is_refused_until_it_is_free() {
        let home = tempdir().unwrap();
        let store = SledStore::open(home.path()).unwrap();
        let directory = home.path().display();
        let expected = format!("data directory {directory} is in use by another process");
        assert_eq!(refusal(home.path()), expected);
        drop(store);
        SledStore::open(home.path()).unwrap();
    }

    #[test]
    fn a_new_directory_is_for_its_user_alone_and_says_its_format() {
        let home = tempdir().unwrap();
        let directory = home.path().join("missing").join("gatewit");
        drop(SledStore::open(&directory).unwrap());
        for created in [
            directory.as_path(),
            &directory.join("db"),
            &home.path().join("missing"),
        ] {
            let mode = fs::metadata(created).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", created.display());
        }
        let format = fs::read_to_string(directory.join("format")).unwrap();
        assert_eq!(format, "1\n");
    }

    #[test]
    fn a_newer_format_is_refused_and_left_alone() {
        let home = tempdir().unwrap();
        fs::write(home.path().join("format"), "2\n").unwrap();
        let directory = home.path().display();
        let expected = format!(
            "data directory {directory} has format 2, but this gatewit knows formats up to 1: \
             run a newer gatewit"
        );
        assert_eq!(refusal(home.path()), expected);
        assert!(!home.path().join("db").exists());
    }

    #[test]
    fn a_format_that_is_no_number_is_damage() {
        let home = tempdir().unwrap();
        fs::write(home.path().join("format"), "").unwrap();
        assert_damaged(&home);
    }

    #[test]
    fn a_first_opening_that_was_cut_short_is_taken_up_again() {
        let home = tempdir().unwrap();
        drop(SledStore::open(home.path()).unwrap());
        fs::remove_file(home.path().join("format")).unwrap();
        fs::write(home.path().join("format.new"), "").unwrap();
        drop(SledStore::open(home.path()).unwrap());
        assert_eq!(
            fs::read_to_string(home.path().join("format")).unwrap(),
            "1\n"
        );
    }

    #[test]
    fn a_path_that_is_a_file_is_refused() {
        let home = tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        let lock = file.join("lock");
        assert_eq!(refusal(&file), format!("cannot open {}", lock.display()));
    }

    #[tokio::test]
    async fn garbage_in_the_database_is_damage() {
        let home = filled().await;
        let database = home.path().join("db/db");
        let garbage: Vec<_> = (0..fs::metadata(&database).unwrap().len())
            .map(|n| (n * n / 7) as u8)
            .collect();
        fs::write(&database, garbage).unwrap();
        assert_damaged(&home);
    }

    #[tokio::test]
    async fn a_database_cut_short_is_damage() {
        let home = filled().await;
        let database = File::options()
            .write(true)
            .open(home.path().join("db/db"))
            .unwrap();
        database.set_len(1 << 19).unwrap();
        assert_damaged(&home);
    }

    #[tokio::test]
    async fn a_database_that_is_gone_is_damage() {
        let home = filled().await;
        fs::remove_dir_all(home.path().join("db")).unwrap();
        assert_damaged(&home);
    }
}
