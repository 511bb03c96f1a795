//! The digest of a component, as everybody sees it.

use sha2::{Digest, Sha256};

/// Returns `sha256:` and the hex digest.
pub fn digest_of(component: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(component))
}
