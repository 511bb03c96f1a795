//! A server beside the test: the real program, which can be killed.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use serde_json::json;
use tokio::runtime::Builder;

use super::Client;
use super::log::Log;
use super::patience::{PATIENCE, until};
use super::watchdog::watch;

/// What might say which ticketing system is asked.
const OF_TICKETING: [&str; 9] = [
    "TICKETING_BACKEND",
    "TITO_TOKEN",
    "TITO_BASE_URL",
    "ACCOUNT_SLUG",
    "EVENT_SLUG",
    "PRETIX_TOKEN",
    "PRETIX_BASE_URL",
    "PRETIX_ORGANIZER_SLUG",
    "PRETIX_EVENT_SLUG",
];

/// The `gatewit` program, serving; killed when dropped.
pub struct Process {
    pub client: Client,
    pub log: Log,
    child: Child,
    stdout: BufReader<ChildStdout>,
    first_line: String,
}

/// How a program ended, and what it said.
pub struct Ended {
    /// None if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub log: String,
}

impl Process {
    /// Prepares `gatewit serve` on a free port over a data directory, with the sample configuration and our own plugins.
    pub fn command(data: &Path) -> Command {
        let mut command = Self::serve();
        command
            .arg("--config")
            .arg(super::project().join("event_config.yml"))
            .env("GATEWIT_DATA", data)
            .env("GATEWIT_PLUGINS", super::plugins());
        command
    }

    /// Prepares `gatewit serve` on a free port, and nothing else.
    pub fn serve() -> Command {
        let mut command = Self::without_settings();
        command
            .arg("serve")
            .env("GATEWIT_LISTEN", "127.0.0.1:0")
            .env("RUST_LOG", "warn");
        command
    }

    /// Prepares the program without arguments and without settings of the test's environment.
    pub fn without_settings() -> Command {
        let mut command = Command::new(program());
        for setting in [
            "MASTER_KEY",
            "ALLOW_OPEN",
            "REGISTRATION_TOKEN_MINUTES",
            "GUESS_LIMIT",
            "TRUSTED_PROXIES",
            "METRICS_LISTEN",
            "LOG_FORMAT",
            "OPERATORS",
            "PUBLIC_URL",
            "ALLOWED_HOSTS",
            "CORS_ORIGINS",
        ] {
            command.env_remove(format!("GATEWIT_{setting}"));
        }
        for setting in ["ISSUER_URL", "AUDIENCE", "ALGORITHMS"] {
            command.env_remove(format!("OIDC_{setting}"));
        }
        for variable in OF_TICKETING {
            command.env_remove(variable);
        }
        // Compiled once for all tests.
        command.env("GATEWIT_CACHE", super::target().join("program-cache"));
        command
    }

    /// Runs a prepared command to its end.
    pub fn finish(command: Command) -> Ended {
        Self::begin(command).wait()
    }

