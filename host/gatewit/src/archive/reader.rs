//! Reads an export row by row, and checks that it is complete.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use gatewit_domain::ports::Key;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{FORMAT, Footer, Header, Row, VERSION};

pub(super) struct Reader {
    path: PathBuf,
    version: u32,
    lines: BufReader<File>,
    /// The line read last.
    line: Vec<u8>,
    rows: u64,
    digest: Sha256,
}

impl Reader {
    /// Opens an export of this version or an older one.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut reader = Self {
            path: path.to_owned(),
            version: VERSION,
            lines: BufReader::new(file),
            line: Vec::new(),
            rows: 0,
            digest: Sha256::new(),
        };
        reader.read_line()?;
        let header = serde_json::from_slice::<Header>(&reader.line).ok();
        let Some(header) = header.filter(|header| header.format == FORMAT) else {
            bail!("{} is no export of gatewit", path.display());
        };
        if header.version > VERSION {
            bail!(
                "{} has version {}, but this gatewit knows exports up to {VERSION}: run a newer gatewit",
                path.display(),
                header.version
            );
        }
        reader.version = header.version;
        reader.digest.update(&reader.line);
        Ok(reader)
    }

    /// The version of the export.
    pub(super) fn version(&self) -> u32 {
        self.version
    }

    /// Reads the next row; None after the last one, once the count and the checksum match.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<(Key, Box<RawValue>)>> {
        self.read_line()?;
        if !self.line.ends_with(b"\n") {
            bail!(
                "{} is cut short after {} rows",
                self.path.display(),
                self.rows
            );
        }
        if let Ok(row) = serde_json::from_slice::<Row>(&self.line) {
            self.rows += 1;
            self.digest.update(&self.line);
            return Ok(Some((Key::new(row.key.into_owned()), row.value)));
        }
        let Ok(footer) = serde_json::from_slice::<Footer>(&self.line) else {
            bail!(
                "{} is garbled in row {}",
                self.path.display(),
                self.rows + 1
            );
        };
        let digest = format!("{:x}", self.digest.clone().finalize());
        self.read_line()?;
        if (footer.rows, footer.sha256) != (self.rows, digest) || !self.line.is_empty() {
            bail!(
                "{} is not what was exported: it was changed since",
                self.path.display()
            );
        }
        Ok(None)
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    fn read_line(&mut self) -> anyhow::Result<()> {
        self.line.clear();
        let read = self.lines.read_until(b'\n', &mut self.line);
        read.with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(())
    }
}
