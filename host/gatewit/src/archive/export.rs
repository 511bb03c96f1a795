//! `gatewit export`: writes the whole content of a store to a file or to stdout.

use std::io::{self, BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use gatewit_desk::store_layout;
use gatewit_desk::tables::{RECORDS, exported};
use gatewit_domain::ports::{Clock, Key, Store};
use gatewit_store::{DurableFile, OpenError, SledStore};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::progress::Progress;
use super::{FORMAT, Footer, Header, PAGE, Row, VERSION};
use crate::clock::SystemClock;
use crate::directories::DataDirectory;

#[derive(clap::Args)]
pub struct ExportArguments {
    #[command(flatten)]
    data: DataDirectory,
    /// The file to write, readable by this user only; without it, stdout.
    file: Option<PathBuf>,
}

/// Exports a store that no server has open.
pub async fn export(arguments: ExportArguments) -> anyhow::Result<()> {
    let store = open(&arguments.data.path)?;
    check_whole(&store)?;
    let rows = match &arguments.file {
        Some(path) => write_file(&store, path).await?,
        None => {
            let mut stdout = BufWriter::new(io::stdout());
            let rows = write_rows(&store, &mut stdout).await?;
            stdout.flush().context("cannot write the export")?;
            rows
        }
    };
    eprintln!(
        "exported {rows} rows; the master key is not among them: keep a copy of master.key, or of GATEWIT_MASTER_KEY, \
         apart from the export"
    );
    Ok(())
}

fn open(data: &Path) -> anyhow::Result<SledStore> {
    if !SledStore::is_in(data) {
        bail!("there is nothing to export in {}", data.display());
    }
    let opened = SledStore::open(data, store_layout(SystemClock.now()));
    let is_in_use = matches!(opened, Err(OpenError::InUse(_)));
    let store = opened.map_err(anyhow::Error::from);
    match is_in_use {
        true => store.context("cannot export while the server is running; stop it first"),
        false => store,
    }
}

/// Refuses to export a store with a damaged sequence: a copy of it would look whole.
fn check_whole(store: &SledStore) -> anyhow::Result<()> {
    match store.damages().first() {
        None => Ok(()),
        Some(damage) => bail!(
            "cannot export: record {} of event {} cannot be read ({}); restore a backup of the data directory or take the \
             last export, or start the server and delete the event",
            damage.sequence,
            RECORDS
                .event_of(&damage.prefix)
                .context("the record of no event is damaged")?,
            damage.cause
        ),
    }
}

async fn write_file(store: &SledStore, path: &Path) -> anyhow::Result<u64> {
    if path.exists() && !path.is_file() {
        bail!(
            "{} is not a file; without one, the export goes to stdout",
            path.display()
        );
    }
    let written = write_durably(store, path).await;
    written.with_context(|| format!("cannot export to {}", path.display()))
}

async fn write_durably(store: &SledStore, path: &Path) -> anyhow::Result<u64> {
    let mut out = BufWriter::new(DurableFile::create(path)?);
    let rows = write_rows(store, &mut out).await?;
    out.into_inner()
        .map_err(IntoInnerError::into_error)?
        .finish()?;
    Ok(rows)
}

async fn write_rows(store: &SledStore, out: &mut dyn Write) -> anyhow::Result<u64> {
    let mut lines = Lines {
        out,
        digest: Sha256::new(),
    };
    lines.write(&Header {
        format: FORMAT.into(),
        version: VERSION,
    })?;
    let mut progress = Progress::new("exported");
    let mut rows = 0;
    let mut after = None;
    loop {
        let page = store.scan(&Key::new(""), after.as_ref(), PAGE).await?;
        for (key, value) in &page {
            let cannot = || format!("cannot export a row of {}", key.table());
            let Some(value) = exported(key, value).with_context(cannot)? else {
                continue;
            };
            let key = str::from_utf8(key.as_bytes()).with_context(cannot)?.into();
            lines.write(&Row { key, value })?;
            rows += 1;
        }
        progress.report(rows);
        match page.into_iter().last() {
            Some((key, _)) => after = Some(key),
            None => break,
        }
    }
    let sha256 = format!("{:x}", lines.digest.clone().finalize());
    lines.write(&Footer { rows, sha256 })?;
    Ok(rows)
}

/// Writes JSON lines and computes their checksum.
struct Lines<'a> {
    out: &'a mut dyn Write,
    digest: Sha256,
}

impl Lines<'_> {
    fn write(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        // Line breaks in JSON occur only between tokens, where a space means the same.
        line.iter_mut()
            .filter(|byte| **byte == b'\n')
            .for_each(|byte| *byte = b' ');
        line.push(b'\n');
        self.digest.update(&line);
        self.out.write_all(&line).context("cannot write the export")
    }
}
