//! Finds a compiler for WebAssembly: the present one if it has the target, else one from rustup or Debian.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::workspace::Workspace;
use crate::{debian, shell};

pub const TARGET: &str = "wasm32-unknown-unknown";

/// If rustup cannot reach its server, it retries for minutes. On a very slow line, run it once by hand.
const RUSTUP_LIMIT: Duration = Duration::from_secs(180);

/// Debian's own Rust, with the source of the standard library, which is compiled for the target when it is needed.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-19"];

const HELP: &str = "\
no Rust compiler here can build for WebAssembly, and none could be installed. Either
  rustup target add wasm32-unknown-unknown
or, on Debian,
  apt-get install rustc-web cargo-web rust-web-src lld-19
makes it so";

/// The compiler of guests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toolchain {
    /// The compiler of everything else, which has the target too.
    Own,
    /// Debian's packages, besides other installed compilers.
    Debian,
}

impl Toolchain {
    /// Finds a compiler, or installs one. It uses the network only then.
    pub fn find() -> Result<Self> {
        if has_target() {
            return Ok(Toolchain::Own);
        }
        if debian::has(&DEBIAN_PACKAGES) {
            return Ok(Toolchain::Debian);
        }
        shell::step("a compiler for WebAssembly");
        match add_with_rustup() {
            Ok(()) if has_target() => return Ok(Toolchain::Own),
            Ok(()) => {
                eprintln!("rustup added {TARGET}, but to another toolchain than the one in use")
            }
            Err(err) => eprintln!("{err:#}"),
        }
        match debian::install(&DEBIAN_PACKAGES) {
            Ok(()) => Ok(Toolchain::Debian),
            Err(err) => bail!("{err:#}\n{HELP}"),
        }
    }

    /// The command that builds these packages for WebAssembly into `target/guests`, which no other compiler uses.
    pub fn build(self, workspace: &Workspace, packages: &[String]) -> Command {
        let mut cargo = match self {
            Toolchain::Own => workspace.cargo(),
            Toolchain::Debian => debian_cargo(workspace),
        };
        // The user's flags are for this machine's own code.
        cargo
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        cargo.args([
            "build",
            "--profile",
            "guest",
            "--target",
            TARGET,
            "--target-dir",
        ]);
        cargo.arg(workspace.target.join("guests"));
        cargo.arg("--config").arg(format!(
            "target.{TARGET}.rustflags={:?}",
            remapped(workspace)
        ));
        if self == Toolchain::Debian {
            cargo.arg("-Zbuild-std=std,panic_abort");
        }
        for package in packages {
            cargo.args(["--package", package]);
        }
        cargo
    }
}

/// Removes this machine's paths from the component, so that the same source has the same digest everywhere.
fn remapped(workspace: &Workspace) -> Vec<String> {
    let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let prefixes = [
        (Some(workspace.root.clone()), "/gatewit"),
        (cargo_home, "/cargo"),
    ];
    let prefixes = prefixes
        .into_iter()
        .filter_map(|(from, to)| Some((from?, to)));
    prefixes
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .collect()
}

fn debian_cargo(workspace: &Workspace) -> Command {
    let mut cargo = Command::new("/usr/bin/cargo");
    cargo.current_dir(&workspace.root);
    cargo.env("RUSTC", "/usr/bin/rustc");
    cargo.env("RUSTC_BOOTSTRAP", "1");
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-19");
    cargo
}

fn has_target() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    shell::ask(Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]))
        .is_some_and(|folder| Path::new(&folder).is_dir())
}

fn add_with_rustup() -> Result<()> {
    if !shell::has("rustup") {
        bail!("there is no rustup here");
    }
    shell::run_within(
        Command::new("rustup").args(["target", "add", TARGET]),
        RUSTUP_LIMIT,
    )
}
