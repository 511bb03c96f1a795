//! What the tests hold the server against: a browser, and schemathesis. Where one cannot be had, its tests are skipped.

use std::process::Command;

use anyhow::Result;

use crate::{Workspace, debian, shell};

/// Checks a running server against its own description.
const SCHEMATHESIS: &str = "4.32.5";

/// Installs what is missing; says so if it cannot be had, since nothing but its own tests needs it.
pub fn ensure(workspace: &Workspace) {
    let browser = debian::ensure("chromium", "chromium");
    for outcome in [browser, schemathesis(workspace)] {
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
