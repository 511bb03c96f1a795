//! Names of files that outlive a power cut.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Gives a finished and synced file its name, in place of any file of that name, and returns when the name is on disk.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    // A name is durable with its directory.
    let directory = to.parent().filter(|parent| *parent != Path::new(""));
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}
