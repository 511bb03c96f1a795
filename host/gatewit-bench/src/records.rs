//! A data directory with many records of scans: those of a server, each appended several times more.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use gatewit_domain::ports::{Appended, Key, Store, StoreLayout, Write};
use gatewit_store::SledStore;
use tokio::runtime::Runtime;

use crate::product::Product;

/// How many of each record there are in the end.
const TIMES: usize = 10;
/// How many records are read or written at once.
const PAGE: usize = 500;

/// A data directory, and how much is in it.
pub struct Copied {
    /// How many records there are.
    pub records: usize,
    /// The average size of a record without its key.
    pub record_bytes: usize,
    /// How long it takes to open the database and to fold the records.
    pub opening: Duration,
}

/// A record with the prefix of its sequence.
type Row = (Key, Vec<u8>);

/// Appends each record of a data directory over and over, as a scan of its own.
pub fn copy(data: &Path, product: &Product<'_>) -> anyhow::Result<Copied> {
    let open = || SledStore::open(data, product.layout.clone());
    let store = open()?;
    let rows = Runtime::new()?.block_on(async {
        let rows = read(&store, &product.layout).await?;
        append(&store, &rows, product).await?;
        anyhow::Ok(rows)
    })?;
    ensure!(!rows.is_empty(), "the server has left no records");
    drop(store);
    let began = Instant::now();
    open()?;
    Ok(Copied {
        records: rows.len() * TIMES,
        record_bytes: rows.iter().map(|(_, record)| record.len()).sum::<usize>() / rows.len(),
        opening: began.elapsed(),
    })
}

async fn read(store: &dyn Store, layout: &StoreLayout) -> anyhow::Result<Vec<Row>> {
    let table = Key::new(format!("{}/", layout.appended));
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = store.scan(&table, after.as_ref(), PAGE).await?;
        for (key, record) in &page {
            let (sequence, _) = Appended::parse(key).context("a record has no number")?;
            rows.push((sequence, record.to_vec()));
        }
        match page.into_iter().last() {
            Some((last, _)) => after = Some(last),
            None => return Ok(rows),
        }
    }
}

async fn append(store: &dyn Store, rows: &[Row], product: &Product<'_>) -> anyhow::Result<()> {
    for _ in 1..TIMES {
        for some in rows.chunks(PAGE) {
            let append = |(sequence, record): &Row| {
                let record = (product.scanned_again)(record)?;
                anyhow::Ok(Write::Append(sequence.clone(), record.into()))
            };
            let writes = some.iter().map(append).collect::<Result<_, _>>()?;
            let commit = store.commit(Vec::new(), writes).await?;
            ensure!(commit.is_done(), "the store refused a commit");
        }
    }
    Ok(())
}
