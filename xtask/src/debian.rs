//! Finds and installs packages of Debian and its derivatives.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell;

/// Installs a tool's package, if the tool is missing.
pub fn ensure(tool: &str, package: &str) -> Result<()> {
    if shell::has(tool) {
        return Ok(());
    }
    install(&[package]).with_context(|| format!("`{tool}` is missing, and could not be installed"))
}

/// Whether all these packages are installed. Does not use the network.
pub fn has(packages: &[&str]) -> bool {
    let mut query = Command::new("dpkg-query");
    query
        .args(["--show", "--showformat", "${db:Status-Status}\n"])
        .args(packages);
    shell::ask(&mut query).is_some_and(|answer| answer.lines().all(|status| status == "installed"))
}

/// Installs packages. Refreshes the package lists if a package is not in them.
pub fn install(packages: &[&str]) -> Result<()> {
    if !shell::has("apt-get") {
        bail!("there is no apt-get here");
    }
    if shell::run(apt()?.args(["install", "--yes"]).args(packages)).is_ok() {
        return Ok(());
    }
    shell::run(apt()?.arg("update"))?;
    shell::run(apt()?.args(["install", "--yes"]).args(packages))
}

/// `apt-get` with the necessary rights.
fn apt() -> Result<Command> {
    let is_root = shell::ask(Command::new("id").arg("-u")).as_deref() == Some("0");
    if is_root {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        return Ok(apt);
    }
    if !shell::has("sudo") {
        bail!("installing packages takes root or sudo");
    }
    let mut apt = Command::new("sudo");
    apt.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    Ok(apt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_does_not_exist_is_not_installed() {
        assert!(!has(&["gatewit-no-such-package"]));
    }
}
