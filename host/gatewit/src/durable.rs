//! Renaming files so that the new name survives a power cut.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Renames a finished and synced file, replacing any file of that name, and returns once the name is on disk.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    // A name is durable once its directory is synced.
    let directory = to.parent().filter(|parent| *parent != Path::new(""));
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}
