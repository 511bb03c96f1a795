//! Writes files that a crash leaves complete or absent, never cut short.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

/// A file that appears under its name once it is complete and on disk.
///
/// Until it is [finished](Self::finish), its contents are in a draft beside it, whose name ends in `.part`. A draft that
/// is dropped is removed; one that a crash left behind is replaced by the next.
#[derive(Debug)]
pub struct DurableFile {
    path: PathBuf,
    draft: NamedTempFile,
}

impl DurableFile {
    /// Begins a file for its user alone.
    pub fn create(path: &Path) -> io::Result<Self> {
        Self::create_with(path, Permissions::from_mode(0o600))
    }

    /// Begins a file with these permissions, less those that the process's umask takes away.
    pub(crate) fn create_with(path: &Path, permissions: Permissions) -> io::Result<Self> {
        let mut draft = path.file_name().unwrap_or_default().to_owned();
        draft.push(".part");
        let draft = directory(path).join(draft);
        match fs::remove_file(&draft) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
            _ => {}
        }
        let mut options = File::options();
        let options = options.write(true).create_new(true);
        let file = options.mode(permissions.mode()).open(&draft)?;
        Ok(Self {
            path: path.to_owned(),
            draft: NamedTempFile::from_parts(file, TempPath::try_from_path(draft)?),
        })
    }

    /// Moves the file to its name, replacing any file there. Both contents and name are on disk when it returns.
    pub fn finish(self) -> io::Result<()> {
        self.draft.as_file().sync_all()?;
        self.draft.persist(&self.path).map_err(|err| err.error)?;
        // A name is durable once its directory is synced.
        File::open(directory(&self.path))?.sync_all()
    }
}

impl Write for DurableFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.draft.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.draft.as_file_mut().flush()
    }
}

fn directory(path: &Path) -> &Path {
    let directory = path.parent();
    let directory = directory.filter(|directory| *directory != Path::new(""));
    directory.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_complete_and_for_its_user_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        fs::write(&path, "old").unwrap();
        fs::write(home.path().join("key.part"), "left by a crash").unwrap();
        let mut file = DurableFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        file.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!home.path().join("key.part").exists());
    }

    #[test]
    fn a_file_given_up_leaves_nothing_behind() {
        let home = tempfile::tempdir().unwrap();
        drop(DurableFile::create(&home.path().join("key")).unwrap());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
