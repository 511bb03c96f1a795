//! A server in a process of its own, so that everything that is compared runs under the same conditions.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child as Process, Command, Stdio};
use std::time::Duration;

use anyhow::Context;

use crate::cpu;

/// The prefixes of the variables that configure a server.
const SETTINGS: [&str; 7] = [
    "GATEWIT_",
    "OIDC_",
    "TICKETING_",
    "TITO_",
    "PRETIX_",
    "ACCOUNT_SLUG",
    "EVENT_SLUG",
];

/// A server that ends when dropped.
pub struct Child {
    pub address: SocketAddr,
    process: Process,
}

impl Child {
    /// Starts `gatewit serve` with its defaults, over a new data directory.
    pub fn serve(home: &Path, plugins: &Path) -> anyhow::Result<Self> {
        let mut command = program()?;
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data",
            "data",
            "--plugins",
        ]);
        Self::start(command.arg(plugins), home, "server.log")
    }

    /// Starts the server that requests are compared with.
    pub fn hello(home: &Path) -> anyhow::Result<Self> {
        Self::start(program()?.arg("bench-hello"), home, "hello.log")
    }

    /// Starts a server in `home`, with the configuration there, if any, and waits until it listens.
    fn start(command: &mut Command, home: &Path, log: &str) -> anyhow::Result<Self> {
        let log = home.join(log);
        let mut process = command
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .context("cannot start a server")?;
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.and_then(|address| address.parse().ok());
        match (read, address) {
            (Ok(_), Some(address)) => Ok(Self { address, process }),
            _ => {
                // It may have ended already.
                let _ = process.kill();
                let _ = process.wait();
                let said = fs::read_to_string(&log).unwrap_or_default();
                anyhow::bail!("the server to measure did not start: {}", said.trim())
            }
        }
    }
}

impl Child {
    /// Returns how much CPU time it has used since it was started.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        cpu::of_process(self.process.id())
    }

    /// Returns how much memory it uses now.
    pub fn resident_bytes(&self) -> anyhow::Result<u64> {
        self.memory("VmRSS:")
    }

    /// Returns its peak memory since the peak was last reset.
    pub fn peak_bytes(&self) -> anyhow::Result<u64> {
        self.memory("VmHWM:")
    }

    pub fn forget_peak(&self) -> anyhow::Result<()> {
        let file = format!("/proc/{}/clear_refs", self.process.id());
        fs::write(file, "5").context("cannot watch the server's memory")
    }

    /// Reads a number of bytes from the process's status in `/proc`.
    fn memory(&self, line: &str) -> anyhow::Result<u64> {
        let told = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let value = told.lines().find_map(|told| told.strip_prefix(line));
        let kibibytes = value.and_then(|value| value.trim().strip_suffix(" kB"));
        let kibibytes: u64 = kibibytes.context("Linux reports no memory use")?.parse()?;
        Ok(kibibytes * 1024)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Its files are deleted with the bench's directory.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns a command for this program that inherits no settings except the log filter and the number of workers.
fn program() -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if SETTINGS.iter().any(|start| text.starts_with(start)) {
            command.env_remove(name);
        }
    }
    Ok(command)
}
