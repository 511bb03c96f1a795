//! The command line. `gatewit-api.md` §11.

use std::ffi::OsStr;
use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::parser::ValueSource;
use clap::{Arg, CommandFactory, FromArgMatches, Parser, Subcommand};
use gatewit_engine::{CPU_SECONDS_MAX, compile_stdin};
use tokio::runtime::Builder;

use crate::archive::{ExportArguments, ImportArguments, export, import};
use crate::check_config::{CheckConfigArguments, check_config};
use crate::config::{Environment, folder_of};
use crate::directories::{CacheDirectory, DataDirectory, Directories, PluginDirectory};
use crate::http;
use crate::http::{AllowedHosts, CorsOrigins, GUESS_LIMIT, PublicUrl, TrustedProxies};
use crate::log::{LogFormat, log_to_stderr};
use crate::oidc::OidcSettings;
use crate::plan::{ConfigFiles, OPERATORS};
use crate::serve::{ServeSettings, serve};
use crate::signer::MasterKey;

mod bench;
mod explain;
mod plugin;
mod replay;

use bench::{BenchArguments, bench, serve_hello};
use explain::{ExplainArguments, explain};
use plugin::{PluginCommand, plugin};
use replay::{ReplayArguments, replay};

/// Two, because a worker that reads the store may block for a moment while sled applies a batch.
const WORKERS_PER_CORE: usize = 2;
/// How long to wait for cancelled work to notice.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

/// A check-in server whose ticketing backends and door rules are WebAssembly components.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How the log on stderr is written.
    #[arg(long, env = "GATEWIT_LOG_FORMAT", global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the check-in API.
    Serve(Box<ServeArguments>),
    /// Check the configuration, and print what it would change in a data directory.
    CheckConfig(CheckConfigArguments),
    /// Look into components, for those who write and those who run them.
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Say when and where a ticket is let in, and why not now.
    Explain(ExplainArguments),
    /// Decide a recorded scan again. The status is 0 if it comes out the same, 1 if not, 2 if it cannot be asked.
    Replay(ReplayArguments),
    /// Write everything in the data directory to a file, while the server is stopped.
    Export(ExportArguments),
    /// Fill an empty data directory with what was exported.
    Import(ImportArguments),
    /// Measure how fast this machine checks tickets in, and compare it with the least that the work can cost.
    Bench(BenchArguments),
    /// Print the OpenAPI description of the HTTP interface.
    Openapi,
    /// Compile the plugin on standard input, for the server that starts this.
    #[command(hide = true)]
    Compile {
        /// Where its code is kept.
        #[arg(long)]
        cache: PathBuf,
        /// How much processor time it may take, in seconds.
        #[arg(long, default_value_t = CPU_SECONDS_MAX)]
        cpu_seconds: u64,
    },
    /// The endpoints that `bench` compares scans with.
    #[command(hide = true)]
    BenchHello,
}

impl Command {
    /// The least level that is logged by default. A command that answers a question opens a data directory only in passing.
    fn log_level(&self) -> &'static str {
        match self {
            Self::Explain(_) | Self::Replay(_) | Self::Plugin(_) => "warn",
            _ => "info",
        }
    }
}

#[derive(clap::Args)]
struct ServeArguments {
    /// The event configuration; without the option, event_config.yml if it is there.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port to listen on; port 0 picks one.
    #[arg(long, env = "GATEWIT_LISTEN", default_value = "127.0.0.1:9898")]
    listen: SocketAddr,
    #[command(flatten)]
    data: DataDirectory,
    #[command(flatten)]
    plugins: PluginDirectory,
    #[command(flatten)]
    cache: CacheDirectory,
    /// How long a registration token lives.
    #[arg(
        long,
        env = "GATEWIT_REGISTRATION_TOKEN_MINUTES",
        default_value_t = 5,
        value_name = "MINUTES",
        value_parser = clap::value_parser!(u32).range(1..=60 * 24 * 7)
    )]
    registration_token_minutes: u32,
    /// How many wrong guesses per minute are answered about one registration token, order or ticket.
    #[arg(
        long,
        env = "GATEWIT_GUESS_LIMIT",
        default_value_t = GUESS_LIMIT,
        value_name = "GUESSES",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    guess_limit: u32,
    /// Comma-separated addresses and networks of the proxies whose X-Forwarded-For is trusted.
    #[arg(
        long,
        env = "GATEWIT_TRUSTED_PROXIES",
        default_value = "",
        hide_default_value = true,
        value_name = "NETWORKS"
    )]
    trusted_proxies: TrustedProxies,
    /// Address and port on which to serve /metrics to Prometheus; without it, metrics are off.
    #[arg(long, env = "GATEWIT_METRICS_LISTEN", value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
    /// Comma-separated identities (`sub`) that may do everything, besides those of the configuration.
    #[arg(
        long,
        env = "GATEWIT_OPERATORS",
        default_value = "",
        hide_default_value = true,
        value_name = "SUBS"
    )]
    operators: String,
    /// The URL at which people reach the server, such as https://tickets.example.
    #[arg(long, env = "GATEWIT_PUBLIC_URL", value_name = "URL")]
    public_url: Option<PublicUrl>,
    /// Comma-separated further hosts under which the server is known while authentication is off.
    #[arg(
        long,
        env = "GATEWIT_ALLOWED_HOSTS",
        default_value = "",
        hide_default_value = true,
        value_name = "HOSTS"
    )]
    allowed_hosts: AllowedHosts,
    /// Comma-separated web sites whose pages may send requests, such as https://desk.example.
    #[arg(
        long,
        env = "GATEWIT_CORS_ORIGINS",
        default_value = "",
        hide_default_value = true,
        value_name = "ORIGINS"
    )]
    cors_origins: CorsOrigins,
    /// Allow listening beyond loopback although authentication is off: 1.
    #[arg(long, env = "GATEWIT_ALLOW_OPEN", hide = true)]
    allow_open: Option<String>,
    /// Whether the operators were given as an option, which wins over the variable.
    #[arg(skip)]
    has_operators_option: bool,
}

