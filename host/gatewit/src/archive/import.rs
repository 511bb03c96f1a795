//! `gatewit import`: fills an empty data directory from an export, completely or not at all.

use std::path::{Path, PathBuf};
use std::{iter, mem};

use anyhow::{Context, bail, ensure};
use gatewit_desk::store_layout;
use gatewit_desk::tables::imported;
use gatewit_domain::ports::{Appended, Clock, Commit, Store, Write};
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
        progress.report(reader.rows());
    }
    Ok(())
}

async fn fill(restore: &Restore, file: &Path) -> anyhow::Result<u64> {
    let mut progress = Progress::new("imported");
    let mut reader = Reader::open(file)?;
    if reader.version() == 1 {
        return fill_from_version_1(restore, reader).await;
    }
    let (mut writes, mut numbers) = (Vec::new(), Vec::new());
    while let Some((key, value)) = reader.next()? {
        let number = Appended::parse(&key).map(|(_, number)| number);
        let write = imported(key, &value)?;
        numbers.extend(number.filter(|_| matches!(write, Write::Append(..))));
        writes.push(write);
        if writes.len() == PAGE {
            let given = commit(restore, mem::take(&mut writes)).await?;
            check_numbers(&mem::take(&mut numbers), &given)?;
            progress.report(reader.rows());
        }
    }
    let given = commit(restore, writes).await?;
    check_numbers(&numbers, &given)?;
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

/// Commits rows; returns the numbers that its records were given.
async fn commit(restore: &Restore, writes: Vec<Write>) -> anyhow::Result<Vec<u64>> {
    match restore.store().commit(Vec::new(), writes).await? {
        Commit::Done(numbers) => Ok(numbers),
        Commit::Blocked(_) => bail!("the store took no rows"),
    }
}

/// Checks that every record keeps its number: other records name it.
fn check_numbers(exported: &[u64], given: &[u64]) -> anyhow::Result<()> {
    for (exported, given) in iter::zip(exported, given) {
        ensure!(
            exported == given,
            "a record of an event is missing: where record {given} should be, there is record {exported}; take an older export"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_would_get_the_number_of_a_missing_one_is_refused() {
        check_numbers(&[1, 2, 1], &[1, 2, 1]).unwrap();
        let refused = check_numbers(&[1, 3], &[1, 2]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "a record of an event is missing: where record 2 should be, there is record 3; take an older export"
        );
    }
}
