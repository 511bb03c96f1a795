//! The key under which signing keys are stored: given by the operator, or generated and kept beside the data.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use gatewit_store::DurableFile;
use zeroize::Zeroizing;

const LENGTH: usize = 32;
/// More than a file of 64 digits and some white space needs.
const FILE_MAX: usize = 4096;
/// The permission bits of everyone but the file's owner.
const OTHERS: u32 = 0o077;

/// 32 secret bytes.
pub struct MasterKey {
    bytes: Zeroizing<[u8; LENGTH]>,
    /// The path to which a newly generated key is to be written.
    unkept: Option<PathBuf>,
}

/// There is no usable master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("{place} must hold 64 hex digits; make some with: openssl rand -hex 32")]
    Malformed { place: String },
    #[error(
        "the master key file {path} may be read or changed by others (mode {mode:04o}); run: chmod 600 {path}",
        path = path.display()
    )]
    Exposed { path: PathBuf, mode: u32 },
    #[error(
        "the master key file {path} belongs to the user {owner}, who can read and change it, and the server runs as \
         {user}; run: chown {user} {path}",
        path = path.display()
    )]
    Foreign {
        path: PathBuf,
        owner: u32,
        user: u32,
    },
    #[error("cannot use the master key file {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl MasterKey {
    /// The environment variable that gives the key as 64 hex digits.
    pub const VARIABLE: &str = "GATEWIT_MASTER_KEY";

    /// Reads the key that the operator gave, else the one beside the data, else generates one that is
    /// [kept](Self::keep) there.
    pub fn find(given: Option<&str>, data: &Path) -> Result<Self, MasterKeyError> {
        if let Some(hex) = given {
            return parse(hex, Self::VARIABLE);
        }
        let path = data.join("master.key");
        match File::open(&path) {
            Ok(file) => read(file, path),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Self::make(path),
            Err(source) => Err(MasterKeyError::File { path, source }),
        }
    }

    /// Generates a key that is stored nowhere: what it seals is lost with the process. Fails if the system has no
    /// randomness.
    pub fn unkept() -> io::Result<Self> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        rand::fill(&mut *bytes).map_err(|_| io::Error::other("no randomness"))?;
        Ok(Self {
            bytes,
            unkept: None,
        })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &*self.bytes
    }

    fn make(path: PathBuf) -> Result<Self, MasterKeyError> {
        match Self::unkept() {
            Ok(key) => Ok(Self {
                unkept: Some(path),
                ..key
            }),
            Err(source) => Err(MasterKeyError::File { path, source }),
        }
    }

    /// Writes a newly generated key beside the data. Call it before the key seals anything, but after checking that
    /// nothing there is sealed with another key.
    pub fn keep(&mut self) -> Result<(), MasterKeyError> {
        let Some(path) = self.unkept.take() else {
            return Ok(());
        };
        let mut hex = Zeroizing::new(String::with_capacity(2 * LENGTH));
        for byte in self.bytes.iter() {
            hex.push_str(&format!("{byte:02x}"));
        }
        if let Err(source) = write_durably(&path, &hex) {
            return Err(MasterKeyError::File { path, source });
        }
        tracing::warn!(
            path = %path.display(),
            "made a master key beside the data it protects; set {} to keep it elsewhere",
            Self::VARIABLE
        );
        Ok(())
    }
}

/// Reads the key from its file; fails if other users can access the file.
fn read(file: File, path: PathBuf) -> Result<MasterKey, MasterKeyError> {
    let metadata = match file.metadata() {
        Ok(metadata) => metadata,
        Err(source) => return Err(MasterKeyError::File { path, source }),
    };
    let mode = metadata.mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(MasterKeyError::Exposed { path, mode });
    }
    let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != user {
        return Err(MasterKeyError::Foreign { path, owner, user });
    }
    let mut hex = Zeroizing::new(String::with_capacity(FILE_MAX));
    match file.take(FILE_MAX as u64).read_to_string(&mut hex) {
        Ok(_) => parse(hex.trim(), &path.display().to_string()),
        Err(source) => Err(MasterKeyError::File { path, source }),
    }
}

fn parse(hex: &str, place: &str) -> Result<MasterKey, MasterKeyError> {
    let malformed = || MasterKeyError::Malformed {
        place: place.to_owned(),
    };
    let is_hex = hex.len() == 2 * LENGTH && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !is_hex {
        return Err(malformed());
    }
    let mut bytes = Zeroizing::new([0; LENGTH]);
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| malformed())?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| malformed())?;
    }
    Ok(MasterKey {
        bytes,
        unkept: None,
    })
}

/// Writes the key completely or not at all: it must be neither lost nor truncated in a crash.
fn write_durably(path: &Path, hex: &str) -> io::Result<()> {
    let mut file = DurableFile::create(path)?;
    writeln!(file, "{hex}")?;
    file.finish()
}
