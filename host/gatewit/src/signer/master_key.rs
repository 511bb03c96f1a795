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
pub struct MasterKey([u8; LENGTH]);

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
    /// Reads the key that the operator gave, else the one beside the data, else makes that one.
    pub fn find(given: Option<&str>, data: &Path) -> Result<Self, MasterKeyError> {
        if let Some(hex) = given {
            return parse(hex, VARIABLE);
        }
        let path = data.join("master.key");
        match std::fs::read_to_string(&path) {
            Ok(hex) => parse(hex.trim(), &path.display().to_string()),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Self::make(&path),
            Err(source) => Err(MasterKeyError::File { path, source }),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn make(path: &Path) -> Result<Self, MasterKeyError> {
        let failed = |source| MasterKeyError::File {
            path: path.to_owned(),
            source,
        };
        let mut bytes = [0; LENGTH];
        rand::fill(&mut bytes).map_err(|_| failed(io::Error::other("no randomness")))?;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        write_durably(path, &hex).map_err(failed)?;
        tracing::warn!(
            path = %path.display(),
            "made a master key beside the data it protects; set {VARIABLE} to keep it elsewhere"
        );
        Ok(Self(bytes))
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
    Ok(MasterKey(bytes))
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
