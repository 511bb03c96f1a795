//! The last good components, kept as files by digest, so that a broken file in the plugin directory closes no event and a
//! roll-back survives a restart.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

use tempfile::Builder;

use crate::digest::digest_of;
use crate::private_directory;

/// What the names of files begin with that are not written whole.
const UNFINISHED: &str = ".unfinished-";

/// The directory of kept components.
pub(crate) struct Shelf {
    directory: PathBuf,
}

impl Shelf {
    /// Opens the directory; if it is missing, it is created for its owner alone.
    pub(crate) fn open(directory: PathBuf) -> io::Result<Self> {
        private_directory::create(&directory)?;
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // A server that was killed may have left it.
            if name.starts_with(UNFINISHED) {
                fs::remove_file(&path)?;
            }
        }
        Ok(Self { directory })
    }

    /// Keeps a component: it is on disk when this returns.
    pub(crate) fn put(&self, digest: &str, component: &[u8]) -> io::Result<()> {
        if self.get(digest).is_ok() {
            return Ok(());
        }
        let mut file = Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.directory)?;
        file.write_all(component)?;
        file.as_file().sync_all()?;
        file.persist(self.path(digest))?;
        File::open(&self.directory)?.sync_all()
    }

    /// Reads a component. One that is not as it was kept is no component.
    pub(crate) fn get(&self, digest: &str) -> io::Result<Vec<u8>> {
        let component = fs::read(self.path(digest))?;
        match digest_of(&component) == digest {
            true => Ok(component),
            false => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is not as it was kept",
            )),
        }
    }

    /// Deletes all components but these.
    pub(crate) fn retain(&self, is_needed: impl Fn(&str) -> bool) -> io::Result<()> {
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if let Some(stem) = stem.filter(|stem| is_digest(stem))
                && !is_needed(&format!("sha256:{stem}"))
            {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn path(&self, digest: &str) -> PathBuf {
        let hex = digest.rsplit(':').next().unwrap_or(digest);
        self.directory.join(hex).with_extension("wasm")
    }
}

/// Whether this is a digest in hex: other files are not ours.
fn is_digest(stem: &str) -> bool {
    stem.len() == 64 && stem.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_component_is_kept_until_nobody_needs_it() {
        let directory = TempDir::new().unwrap();
        let shelf = Shelf::open(directory.path().join("kept")).unwrap();
        let (one, two) = (digest_of(b"one"), digest_of(b"two"));
        shelf.put(&one, b"one").unwrap();
        shelf.put(&two, b"two").unwrap();
        assert_eq!(shelf.get(&one).unwrap(), b"one");
        shelf.retain(|digest| digest == two).unwrap();
        assert_eq!(shelf.get(&one).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(shelf.get(&two).unwrap(), b"two");
    }

    #[test]
    fn files_of_others_are_left_and_what_was_not_finished_is_deleted() {
        let directory = TempDir::new().unwrap();
        let of_others = directory.path().join("early-vip.wasm");
        let unfinished = directory.path().join(".unfinished-x");
        for path in [&of_others, &unfinished] {
            fs::write(path, b"one").unwrap();
        }
        let shelf = Shelf::open(directory.path().to_owned()).unwrap();
        shelf.retain(|_| false).unwrap();
        assert!(of_others.exists() && !unfinished.exists());
    }

    #[test]
    fn a_component_that_was_garbled_is_none() {
        let directory = TempDir::new().unwrap();
        let shelf = Shelf::open(directory.path().join("kept")).unwrap();
        let digest = digest_of(b"one");
        shelf.put(&digest, b"one").unwrap();
        fs::write(shelf.path(&digest), b"two").unwrap();
        assert_eq!(
            shelf.get(&digest).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
        shelf.put(&digest, b"one").unwrap();
        assert_eq!(shelf.get(&digest).unwrap(), b"one");
    }
}
