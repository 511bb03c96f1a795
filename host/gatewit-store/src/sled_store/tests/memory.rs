//! Tables in memory: derived ones, and resident ones that outgrow it.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatewit_domain::ports::{Key, Store, StoreLayout, Write};
use tempfile::tempdir;

use super::{key, rows, send, stalled};
use crate::{SledStore, directory, laws};

/// Room for a few rows.
const BYTES_MAX: usize = 180;

fn tight(home: &Path, layout: StoreLayout) -> SledStore {
    SledStore::open_with(home, layout, BYTES_MAX, |mut disk| {
        Box::new(move |batch| disk.persist(batch))
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_outgrow_their_memory_obey_the_laws() {
    let (home, count) = (tempdir().unwrap(), AtomicUsize::new(0));
    laws::check_all(|layout| {
        let count = count.fetch_add(1, Ordering::Relaxed);
        tight(&home.path().join(count.to_string()), layout)
    })
    .await;
}

#[tokio::test]
async fn the_largest_table_is_read_from_disk_once_all_outgrow_their_memory() {
    let home = tempdir().unwrap();
    let store = tight(home.path(), laws::layout());
    let meter = store.meter();
    store
        .commit(vec![], vec![Write::Put(key("a/1"), "small".into())])
        .await
        .unwrap();
    let mut expected = vec![(key("a/1"), "small".into())];
    for number in 0..12_u8 {
        assert_eq!(meter.tables_given_up(), u64::from(number >= 10), "{number}");
        let name = Key::new(format!("row/{number:02}"));
        let put = Write::Put(name.clone(), "a value".into());
        store.commit(vec![], vec![put]).await.unwrap();
        expected.push((name, "a value".into()));
    }
    assert_eq!(rows(&store, 99).await, expected);
    let memory_bytes = meter.memory_bytes();
    assert!((1..100).contains(&memory_bytes), "{memory_bytes}");
    drop(store);

    let store = tight(home.path(), laws::layout());
    assert_eq!(store.meter().tables_given_up(), 1);
    assert_eq!(store.meter().memory_bytes(), memory_bytes);
    assert_eq!(rows(&store, 99).await, expected);
}

#[tokio::test]
async fn derived_rows_are_unseen_until_what_they_derive_from_is_on_disk() {
    let home = tempdir().unwrap();
    let (store, disk) = stalled(home.path());
    let step = |step: &'static str| vec![Write::Append(key("log/x/"), step.into())];
    let mut first = store.commit(vec![], step("one 1"));
    send(&mut first);
    disk.wait_for_write();
    assert_eq!(rows(&store, 99).await, []);
    assert_eq!(store.get(&key("sums/x/one")).await.unwrap(), None);
    disk.succeed();
    first.await.unwrap();
    laws::check_fold(&store).await;

    let mut second = store.commit(vec![], step("one -1"));
    send(&mut second);
    disk.wait_for_write();
    laws::check_fold(&store).await;
    let sum = store.get(&key("sums/x/one")).await.unwrap();
    assert_eq!(sum, Some("1".into()));
    disk.succeed();
    second.await.unwrap();
    laws::check_fold(&store).await;
    assert_eq!(store.get(&key("sums/x/one")).await.unwrap(), None);
    disk.succeed_always();
}

#[tokio::test]
async fn derived_rows_are_not_written_to_disk() {
    let home = tempdir().unwrap();
    let store = SledStore::open(home.path(), laws::layout()).unwrap();
    let step = Write::Append(key("log/x/"), "one 1".into());
    store.commit(vec![], vec![step]).await.unwrap();
    assert_eq!(rows(&store, 99).await.len(), 4);
    drop(store);
    let (disk, _lock) = directory::open(home.path()).unwrap();
    let names: Vec<_> = disk.db.iter().keys().map(Result::unwrap).collect();
    assert_eq!(names, ["log/x/0000000000000001"]);
}
