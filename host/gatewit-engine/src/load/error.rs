//! Why a file does not serve.

use std::io;

use gatewit_domain::plugin::CallError;

use crate::errors::LinkError;
use crate::load::format::OtherFormat;
use crate::load::world::WorldError;

/// Why a file cannot be loaded as a plugin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("cannot read the file: {0}")]
    Unreadable(io::Error),
    #[error("it is not a file")]
    NotAFile,
    #[error("the file is larger than {mebibytes_max} MiB")]
    TooLarge { mebibytes_max: u64 },
    #[error(
        "a plugin is named in lower-case letters and digits, words joined by \"-\", such as early-vip.wasm"
    )]
    Name,
    #[error(transparent)]
    Format(#[from] OtherFormat),
    /// The text is the compiler's.
    #[error("it is cut short, invalid or too large to compile: {0}")]
    NotCompiled(String),
    #[error(transparent)]
    World(#[from] WorldError),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("it does not describe itself: {0}")]
    Undescribed(CallError),
    /// The host cannot ask a backend for its description.
    #[error("it does not describe itself: cannot start a runtime: {0}")]
    NoRuntime(io::Error),
}
