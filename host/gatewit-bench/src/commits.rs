//! Our store compared with the least that durable commits can cost: an append-only log.
//!
//! Both commit one small value at a time for as many clients as scan, and answer each once it is on disk. Commits that
//! come while a group is being written form the next group.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::iter;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use gatewit_domain::ports::{Key, Store, StoreLayout, Write};
use gatewit_store::SledStore;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::figures::{Latencies, Measured};

/// The capacity of the store's own queue and groups.
const QUEUE_MAX: usize = 4096;
const GROUP_MAX: usize = 1024;
/// The size of a small record.
const VALUE_BYTES: usize = 100;

/// The store and the log, each with its own files, used from one set of workers.
pub struct Rivals {
    workers: Runtime,
    clients: usize,
    store: Rival,
    raw_log: Rival,
    /// The number of the next commit: no key is written twice.
    next: Arc<AtomicU64>,
}

#[derive(Clone)]
enum Rival {
    Store(Arc<SledStore>),
    RawLog(Arc<RawLog>),
}

impl Rivals {
    pub fn open(home: &Path, clients: usize) -> anyhow::Result<Self> {
        Ok(Self {
            workers: Runtime::new()?,
            clients,
            store: Rival::Store(Arc::new(SledStore::open(
                &home.join("store"),
                StoreLayout::plain(),
            )?)),
            raw_log: Rival::RawLog(Arc::new(RawLog::open(&home.join("raw.log"))?)),
            next: Arc::default(),
        })
    }

    /// Commits to the store for a while.
    pub fn store(&self, time: Duration) -> anyhow::Result<Measured> {
        self.workers.block_on(self.measure(&self.store, time))
    }

    /// Appends to the log for a while.
    pub fn raw_log(&self, time: Duration) -> anyhow::Result<Measured> {
        self.workers.block_on(self.measure(&self.raw_log, time))
    }

    async fn measure(&self, rival: &Rival, time: Duration) -> anyhow::Result<Measured> {
        let starts = Instant::now();
        let mut clients = JoinSet::new();
        for _ in 0..self.clients {
            let (rival, next) = (rival.clone(), self.next.clone());
            clients.spawn(async move {
                let mut latencies = Latencies::default();
                while starts.elapsed() < time {
                    let began = Instant::now();
                    rival.commit(next.fetch_add(1, Ordering::Relaxed)).await?;
                    latencies.add(began.elapsed());
                }
                anyhow::Ok(latencies)
            });
        }
        let mut all = Latencies::default();
        while let Some(latencies) = clients.join_next().await {
            all.extend(latencies??);
        }
        Ok(Measured::new(starts.elapsed(), all))
    }
}

impl Rival {
    async fn commit(&self, number: u64) -> anyhow::Result<()> {
        // As long as the key of a scan's record within its event.
        let key = format!("bench/{number:036}");
        match self {
            Self::Store(store) => {
                let write = Write::Put(Key::new(key), vec![b'x'; VALUE_BYTES].into());
                let commit = store.commit(Vec::new(), vec![write]).await?;
                ensure!(commit.is_done(), "the store refused a commit");
                Ok(())
            }
            Self::RawLog(log) => {
                let mut record = key.into_bytes();
                record.resize(record.len() + VALUE_BYTES, b'x');
                log.append(record).await
            }
        }
    }
}

/// A file to which one thread appends in groups.
struct RawLog(SyncSender<Append>);

struct Append {
    record: Vec<u8>,
    answer: oneshot::Sender<io::Result<()>>,
}

impl RawLog {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(path)?;
        let (sender, queue) = sync_channel(QUEUE_MAX);
        // The thread ends when there are no senders left.
        thread::Builder::new()
            .name("raw log".to_owned())
            .spawn(move || write_groups(file, &queue))?;
        Ok(Self(sender))
    }

    async fn append(&self, record: Vec<u8>) -> anyhow::Result<()> {
        let (answer, answered) = oneshot::channel();
        let queued = self.0.try_send(Append { record, answer });
        queued.ok().context("the raw log takes no more")?;
        Ok(answered.await.context("the raw log has ended")??)
    }
}

fn write_groups(mut file: File, queue: &Receiver<Append>) {
    let mut bytes = Vec::new();
    let mut waiting = Vec::new();
    while let Ok(first) = queue.recv() {
        for append in iter::once(first).chain(queue.try_iter()).take(GROUP_MAX) {
            bytes.extend_from_slice(&append.record);
            waiting.push(append.answer);
        }
        let written = file.write_all(&bytes).and_then(|()| file.sync_data());
        for answer in waiting.drain(..) {
            let told = written
                .as_ref()
                .map_or_else(|err| Err(err.kind().into()), |()| Ok(()));
            // The bench may have stopped waiting.
            let _ = answer.send(told);
        }
        bytes.clear();
    }
}
