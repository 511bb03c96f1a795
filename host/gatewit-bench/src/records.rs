//! A data directory with many records of scans: those of a server, copied as they are, so that nothing here knows what is
//! in them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use gatewit_domain::ports::{Key, Store, StoreLayout, Write};
use gatewit_store::SledStore;
use tokio::runtime::Runtime;

/// The table of the records.
const RECORDS: &str = "check_ins/";
/// How many of each record there are in the end.
const TIMES: usize = 10;
/// How many records are read at once.
const PAGE: usize = 500;

/// A data directory, and how much is in it.
pub struct Copied {
    /// How many records there are.
    pub records: usize,
    /// The average size of a record without its key.
    pub record_bytes: usize,
    /// How long it takes to open the database alone.
    pub opening: Duration,
}

/// Writes every record of a data directory that no server uses again, over and over.
pub fn copy(data: &Path) -> anyhow::Result<Copied> {
    let store = SledStore::open(data, StoreLayout::plain())?;
    let (records, bytes) = Runtime::new()?.block_on(copy_all(&store))?;
    ensure!(records > 0, "the server has left no records");
    drop(store);
    let began = Instant::now();
    SledStore::open(data, StoreLayout::plain())?;
    Ok(Copied {
        records: records * TIMES,
        record_bytes: bytes / records,
        opening: began.elapsed(),
    })
}

/// Returns how many records there were before, and how many bytes they have.
async fn copy_all(store: &SledStore) -> anyhow::Result<(usize, usize)> {
    let (mut records, mut bytes) = (0, 0);
    let mut last = None;
    loop {
        let prefix = Key::new(RECORDS);
        let page = store.scan(&prefix, last.as_ref(), PAGE).await?;
        let Some((end, _)) = page.last() else {
            return Ok((records, bytes));
        };
        // No key of the table lies between a record's and those of its copies.
        last = Some(copy_of(end, TIMES));
        records += page.len();
        bytes += page.iter().map(|(_, record)| record.len()).sum::<usize>();
        let copies = page.iter().flat_map(|(key, record)| {
            (1..TIMES).map(|number| Write::Put(copy_of(key, number), record.clone()))
        });
        let commit = store.commit(Vec::new(), copies.collect()).await?;
        ensure!(commit.is_done(), "the store refused a commit");
    }
}

fn copy_of(key: &Key, number: usize) -> Key {
    let mut copy = key.as_bytes().to_vec();
    copy.extend_from_slice(format!("-{number:02}").as_bytes());
    Key::new(copy)
}
