//! Directories that only the server's user may write to: whoever writes there can run code in the server.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

/// Creates the directory for its owner alone, or checks that others may not write to it.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    // It may have existed before and be open to others. Only the operator can know whether they need it.
    match fs::metadata(path)?.permissions().mode() & 0o022 {
        0 => Ok(()),
        _ => Err(io::Error::other("others may write to it: chmod 700")),
    }
}
