//! A server beside the test: the real program, which can be killed.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::Client;

/// The `gatewit` program, serving; killed when dropped.
pub struct Process {
    pub client: Client,
    child: Child,
}

impl Process {
    /// Prepares `gatewit serve` on a free port over a data directory, with our own plugins.
    pub fn command(data: &Path) -> Command {
        let mut command = Command::new(program());
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(super::project().join("event_config.yml"))
            .arg("--data")
            .arg(data)
            .arg("--plugins")
            .arg(super::plugins())
            .env("RUST_LOG", "warn");
        command
    }

    /// Starts a server over a data directory and waits until it serves.
    pub fn start(data: &Path) -> Self {
        Self::spawn(Self::command(data))
    }

    /// Starts a prepared command and waits until it serves.
    #[track_caller]
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("stdout can be read");
        let base = line.trim().strip_prefix("listening on ");
        let base = base.unwrap_or_else(|| panic!("the server did not start: {line:?}"));
        Self {
            client: Client::new(base),
            child,
        }
    }

    /// Runs a command that must fail to serve, and tells what it says on stderr.
    #[track_caller]
    pub fn refuse(mut command: Command) -> String {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut words = String::new();
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("stdout can be read");
        if !line.is_empty() {
            child.kill().expect("a running child can be killed");
            panic!("the server started: {line}");
        }
        let mut stderr = child.stderr.take().expect("stderr is piped");
        stderr
            .read_to_string(&mut words)
            .expect("stderr can be read");
        let status = child.wait().expect("the child can be waited for");
        assert!(!status.success(), "{words}");
        words
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(status.expect("kill runs").success());
    }

    /// Kills the server as a power cut would, and waits until it is gone.
    pub fn kill(mut self) {
        self.signal("KILL");
        self.child.wait().expect("the child can be waited for");
    }

    /// Asks the server to stop, and tells whether it exited well.
    pub fn stop(mut self) -> bool {
        self.signal("TERM");
        self.child
            .wait()
            .expect("the child can be waited for")
            .success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already gone is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The `gatewit` program, which lies beside the test's own folder.
pub fn program() -> std::path::PathBuf {
    let binary = std::env::current_exe().expect("a running test has a path");
    let folder = binary
        .ancestors()
        .nth(2)
        .expect("a test binary lies two folders deep");
    let program = folder.join("gatewit");
    assert!(
        program.is_file(),
        "run `cargo build --workspace --bin gatewit` first"
    );
    program
}
