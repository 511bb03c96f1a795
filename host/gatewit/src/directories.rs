//! The directories of a server, and the arguments for them that several commands share.

use std::path::{Path, PathBuf};

/// Where a server's state and its plugins are.
#[derive(Clone, Debug)]
pub struct Directories {
    pub data: PathBuf,
    /// Of compiled plugins.
    pub cache: PathBuf,
    pub plugins: PathBuf,
}

#[derive(clap::Args)]
pub struct DataDirectory {
    /// The directory that holds all state.
    #[arg(
        id = "data",
        long,
        env = "GATEWIT_DATA",
        default_value = "data",
        value_name = "DIR"
    )]
    pub path: PathBuf,
}

#[derive(clap::Args)]
pub struct PluginDirectory {
    /// The directory of plugins, one .wasm component each.
    #[arg(
        id = "plugins",
        long,
        env = "GATEWIT_PLUGINS",
        default_value = "plugins",
        value_name = "DIR"
    )]
    pub path: PathBuf,
}

#[derive(Default, clap::Args)]
pub struct CacheDirectory {
    /// The directory of compiled plugins; without it, `cache` in the data directory.
    #[arg(id = "cache", long, env = "GATEWIT_CACHE", value_name = "DIR")]
    path: Option<PathBuf>,
}

impl CacheDirectory {
    /// The directory for a server with this data directory.
    pub fn within(&self, data: &Path) -> PathBuf {
        self.path.clone().unwrap_or_else(|| data.join("cache"))
    }
}
