//! Durable commits: one after another, and from 64 clients at once. Each appends a record, as a scan does; what derives
//! from it stays in memory.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gatewit_domain::ports::{Appended, Derivation, Guard, Key, Store, StoreLayout, Write};
use gatewit_store::SledStore;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const CLIENTS: u64 = 64;
/// The size of a scan's record.
const RECORD_BYTES: usize = 126;

/// A record begins with the number of its ticket. Derived are the ticket's entry and a count of all entries.
struct Entries;

impl Derivation for Entries {
    fn tables(&self) -> &'static [&'static str] {
        &["entries", "counts"]
    }

    fn derive(
        &self,
        appended: &Appended<'_>,
        _: &dyn Fn(&Key) -> Option<Bytes>,
    ) -> Result<Vec<Write>, Box<dyn Error + Send + Sync>> {
        let ticket = appended.value.first_chunk().ok_or("no ticket")?;
        let sequence = appended.sequence.to_le_bytes();
        Ok(vec![
            Write::Put(entry(u64::from_be_bytes(*ticket)), sequence.to_vec().into()),
            Write::Add(Key::new("counts/e"), 1),
        ])
    }
}

fn entry(ticket: u64) -> Key {
    Key::new(format!("entries/e/{ticket:036}"))
}

/// Lets a ticket in that has no entry yet.
async fn scan(store: &dyn Store, ticket: u64) {
    let mut record = ticket.to_be_bytes().to_vec();
    record.resize(RECORD_BYTES, b'r');
    let append = Write::Append(Key::new("records/e/"), record.into());
    let guards = vec![Guard::Absent(entry(ticket))];
    let commit = store.commit(guards, vec![append]).await;
    assert!(commit.expect("the store commits").is_done());
}

fn commits(criterion: &mut Criterion) {
    // In the build directory, which is on a disk; the system's own temporary one may be in memory.
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("there is room");
    let layout = StoreLayout {
        appended: "records",
        resident: &[],
        derivation: Arc::new(Entries),
    };
    let store: Arc<dyn Store> =
        Arc::new(SledStore::open(home.path(), layout).expect("the store opens"));
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
                    let (store, ticket) = (store.clone(), next.fetch_add(1, Ordering::Relaxed));
                    clients.spawn(async move { scan(&*store, ticket).await });
                }
                clients.join_all().await
            })
        });
    });
    group.finish();
}

criterion_group!(benches, commits);
criterion_main!(benches);
