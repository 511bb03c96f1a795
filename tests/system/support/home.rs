//! A place for a server of its own: configuration, plugins and data.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{Ended, Process};

/// A directory with `event_config.yml`, which says nothing, the plugin `hours-before` in `plugins`, and no `data` yet.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        let home = Self(TempDir::new().expect("there is room for a test's data"));
        fs::create_dir(home.path("plugins")).expect("a directory can be made");
        home.install(&super::plugins(), "hours-before");
        home.configure("");
        home
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Copies a component of a folder into `plugins`.
    pub fn install(&self, from: &Path, plugin: &str) {
        let file = format!("{plugin}.wasm");
        let copied = fs::copy(from.join(&file), self.path("plugins").join(&file));
        copied.expect("the components are built");
    }

    /// Writes `event_config.yml`.
    pub fn configure(&self, text: &str) {
        let written = fs::write(self.path("event_config.yml"), text);
        written.expect("a file can be written");
    }

    /// Prepares the server, which finds its configuration where it is started.
    pub fn command(&self) -> Command {
        let mut command = Process::serve();
        command
            .current_dir(self.0.path())
            .env("GATEWIT_DATA", self.path("data"))
            .env("GATEWIT_PLUGINS", self.path("plugins"));
        command
    }

    /// Runs another of the program's commands here to its end: `["replay", id]`, say.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = Process::without_settings();
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("GATEWIT_DATA", self.path("data"))
            .env("GATEWIT_PLUGINS", self.path("plugins"))
            .env_remove("RUST_LOG");
        Process::finish(command)
    }

    /// Prepares the server with a variable set.
    pub fn command_with(&self, variable: &str, value: impl AsRef<OsStr>) -> Command {
        let mut command = self.command();
        command.env(variable, value);
        command
    }

    /// Starts the server, and waits until its plugins are loaded and its declared events set up.
    #[track_caller]
    pub fn start(&self) -> Process {
        let process = Process::spawn(self.command());
        process.wait_until_set_up();
        process
    }

    /// Checks that the server does not start and says this, and tells all that it says.
    #[track_caller]
    pub fn check_refused(&self, command: Command, words: &[&str]) -> String {
        let said = Process::refuse(command);
        for words in words {
            assert!(said.contains(words), "{words:?} is missing: {said}");
        }
        said
    }
}
