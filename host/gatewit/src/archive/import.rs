//! `gatewit import`: fills an empty data directory from an export, completely or not at all.

use std::mem;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use gatewit_desk::store_layout;
use gatewit_desk::tables::imported;
use gatewit_domain::ports::{Clock, Store, Write};
use gatewit_store::Restore;

use super::PAGE;
use super::progress::Progress;
use super::reader::Reader;
use super::version_1;
use crate::clock::SystemClock;
use crate::directories::DataDirectory;

#[derive(clap::Args)]
pub struct ImportArguments {
    #[command(flatten)]
    data: DataDirectory,
    /// The file that `gatewit export` wrote.
    file: PathBuf,
}

/// Imports an export after checking that it is complete.
pub async fn import(arguments: ImportArguments) -> anyhow::Result<()> {
    check(&arguments.file)?;
    let data = &arguments.data.path;
    let cannot = || format!("cannot import into {}", data.display());
    let restore = Restore::begin(data, store_layout(SystemClock.now())).with_context(cannot)?;
    let rows = fill(&restore, &arguments.file).await.with_context(cannot)?;
    restore.finish().with_context(cannot)?;
    eprintln!(
        "imported {rows} rows into {}; before it is served, put the exported server's master.key there, or set \
         GATEWIT_MASTER_KEY as it was",
        data.display()
    );
    Ok(())
}

/// Reads and checks the whole file without writing anything.
fn check(file: &Path) -> anyhow::Result<()> {
    let mut progress = Progress::new("checked");
    let mut reader = Reader::open(file)?;
    while reader.next()?.is_some() {
        progress.tell(reader.rows());
    }
    Ok(())
}

async fn fill(restore: &Restore, file: &Path) -> anyhow::Result<u64> {
    let mut progress = Progress::new("imported");
    let mut reader = Reader::open(file)?;
    if reader.version() == 1 {
        return fill_from_version_1(restore, reader).await;
    }
    let mut writes = Vec::new();
    while let Some((key, value)) = reader.next()? {
        writes.push(imported(key, &value)?);
        if writes.len() == PAGE {
            commit(restore, mem::take(&mut writes)).await?;
            progress.tell(reader.rows());
        }
    }
    commit(restore, writes).await?;
    Ok(reader.rows())
}

/// Fills the store from an export of version 1, whose rows are understood only together.
async fn fill_from_version_1(restore: &Restore, mut reader: Reader) -> anyhow::Result<u64> {
    let mut rows = Vec::new();
    while let Some(row) = reader.next()? {
        rows.push(row);
    }
    let mut writes = version_1::converted(&rows)?;
    while !writes.is_empty() {
        let rest = writes.split_off(writes.len().min(PAGE));
        commit(restore, mem::replace(&mut writes, rest)).await?;
    }
    Ok(reader.rows())
}

async fn commit(restore: &Restore, writes: Vec<Write>) -> anyhow::Result<()> {
    let commit = restore.store().commit(Vec::new(), writes).await?;
    ensure!(commit.is_done(), "the store took no rows");
    Ok(())
}
