//! The key under which signing keys lie on disk: given by the operator, or made and kept beside the data.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;

use crate::durable;

const LENGTH: usize = 32;
/// The environment variable that gives the key as 64 hex digits.
const VARIABLE: &str = "GATEWIT_MASTER_KEY";

/// 32 secret bytes.
pub struct MasterKey {
    bytes: [u8; LENGTH],
    /// Where one belongs that was made just now.
    unkept: Option<PathBuf>,
}

/// There is no usable master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("{place} must hold 64 hex digits; make some with: openssl rand -hex 32")]
    Malformed { place: String },
    #[error("cannot use the master key file {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl MasterKey {
    /// Reads the key that the operator gave, else the one beside the data, else makes one that is [kept](Self::keep) there.
    pub fn find(given: Option<&str>, data: &Path) -> Result<Self, MasterKeyError> {
        if let Some(hex) = given {
            return parse(hex, VARIABLE);
        }
        let path = data.join("master.key");
        match std::fs::read_to_string(&path) {
            Ok(hex) => parse(hex.trim(), &path.display().to_string()),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Self::make(path),
            Err(source) => Err(MasterKeyError::File { path, source }),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn make(path: PathBuf) -> Result<Self, MasterKeyError> {
        let mut bytes = [0; LENGTH];
        match rand::fill(&mut bytes) {
            Ok(()) => Ok(Self {
                bytes,
                unkept: Some(path),
            }),
            Err(_) => Err(MasterKeyError::File {
                path,
                source: io::Error::other("no randomness"),
            }),
        }
    }

    /// Writes a key that was made just now beside the data: to be done before it seals anything, but not before it is
    /// known that nothing there is sealed with another.
    pub fn keep(&mut self) -> Result<(), MasterKeyError> {
        let Some(path) = self.unkept.take() else {
            return Ok(());
        };
        let hex: String = (self.bytes.iter())
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if let Err(source) = write_durably(&path, &hex) {
            return Err(MasterKeyError::File { path, source });
        }
        tracing::warn!(
            path = %path.display(),
            "made a master key beside the data it protects; set {VARIABLE} to keep it elsewhere"
        );
        Ok(())
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
    let mut bytes = [0; LENGTH];
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| malformed())?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| malformed())?;
    }
    Ok(MasterKey {
        bytes,
        unkept: None,
    })
}

/// Writes the whole key or nothing: it must neither be lost in a crash nor stand there cut off.
fn write_durably(path: &Path, hex: &str) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    writeln!(file, "{hex}")?;
    file.sync_all()?;
    durable::rename(&unfinished, path)
}
