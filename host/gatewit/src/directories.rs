//! Arguments for directories that several commands share.

use std::path::PathBuf;

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
