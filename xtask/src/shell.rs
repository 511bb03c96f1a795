//! Runs commands, and prints each as one could type it.

use std::ffi::OsStr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

const POLL: Duration = Duration::from_millis(100);

/// Prints the current step.
pub fn step(what: &str) {
    eprintln!("==> {what}");
}

/// Runs a command to its end. Fails if the command fails.
pub fn run(command: &mut Command) -> Result<()> {
    let line = announce(command);
    let status = command
        .status()
        .with_context(|| format!("cannot run `{line}`"))?;
    ensure!(status.success(), "`{line}` failed: {status}");
    Ok(())
}

/// Runs a command for at most this long. Fails if the command fails or takes longer.
pub fn run_within(command: &mut Command, limit: Duration) -> Result<()> {
    let line = announce(command);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run `{line}`"))?;
    match wait(&mut child, limit)? {
        Some(status) => ensure!(status.success(), "`{line}` failed: {status}"),
        None => {
            child
                .kill()
                .and_then(|()| child.wait())
                .with_context(|| format!("cannot end `{line}`"))?;
            bail!("`{line}` was not done after {} s", limit.as_secs());
        }
    }
    Ok(())
}

fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let started = Instant::now();
    while started.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(POLL);
    }
    Ok(child.try_wait()?)
}

/// Runs a command quietly and returns its output, if it succeeded.
pub fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Replaces this process by the command, so that signals reach it.
#[cfg(unix)]
pub fn replace(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;

    let line = announce(command);
    Err(command.exec()).with_context(|| format!("cannot run `{line}`"))
}

/// Runs the command, on systems that cannot replace a process.
#[cfg(not(unix))]
pub fn replace(command: &mut Command) -> Result<()> {
    run(command)
}

/// Whether a program can be run.
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn announce(command: &Command) -> String {
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let variables = variables.map(|(name, value)| format!("{}={}", name.display(), quote(value)));
    let words = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(quote);
    let line: Vec<String> = variables.chain(words).collect();
    let line = line.join(" ");
    eprintln!("$ {line}");
    line
}

fn quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_./,:=+@%".contains(char);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_printed_as_it_could_be_typed() {
        let mut command = Command::new("cargo");
        command.env("RUSTFLAGS", "-C a").args(["build", "it's", ""]);
        assert_eq!(
            announce(&command),
            r"RUSTFLAGS='-C a' cargo build 'it'\''s' ''"
        );
    }

    #[test]
    fn what_never_ends_is_ended() {
        let outcome = run_within(Command::new("sleep").arg("60"), Duration::from_millis(50));
        assert_eq!(
            outcome.unwrap_err().to_string(),
            "`sleep 60` was not done after 0 s"
        );
    }

    #[test]
    fn what_fails_is_said() {
        assert_eq!(
            run(&mut Command::new("false")).unwrap_err().to_string(),
            "`false` failed: exit status: 1"
        );
        assert!(run_within(&mut Command::new("true"), Duration::from_secs(60)).is_ok());
    }
}
