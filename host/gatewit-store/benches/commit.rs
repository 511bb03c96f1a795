//! Durable commits: one after another, and from 64 clients at once. Each writes as many keys as a scan.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gatewit_domain::ports::{Guard, Key, Store, StoreLayout, Write};
use gatewit_store::SledStore;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const CLIENTS: u64 = 64;
/// The size of a scan's record.
const RECORD_BYTES: usize = 600;

/// Commits a record, a guarded value and a counter, each under its own number.
async fn scan(store: &dyn Store, number: u64) {
    let key = |table: &str| Key::new(format!("{table}/{number:036}"));
    let record = Write::Put(key("records"), vec![b'x'; RECORD_BYTES].into());
    let entry = Write::Put(key("entries"), vec![b'x'; RECORD_BYTES / 4].into());
    let count = Write::Add(Key::new(format!("counts/{}", number % CLIENTS)), 1);
    let guards = vec![Guard::Absent(key("entries"))];
    let commit = store.commit(guards, vec![record, entry, count]).await;
    assert!(commit.expect("the store commits").is_done());
}

fn commits(criterion: &mut Criterion) {
    // In the build directory, which is on a disk; the system's own temporary one may be in memory.
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("there is room");
    let store: Arc<dyn Store> =
        Arc::new(SledStore::open(home.path(), StoreLayout::plain()).expect("the store opens"));
    let workers = Runtime::new().expect("the runtime starts");
    let next = AtomicU64::new(0);
    let mut group = criterion.benchmark_group("commit");
    group.bench_function("alone", |bencher| {
        bencher.iter(|| workers.block_on(scan(&*store, next.fetch_add(1, Ordering::Relaxed))));
    });
    group.throughput(Throughput::Elements(CLIENTS));
    group.bench_function("64 at once", |bencher| {
        bencher.iter(|| {
            workers.block_on(async {
                let mut clients = JoinSet::new();
                for _ in 0..CLIENTS {
                    let (store, number) = (store.clone(), next.fetch_add(1, Ordering::Relaxed));
                    clients.spawn(async move { scan(&*store, number).await });
                }
                clients.join_all().await
            })
        });
    });
    group.finish();
}

criterion_group!(benches, commits);
criterion_main!(benches);
