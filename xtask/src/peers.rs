//! Installs the programs that the tests check the server with: a browser, schemathesis and an identity provider. If one
//! cannot be installed, its tests are skipped.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{debian, shell};

/// Checks a running server against its own description.
const SCHEMATHESIS: &str = "4.32.5";

/// Installs missing programs. If that fails, it only prints so, since nothing but their own tests needs them.
pub fn ensure(workspace: &Workspace) {
    let browser = debian::ensure("chromium", "chromium");
    for outcome in [browser, schemathesis(workspace), oidc_provider(workspace)] {
        if let Err(err) = outcome {
            eprintln!("{err:#}; the tests that need it are skipped");
        }
    }
}

/// Installs schemathesis into `target/schemathesis`, a Python environment of its own.
fn schemathesis(workspace: &Workspace) -> Result<()> {
    let folder = workspace.target.join("schemathesis");
    let version = shell::ask(Command::new(folder.join("bin/schemathesis")).arg("--version"));
    if version.is_some_and(|version| version.ends_with(SCHEMATHESIS)) {
        return Ok(());
    }
    shell::step("schemathesis");
    let environment = || shell::run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
    if environment().is_err() {
        debian::install(&["python3", "python3-venv"])?;
        environment()?;
    }
    let mut install = Command::new(folder.join("bin/pip"));
    shell::run(install.args([
        "install",
        "--quiet",
        &format!("schemathesis=={SCHEMATHESIS}"),
    ]))
}

/// Installs oidc-provider into `target/oidc-provider`: exactly the packages that its lock file names.
fn oidc_provider(workspace: &Workspace) -> Result<()> {
    let wanted = workspace.root.join("tests/peers/oidc-provider");
    let folder = workspace.target.join("oidc-provider");
    let lock = "package-lock.json";
    let is_installed = folder.join("node_modules/oidc-provider").is_dir();
    if is_installed && fs::read(wanted.join(lock))? == fs::read(folder.join(lock))? {
        return Ok(());
    }
    shell::step("oidc-provider");
    debian::ensure("npm", "npm")?;
    fs::create_dir_all(&folder)?;
    for file in ["package.json", lock] {
        fs::copy(wanted.join(file), folder.join(file))?;
    }
    let mut install = Command::new("npm");
    install.arg("ci").arg("--prefix").arg(&folder);
    shell::run(install.args(["--ignore-scripts", "--no-audit", "--no-fund"]))
}