    /// The same command, which cannot make any file larger than this: beyond, a write fails as it does on a full disk.
    pub fn with_file_limit(command: &Command, bytes: u64) -> Command {
        // The unit of `ulimit -f` is 512 bytes. A signal that is ignored stays so for the program executed.
        let blocks = bytes / 512;
        Self::within(
            command,
            &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""),
        )
    }

    /// The same command, executed by a shell script as `"$@"`.
    pub fn within(command: &Command, script: &str) -> Command {
        let mut limited = Command::new("sh");
        limited.args(["-c", script, "sh"]);
        limited.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => limited.env(name, value),
                None => limited.env_remove(name),
            };
        }
        limited
    }

    /// Starts a server over a data directory and waits until it serves.
    #[track_caller]
    pub fn start(data: &Path) -> Self {
        Self::spawn(Self::command(data))
    }

    /// Starts a prepared command and waits until it serves.
    #[track_caller]
    pub fn spawn(command: Command) -> Self {
        let mut process = Self::begin(command);
        let line = process.first_line.trim();
        let Some(base) = line.strip_prefix("listening on ") else {
            panic!(
                "the server did not start: {line:?}\n{}",
                process.log.whole()
            );
        };
        process.client = Client::new(base);
        process
    }

    /// Waits until the plugins are loaded, and the declared events set up.
    pub fn wait_until_set_up(&self) {
        let client = Client::new(self.client.base());
        let is_set_up = async || {
            let ready = client.get("/healthcheck/ready").await.body;
            let is_left = ready["plugins"]["loading"] != json!([]);
            (!is_left && ready["events"]["settingUp"] == 0).then_some(())
        };
        let wait = || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("there are files for a runtime");
            runtime.block_on(until("the server is set up", is_set_up));
        };
        // A thread that runs asynchronous tests cannot block on another.
        thread::scope(|scope| scope.spawn(wait).join()).expect("it is set up in time");
    }

    /// Runs a command that must fail to serve, and tells what it says on stderr.
    #[track_caller]
    pub fn refuse(command: Command) -> String {
        let process = Self::begin(command);
        let line = &process.first_line;
        assert_eq!(line, "", "the server started");
        let ended = process.wait();
        assert_ne!(ended.code, Some(0), "{}", ended.log);
        ended.log
    }

    /// Runs another of the program's commands over a data directory to its end: `export`, say, with its arguments.
    pub fn run(name: &str, data: &Path, arguments: &[&Path]) -> Ended {
        let mut command = Command::new(program());
        command.arg(name).args(arguments).env("GATEWIT_DATA", data);
        Self::begin(command).wait()
    }

    /// Starts a program and reads the first line it prints: none if it ends before.
    fn begin(mut command: Command) -> Self {
        watch();
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let log = Log::of(child.stderr.take().expect("stderr is piped"));
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut first_line = String::new();
        let read = in_time(&mut child, |_| stdout.read_line(&mut first_line));
        read.expect("stdout can be read");
        Self {
            client: Client::new(""),
            log,
            child,
            stdout,
            first_line,
        }
    }

    /// How much memory the program takes.
    pub fn resident_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("a running program has a status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kib.expect("the status tells the memory") / 1024
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(status.expect("kill runs").success());
    }

    /// Stops the server where it stands, and waits until none of its threads runs: it writes nothing any more.
    pub fn freeze(&self) {
        self.signal("STOP");
        let stopped = waitid(
            WaitId::Pid(Pid::from_child(&self.child)),
            WaitIdOptions::STOPPED,
        );
        stopped.expect("a child that was signalled stops");
    }

    /// Waits until the program has ended.
    pub fn wait(mut self) -> Ended {
        let mut stdout = std::mem::take(&mut self.first_line);
        let rest = &mut self.stdout;
        let status = in_time(&mut self.child, |child| {
            rest.read_to_string(&mut stdout)?;
            child.wait()
        });
        let status = status.expect("the child can be waited for");
        Ended {
            code: status.code(),
            stdout,
            log: self.log.whole(),
        }
    }

    /// Kills the server as a power cut would, and waits until it is gone.
    pub fn kill(self) -> Ended {
        self.signal("KILL");
        self.wait()
    }

    /// Asks the server to stop, which it must do well.
    #[track_caller]
    pub fn stop(self) -> Ended {
        self.signal("TERM");
        let ended = self.wait();
        assert_eq!(ended.code, Some(0), "{}", ended.log);
        ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already gone is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log.so_far());
        }
    }
}

/// Waits for a program, which is killed if it takes too long.
fn in_time<T>(child: &mut Child, wait: impl FnOnce(&mut Child) -> T) -> T {
    let pid = Pid::from_child(child);
    let (ended, end) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        if end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            // Already gone is fine.
            let _ = kill_process(pid, Signal::KILL);
        }
    });
    let outcome = wait(child);
    drop(ended);
    watch.join().expect("the watch ends");
    outcome
}

/// The `gatewit` program, which lies beside the test's own folder.
pub fn program() -> PathBuf {
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
