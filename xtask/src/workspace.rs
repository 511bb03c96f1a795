//! The checkout, and cargo in it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell;

/// The checkout and the directory that cargo builds into.
pub struct Workspace {
    pub root: PathBuf,
    pub target: PathBuf,
}

impl Workspace {
    pub fn find() -> Result<Self> {
        let package = env::var_os("CARGO_MANIFEST_DIR").context("run this as `cargo xtask`")?;
        let root = Path::new(&package)
            .parent()
            .context("xtask is in no workspace")?
            .to_owned();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(target) => std::path::absolute(target)?,
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The user's cargo, in the root of the workspace.
    pub fn cargo(&self) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root);
        if env::var_os("CARGO_TARGET_DIR").is_some() {
            // A relative path is relative to the user's directory.
            cargo.env("CARGO_TARGET_DIR", &self.target);
        }
        cargo
    }

    /// Builds targets of the whole workspace, so that each dependency is built only once, with one set of features.
    pub fn build(&self, targets: &[&str]) -> Result<()> {
        shell::run(self.cargo().args(["build", "--workspace"]).args(targets))
    }
}
