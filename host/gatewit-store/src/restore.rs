//! Fills an empty data directory, completely or not at all.
//!
//! The database is built in a folder beside its final place and moved there when it is complete. If a crash comes
//! before that, the next attempt removes the leftovers.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gatewit_domain::ports::StoreLayout;

use crate::directory::{self, Lock, OpenError, cannot};
use crate::sled_store::SledStore;

/// A data directory that is being filled. If it is dropped before it is [finished](Self::finish), no database remains.
pub struct Restore {
    directory: PathBuf,
    /// `None` only once the restore is finished or dropped.
    store: Option<SledStore>,
    _lock: Lock,
}

impl Restore {
    /// Creates the directory if it is missing, and locks out other processes until it is filled.
    ///
    /// Fails if it holds a database already, or is in use.
    pub fn begin(directory: &Path, layout: StoreLayout) -> Result<Self, OpenError> {
        directory::create_private(directory)?;
        let lock = directory::lock(directory)?;
        if directory::holds_database(directory) {
            return Err(OpenError::NotEmpty(directory.to_owned()));
        }
        let draft = draft(directory);
        match fs::remove_dir_all(&draft) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => {
                return Err(cannot("remove", &draft)(err));
            }
            _ => {}
        }
        Ok(Self {
            directory: directory.to_owned(),
            store: Some(SledStore::open(&draft, layout)?),
            _lock: lock,
        })
    }

    /// The store to write to.
    pub fn store(&self) -> &SledStore {
        self.store.as_ref().expect("taken only at the end")
    }

    /// Moves the complete database to its final place.
    pub fn finish(mut self) -> Result<(), OpenError> {
        drop(self.store.take());
        let draft = draft(&self.directory);
        // The format is written last: it exists only beside a complete database.
        for part in ["db", "format"] {
            let path = self.directory.join(part);
            fs::rename(draft.join(part), &path).map_err(cannot("create", &path))?;
            directory::sync(&self.directory)?;
        }
        fs::remove_dir_all(&draft).map_err(cannot("remove", &draft))
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        drop(self.store.take());
        // The next attempt removes what cannot be removed now. After `finish`, there is nothing left.
        let _ = fs::remove_dir_all(draft(&self.directory));
    }
}

fn draft(directory: &Path) -> PathBuf {
    directory.join("importing")
}

#[cfg(test)]
mod tests {
    use gatewit_domain::ports::{Key, Store, Write};
    use tempfile::tempdir;

    use super::*;

    async fn put(store: &SledStore) {
        let put = Write::Put(Key::new("a/b"), "1".into());
        store.commit(vec![], vec![put]).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_restored_is_there_once_it_is_finished() {
        let home = tempdir().unwrap();
        let restore = Restore::begin(home.path(), StoreLayout::plain()).unwrap();
        put(restore.store()).await;
        assert!(!SledStore::is_in(home.path()));
        let in_use = SledStore::open(home.path(), StoreLayout::plain())
            .err()
            .unwrap();
        assert!(matches!(in_use, OpenError::InUse(_)), "{in_use}");
        restore.finish().unwrap();
        let store = SledStore::open(home.path(), StoreLayout::plain()).unwrap();
        let value = store.get(&Key::new("a/b")).await.unwrap();
        assert_eq!(value, Some("1".into()));
        assert!(!draft(home.path()).exists());
    }

    #[tokio::test]
    async fn a_restore_given_up_leaves_nothing_behind() {
        let home = tempdir().unwrap();
        let restore = Restore::begin(home.path(), StoreLayout::plain()).unwrap();
        put(restore.store()).await;
        drop(restore);
        assert!(!draft(home.path()).exists());
        // Leftovers of a crash are no obstacle.
        fs::create_dir(draft(home.path())).unwrap();
        fs::write(draft(home.path()).join("format"), "7").unwrap();
        Restore::begin(home.path(), StoreLayout::plain())
            .unwrap()
            .finish()
            .unwrap();
    }

    #[test]
    fn a_directory_with_a_database_is_left_alone() {
        let home = tempdir().unwrap();
        drop(SledStore::open(home.path(), StoreLayout::plain()).unwrap());
        let refused = Restore::begin(home.path(), StoreLayout::plain())
            .err()
            .unwrap();
        assert!(matches!(refused, OpenError::NotEmpty(_)), "{refused}");
    }
}