/// Runs the command line to its end.
pub fn run() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return fail(&error),
    };
    log_to_stderr(cli.log_format, cli.command.log_level());
    let done = match cli.command {
        Command::Serve(arguments) => block_on(serve((*arguments).into())),
        Command::CheckConfig(arguments) => block_on(check_config(arguments)),
        Command::Explain(arguments) => block_on(explain(arguments)),
        Command::Replay(arguments) => return replay_status(block_on(replay(arguments))),
        Command::Export(arguments) => block_on(export(arguments)),
        Command::Import(arguments) => block_on(import(arguments)),
        Command::Plugin(command) => block_on(plugin(command)),
        Command::Openapi => print_openapi(),
        Command::Bench(arguments) => bench(arguments),
        Command::Compile { cache, cpu_seconds } => return compile(&cache, cpu_seconds),
        Command::BenchHello => block_on(serve_hello()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Reads the command line. For the commands that read a configuration, variables that are not set are taken from `.env`
/// beside it.
fn parse() -> anyhow::Result<Cli> {
    let cli = Cli::parse();
    let (name, config): (&[_], _) = match &cli.command {
        Command::Serve(arguments) => (&["serve"], &arguments.config),
        Command::CheckConfig(arguments) => (&["check-config"], &arguments.file),
        Command::Explain(arguments) => (&["explain"], &arguments.admin.config),
        Command::Replay(arguments) => (&["replay"], &arguments.admin.config),
        Command::Plugin(PluginCommand::Diff(arguments)) => {
            (&["plugin", "diff"], &arguments.admin.config)
        }
        _ => return Ok(cli),
    };
    let beside = Environment::load(folder_of(config.as_deref()))?;
    let command = with_defaults(Cli::command(), name, &beside);
    let matches = command.get_matches();
    let mut cli = Cli::from_arg_matches(&matches).context("cannot read the command line")?;
    if let Command::Serve(arguments) = &mut cli.command {
        let serve = matches.subcommand_matches("serve");
        let source = serve.and_then(|serve| serve.value_source("operators"));
        arguments.has_operators_option = source == Some(ValueSource::CommandLine);
    }
    Ok(cli)
}

/// Lists the variables that a server reads only at its start.
fn fixed_variables() -> Vec<String> {
    let command = Cli::command();
    let serve = command.find_subcommand("serve");
    let arguments = serve.into_iter().flat_map(|serve| serve.get_arguments());
    let variables = arguments.filter_map(|argument| argument.get_env()?.to_str());
    let fixed = variables.filter(|variable| *variable != OPERATORS);
    let others = OidcSettings::VARIABLES
        .into_iter()
        .chain([MasterKey::VARIABLE]);
    fixed.chain(others).map(str::to_owned).collect()
}

/// Lets the arguments of a subcommand default to their values in the environment.
fn with_defaults(
    command: clap::Command,
    name: &[&str],
    environment: &Environment,
) -> clap::Command {
    match name {
        [] => command.mut_args(|argument| with_default(argument, environment)),
        [first, rest @ ..] => {
            command.mut_subcommand(first, |command| with_defaults(command, rest, environment))
        }
    }
}

/// Lets an argument that is neither given nor set as a variable default to its value in the environment.
fn with_default(argument: Arg, environment: &Environment) -> Arg {
    let variable = argument.get_env().and_then(OsStr::to_str);
    let value = variable.and_then(|variable| environment.get(variable));
    match value {
        // Leaked: there are few, and they are needed until the program ends.
        Some(value) => argument.default_value(&*String::leak(value.to_owned())),
        None => argument,
    }
}

/// Says only the reason, which the server shows.
fn compile(cache: &Path, cpu_seconds: u64) -> ExitCode {
    match compile_stdin(cache, cpu_seconds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn print_openapi() -> anyhow::Result<()> {
    let printed = std::io::stdout().write_all(http::document().as_bytes());
    printed.context("cannot print the description")
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS_PER_CORE * cores)
        .enable_all()
        .build()
        .context("cannot start")?;
    let done = runtime.block_on(work);
    // Unfinished work, such as signing a large bulk for a client that has left, does not delay the exit.
    runtime.shutdown_timeout(LEFT_BEHIND);
    done
}

impl From<ServeArguments> for ServeSettings {
    fn from(arguments: ServeArguments) -> Self {
        Self {
            files: ConfigFiles {
                config: arguments.config,
                operators: arguments
                    .has_operators_option
                    .then_some(arguments.operators),
                fixed_variables: fixed_variables(),
            },
            listen: arguments.listen,
            directories: Directories {
                cache: arguments.cache.within(&arguments.data.path),
                data: arguments.data.path,
                plugins: arguments.plugins.path,
            },
            registration_token_minutes: arguments.registration_token_minutes,
            guess_limit: arguments.guess_limit,
            trusted_proxies: arguments.trusted_proxies,
            metrics_listen: arguments.metrics_listen,
            public_url: arguments.public_url,
            allowed_hosts: arguments.allowed_hosts,
            cors_origins: arguments.cors_origins,
            allow_open: arguments.allow_open.as_deref() == Some("1"),
        }
    }
}

/// Returns 0 if a scan came out the same, 1 if it did not, and 2 if it could not be asked.
fn replay_status(is_same: anyhow::Result<bool>) -> ExitCode {
    match is_same {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            fail(&error);
            ExitCode::from(2)
        }
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("gatewit: {error:#}");
    ExitCode::FAILURE
}
