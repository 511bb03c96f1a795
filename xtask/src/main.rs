//! `cargo xtask serve | test | plugins`: from a checkout on a fresh machine to a running, tested server.
//!
//! It installs missing tools, builds what has changed, and prints every command before it runs.

#![forbid(unsafe_code)]

mod components;
mod debian;
mod peers;
mod shell;
mod toolchain;
mod workspace;

use std::env::{self, consts};
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use components::Group;
use toolchain::Toolchain;
use workspace::Workspace;

/// The programs that the walkthrough calls; it is a test too.
const WALKTHROUGH_TOOLS: [&str; 3] = ["curl", "jq", "openssl"];

const USAGE: &str = "\
Usage: cargo xtask <command>

  serve [args]     builds the plugins and the server, and runs `gatewit serve` with these arguments besides
  test [args]      builds the plugins, the tests' guests and the server, and runs `cargo test --workspace [args]`
  plugins          builds the plugins and the tests' guests into target/plugins and target/test-guests";

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let command = args
        .next()
        .and_then(|command| command.into_string().ok())
        .unwrap_or_default();
    let rest: Vec<OsString> = args.collect();
    let outcome = Workspace::find().and_then(|workspace| match command.as_str() {
        "serve" => serve(&workspace, &rest),
        "test" => test(&workspace, &rest),
        "plugins" if rest.is_empty() => plugins(&workspace),
        _ => bail!("{USAGE}"),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("{err:#}");
            ExitCode::FAILURE
        }
    }
}

fn plugins(workspace: &Workspace) -> Result<()> {
    let toolchain = Toolchain::find()?;
    components::build(workspace, &toolchain, Group::Plugins)?;
    components::build(workspace, &toolchain, Group::TestGuests)?;
    shell::step("gatewit-decision, which scanners without a network use too");
    shell::run(&mut toolchain.build(workspace, &["gatewit-decision".to_owned()]))
}

fn serve(workspace: &Workspace, args: &[OsString]) -> Result<()> {
    components::build(workspace, &Toolchain::find()?, Group::Plugins)?;
    shell::step("the server");
    workspace.build(&["--bin", "gatewit"])?;
    let program = workspace
        .target
        .join("debug")
        .join(format!("gatewit{}", consts::EXE_SUFFIX));
    let plugins = workspace.target.join("plugins");
    let mut server = Command::new(program);
    server.current_dir(&workspace.root).arg("serve");
    for (option, value) in [
        ("--config", Path::new("event_config.yml")),
        ("--plugins", &plugins),
    ] {
        if !gives(args, option) {
            server.arg(option).arg(value);
        }
    }
    shell::step("serving");
    shell::replace(server.args(args))
}

fn test(workspace: &Workspace, args: &[OsString]) -> Result<()> {
    for tool in WALKTHROUGH_TOOLS {
        debian::ensure(tool, tool)?;
    }
    peers::ensure(workspace);
    plugins(workspace)?;
    shell::step("the server and the tests");
    workspace.build(&["--all-targets"])?;
    shell::step("testing");
    shell::run(workspace.cargo().args(["test", "--workspace"]).args(args))
}

/// Whether the user gave this option, as `--option value` or `--option=value`.
fn gives(args: &[OsString], option: &str) -> bool {
    args.iter()
        .filter_map(|arg| arg.to_str())
        .any(|arg| arg.split('=').next() == Some(option))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_in_both_spellings() {
        let args = ["--config=other.yml", "--listen", "127.0.0.1:0"].map(OsString::from);
        assert!(gives(&args, "--config"));
        assert!(gives(&args, "--listen"));
        assert!(!gives(&args, "--plugins"));
    }
}
