//! Tests of the store on disk alone: reopening it, groups of commits, and disks that fail.

mod damage;
mod memory;

use std::fmt::Debug;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Waker};

use bytes::Bytes;
use gatewit_domain::ports::{Commit, Guard, Key, Store, StoreError, Write};
use proptest::test_runner::{Config, TestRunner};
use tempfile::tempdir;

use super::tables::RESIDENT_BYTES_MAX;
use super::{QUEUE_MAX, SledStore};
use crate::MemoryStore;
use crate::disk::Cause;
use crate::laws;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sled_store_obeys_the_laws() {
    let (home, count) = (tempdir().unwrap(), AtomicUsize::new(0));
    laws::check_all(|layout| {
        let count = count.fetch_add(1, Ordering::Relaxed);
        SledStore::open(&home.path().join(count.to_string()), layout).unwrap()
    })
    .await;
}

#[test]
fn any_sequence_is_answered_as_in_memory_and_kept_when_reopened() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(Config::with_cases(64));
    let sequences = (laws::bursts(), laws::bursts());
    runner
        .run(&sequences, |(first, second)| {
            let (home, memory) = (tempdir()?, MemoryStore::new(laws::layout()));
            for bursts in [first, second] {
                let sled = SledStore::open(home.path(), laws::layout()).unwrap();
                let (on_disk, in_memory) = runtime.block_on(async {
                    let on_disk = laws::outcomes(&sled, &bursts).await;
                    (on_disk, laws::outcomes(&memory, &bursts).await)
                });
                proptest::prop_assert_eq!(on_disk, in_memory);
            }
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn a_store_reopened_at_once_holds_everything() {
    let home = tempdir().unwrap();
    for round in 0..20 {
        let store = SledStore::open(home.path(), laws::layout()).unwrap();
        let kept = store.get(&key("n")).await.unwrap();
        assert_eq!(kept, (round > 0).then(|| round.to_string().into()));
        laws::check_fold(&store).await;
        add_one(&store).await.unwrap();
    }
}

#[tokio::test]
async fn what_derived_from_deleted_rows_does_not_come_back() {
    let home = tempdir().unwrap();
    let mut store = SledStore::open(home.path(), laws::layout()).unwrap();
    let steps = vec![Write::Append(key("log/x/"), "one 1".into()); 600];
    store.commit(vec![], steps).await.unwrap();
    let mut appended = store.scan(&key("log/x/"), None, 600).await.unwrap();
    // The store is opened again before any derived row is deleted.
    while !appended.is_empty() {
        let piece = appended.split_off(appended.len().saturating_sub(256));
        let piece = piece.into_iter().rev();
        let deletes = piece.map(|(key, _)| Write::Delete(key)).collect();
        store.commit(vec![], deletes).await.unwrap();
        drop(store);
        store = SledStore::open(home.path(), laws::layout()).unwrap();
        laws::check_fold(&store).await;
    }
    assert_eq!(rows(&store, 1).await, []);
    let first = add_one(&store).await.unwrap();
    assert_eq!(first, Commit::Done(vec![1]));
}

#[tokio::test]
async fn dropping_the_store_writes_what_still_waits() {
    let home = tempdir().unwrap();
    let (store, disk) = stalled(home.path());
    for _ in 0..3 {
        send(&mut add_one(&store));
    }
    disk.wait_for_write();
    let dropping = std::thread::spawn(move || drop(store));
    disk.succeed();
    disk.succeed_always();
    dropping.join().unwrap();
    let store = SledStore::open(home.path(), laws::layout()).unwrap();
    assert_eq!(store.get(&key("n")).await.unwrap(), Some("3".into()));
    laws::check_fold(&store).await;
}

#[tokio::test]
async fn a_commit_is_unseen_until_it_is_on_disk() {
    let home = tempdir().unwrap();
    let (store, disk) = stalled(home.path());
    let mut old = store.commit(vec![], vec![put("a", "old"), put("b", "old")]);
    send(&mut old);
    disk.wait_for_write();
    disk.succeed();
    old.await.unwrap();

    let changes = [put("a", "new"), Write::Delete(key("b"))];
    let additions = [put("0", "new"), put("c", "new")];
    let mut new = store.commit(vec![], [changes, additions].concat());
    send(&mut new);
    disk.wait_for_write();
    assert_eq!(rows(&store, 99).await, [row("a", "old"), row("b", "old")]);
    assert_eq!(rows(&store, 1).await, [row("a", "old")]);
    assert_eq!(store.get(&key("a")).await.unwrap(), Some("old".into()));
    assert_eq!(store.get(&key("c")).await.unwrap(), None);

    disk.succeed();
    new.await.unwrap();
    let all = ["0", "a", "c"].map(|name| row(name, "new"));
    assert_eq!(rows(&store, 99).await, all);
    disk.succeed_always();
}

#[tokio::test]
async fn a_failed_sync_acknowledges_nothing_now_or_later() {
    let home = tempdir().unwrap();
    let (store, disk) = stalled(home.path());
    let mut before = add_one(&store);
    send(&mut before);
    disk.wait_for_write();
    // These three are one group, as they wait together.
    let mut winner = store.commit(vec![Guard::Absent(key("a"))], vec![put("a", "1")]);
    let mut loser = store.commit(vec![Guard::Absent(key("a"))], vec![put("a", "2")]);
    let mut reader = store.commit(vec![Guard::Absent(key("n"))], vec![]);
    for waiting in [&mut winner, &mut loser, &mut reader] {
        send(waiting);
    }
    disk.succeed();
    assert_eq!(before.await.unwrap(), Commit::Done(vec![1]));

    disk.wait_for_write();
    disk.fail();
    for answer in [winner.await, loser.await, reader.await] {
        assert_failed(answer);
    }
    disk.succeed_always();
    assert_failed(add_one(&store).await);
    assert_failed(store.commit(vec![], vec![]).await);
    assert_failed(store.get(&key("n")).await);
    assert_failed(store.scan(&key(""), None, 1).await);
    drop(store);

    let store = SledStore::open(home.path(), laws::layout()).unwrap();
    laws::check_fold(&store).await;
}

#[tokio::test]
async fn a_panic_of_the_disk_answers_every_waiter() {
    let home = tempdir().unwrap();
    let store = SledStore::open_with(home.path(), laws::layout(), RESIDENT_BYTES_MAX, |_| {
        Box::new(|_| panic!("broken"))
    })
    .unwrap();
    assert_failed(add_one(&store).await);
    assert_failed(add_one(&store).await);
    assert_eq!(store.get(&key("n")).await.unwrap(), None);
}

#[tokio::test]
async fn a_full_queue_is_busy_and_recovers() {
    let home = tempdir().unwrap();
    let (store, disk) = stalled(home.path());
    let mut first = add_one(&store);
    send(&mut first);
    disk.wait_for_write();
    let mut waiting: Vec<_> = (0..QUEUE_MAX).map(|_| add_one(&store)).collect();
    waiting.iter_mut().for_each(send);
    assert!(matches!(add_one(&store).await, Err(StoreError::Busy)));

    disk.succeed();
    disk.succeed_always();
    for commit in waiting {
        commit.await.unwrap();
    }
    let all = (QUEUE_MAX + 1).to_string();
    assert_eq!(store.get(&key("n")).await.unwrap(), Some(all.into()));
}

/// A disk that reports each write and waits for the test to say whether it succeeded.
struct StalledDisk {
    written: mpsc::Receiver<()>,
    verdicts: mpsc::Sender<Result<(), Cause>>,
}

fn stalled(directory: &Path) -> (SledStore, StalledDisk) {
    let (has_written, written) = mpsc::channel();
    let (verdicts, told) = mpsc::channel::<Result<(), Cause>>();
    let store = SledStore::open_with(directory, laws::layout(), RESIDENT_BYTES_MAX, |mut disk| {
        Box::new(move |batch| {
            disk.persist(batch)?;
            // The test stops listening once every write shall succeed.
            let _ = has_written.send(());
            told.recv().unwrap_or(Ok(()))
        })
    });
    (store.unwrap(), StalledDisk { written, verdicts })
}

impl StalledDisk {
    fn wait_for_write(&self) {
        self.written.recv().unwrap();
    }

    fn succeed(&self) {
        self.verdicts.send(Ok(())).unwrap();
    }

    fn fail(&self) {
        self.verdicts.send(Err("no space left".into())).unwrap();
    }

    fn succeed_always(self) {}
}

type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

fn add_one(store: &SledStore) -> Pending<'_, Commit> {
    let step = Write::Append(key("log/n/"), "one 1".into());
    store.commit(vec![], vec![Write::Add(key("n"), 1), step])
}

/// Lets a commit reach the queue, and checks that it has no answer yet.
fn send<T>(commit: &mut Pending<'_, T>) {
    let polled = commit
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
}

#[track_caller]
fn assert_failed<T: Debug>(answer: Result<T, StoreError>) {
    assert!(
        matches!(answer, Err(StoreError::Failed { .. })),
        "{answer:?}"
    );
}

async fn rows(store: &SledStore, limit: usize) -> Vec<(Key, Bytes)> {
    store.scan(&key(""), None, limit).await.unwrap()
}

fn row(name: &'static str, value: &'static str) -> (Key, Bytes) {
    (key(name), value.into())
}

fn key(name: &'static str) -> Key {
    Key::new(name)
}

fn put(name: &'static str, value: &'static str) -> Write {
    Write::Put(key(name), value.into())
}
