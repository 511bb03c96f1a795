//! The command line. `gatewit-api.md` §11.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::serve::{ServeSettings, serve};

/// How long work that was cut off may take to notice.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

/// A check-in server whose ticketing backends and door rules are WebAssembly components.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the check-in API.
    Serve(ServeArguments),
}

#[derive(clap::Args)]
struct ServeArguments {
    /// The event configuration; without the option, event_config.yml if it is there.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port to listen on; port 0 picks one.
    #[arg(long, env = "GATEWIT_LISTEN", default_value = "127.0.0.1:9898")]
    listen: SocketAddr,
    /// The directory that holds all state.
    #[arg(long, env = "GATEWIT_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
    /// The directory of plugins, one .wasm component each.
    #[arg(
        long,
        env = "GATEWIT_PLUGINS",
        default_value = "plugins",
        value_name = "DIR"
    )]
    plugins: PathBuf,
    /// Encrypts signing keys at rest: 64 hex digits. Without it, a key is made in the data directory.
    #[arg(long, env = "GATEWIT_MASTER_KEY", hide = true, hide_env_values = true)]
    master_key: Option<String>,
    /// How long a registration token lives.
    #[arg(
        long,
        env = "GATEWIT_REGISTRATION_TOKEN_MINUTES",
        default_value_t = 5,
        value_name = "MINUTES",
        value_parser = clap::value_parser!(u32).range(1..=60 * 24 * 7)
    )]
    registration_token_minutes: u32,
    /// Allow listening beyond loopback although authentication is off: 1.
    #[arg(long, env = "GATEWIT_ALLOW_OPEN", hide = true)]
    allow_open: Option<String>,
}

/// Runs the command line to its end.
pub fn run() -> ExitCode {
    let Command::Serve(arguments) = Cli::parse().command;
    log_to_stderr();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::from(error).context("cannot start")),
    };
    let served = runtime.block_on(serve(arguments.into()));
    // Work that nobody waits for any more, a large bulk being signed, does not hold the program up.
    runtime.shutdown_timeout(LEFT_BEHIND);
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

impl From<ServeArguments> for ServeSettings {
    fn from(arguments: ServeArguments) -> Self {
        Self {
            config: arguments.config,
            listen: arguments.listen,
            data: arguments.data,
            plugins: arguments.plugins,
            master_key: arguments.master_key,
            registration_token_minutes: arguments.registration_token_minutes,
            allow_open: arguments.allow_open.as_deref() == Some("1"),
        }
    }
}

fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("gatewit: {error:#}");
    ExitCode::FAILURE
}
