//! Sequences with rows that are missing or cannot be read.

use std::path::Path;

use gatewit_domain::ports::{Appended, Commit, Store, Write};
use tempfile::{TempDir, tempdir};

use super::{assert_failed, key};
use crate::{SledStore, directory, laws};

fn append(prefix: &'static str, step: &'static str) -> Write {
    Write::Append(key(prefix), step.into())
}

/// A store with three rows in each of two sequences, changed behind its back.
async fn damaged(change: impl FnOnce(&sled::Db)) -> (TempDir, SledStore) {
    let home = tempdir().unwrap();
    let store = SledStore::open(home.path(), laws::layout()).unwrap();
    for step in ["one 1", "one 2", "two 3"] {
        let both = vec![append("log/x/", step), append("log/y/", step)];
        store.commit(vec![], both).await.unwrap();
    }
    drop(store);
    behind_its_back(home.path(), change);
    let store = SledStore::open(home.path(), laws::layout()).unwrap();
    (home, store)
}

fn behind_its_back(home: &Path, change: impl FnOnce(&sled::Db)) {
    let (disk, _lock) = directory::open(home).unwrap();
    change(&disk.db);
    disk.db.flush().unwrap();
}

/// Checks that the sequence `x` is closed, and that `y` is served.
async fn check_closed(store: &SledStore, sequence: u64, cause: &str) {
    let damages = store.damages();
    let named: Vec<_> = damages
        .iter()
        .map(|damage| (&damage.prefix, damage.sequence, &*damage.cause))
        .collect();
    assert_eq!(named, [(&key("log/x/"), sequence, cause)]);
    for nothing in ["sums/x/", "steps/x/", "counts/x"] {
        let rows = store.scan(&key(nothing), None, 9).await.unwrap();
        assert_eq!(rows, [], "{nothing}");
    }
    let (step, beside) = (append("log/x/", "one 1"), Write::Put(key("a"), "1".into()));
    assert_failed(store.commit(vec![], vec![beside, step]).await);
    assert_eq!(store.get(&key("a")).await.unwrap(), None);
    // Whole sequences are deleted from their end all the same.
    let first = Write::Delete(Appended::key(&key("log/y/"), 1));
    assert_failed(store.commit(vec![], vec![first]).await);

    let sum = store.get(&key("sums/y/one")).await.unwrap();
    assert_eq!(sum, Some("3".into()));
    let step = append("log/y/", "one 4");
    let answer = store.commit(vec![], vec![step]).await.unwrap();
    assert_eq!(answer, Commit::Done(vec![4]));
}

#[tokio::test]
async fn a_row_that_cannot_be_read_closes_its_sequence_and_no_other() {
    let (home, store) = damaged(|tree| {
        let row = Appended::key(&key("log/x/"), 3);
        tree.insert(row.as_bytes(), "nonsense").unwrap();
    })
    .await;
    let cause = "the store cannot derive from the appended row: no amount";
    check_closed(&store, 3, cause).await;
    drop(store);

    behind_its_back(home.path(), |tree| {
        let row = Appended::key(&key("log/x/"), 3);
        tree.insert(row.as_bytes(), "two 3").unwrap();
    });
    let store = SledStore::open(home.path(), laws::layout()).unwrap();
    assert!(store.damages().is_empty());
    laws::check_fold(&store).await;
}

#[tokio::test]
async fn a_row_that_is_missing_closes_its_sequence_and_no_other() {
    for missing in [1, 2] {
        let (_home, store) = damaged(|tree| {
            let row = Appended::key(&key("log/x/"), missing);
            tree.remove(row.as_bytes()).unwrap();
        })
        .await;
        check_closed(&store, missing, "the row is missing").await;
    }
}

#[tokio::test]
async fn a_row_whose_key_has_no_number_is_named() {
    let (home, store) = damaged(|tree| {
        tree.insert("log/x/odd", "one 1").unwrap();
    })
    .await;
    let damages = store.damages();
    assert_eq!(damages.len(), 1);
    assert_eq!(damages[0].prefix, key("log/x/odd"));
    assert_eq!(damages[0].cause, "its key has no number");

    assert_failed(
        store
            .commit(vec![], vec![Write::Delete(key("log/x/even"))])
            .await,
    );
    let odd = Write::Delete(key("log/x/odd"));
    store.commit(vec![], vec![odd]).await.unwrap();
    drop(store);
    let store = SledStore::open(home.path(), laws::layout()).unwrap();
    assert!(store.damages().is_empty());
    laws::check_fold(&store).await;
}

#[tokio::test]
async fn a_damaged_sequence_can_be_deleted_row_by_row_and_begun_anew_once_it_is_opened() {
    for (row, value) in [
        (3, Some("nonsense")),
        (2, Some("nonsense")),
        (1, None),
        (2, None),
    ] {
        let (home, mut store) = damaged(|tree| {
            let row = Appended::key(&key("log/x/"), row);
            match value {
                Some(value) => tree.insert(row.as_bytes(), value).unwrap(),
                None => tree.remove(row.as_bytes()).unwrap(),
            };
        })
        .await;
        let rows = store.scan(&key("log/x/"), None, 9).await.unwrap();
        for (row, _) in rows {
            // An interrupted deletion leaves no shorter sequence behind.
            assert_eq!(store.damages().len(), 1);
            let delete = vec![Write::Delete(row)];
            store.commit(vec![], delete).await.unwrap();
            assert_failed(store.commit(vec![], vec![append("log/x/", "one 1")]).await);
            drop(store);
            store = SledStore::open(home.path(), laws::layout()).unwrap();
        }
        assert!(store.damages().is_empty());
        laws::check_fold(&store).await;
        let step = append("log/x/", "one 1");
        let answer = store.commit(vec![], vec![step]).await.unwrap();
        assert_eq!(answer, Commit::Done(vec![1]));
        laws::check_fold(&store).await;
    }
}
