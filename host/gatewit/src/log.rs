//! The log: on stderr, as text for people or JSON for programs, without names, e-mail addresses, tokens, keys and
//! codes.

use std::any::Any;
use std::io::IsTerminal;
use std::panic::{self, PanicHookInfo};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

mod request;
pub use request::{CurrentRequest, RequestFields, TARGET};

use request::{WithinRequest, choose_spans};

/// How log lines are written (`GATEWIT_LOG_FORMAT`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Sends all further logging to stderr, filtered by `RUST_LOG`: by default from this level on.
pub fn log_to_stderr(format: LogFormat, level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    choose_spans(&filter);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => log.map_event_format(WithinRequest).init(),
        LogFormat::Json => {
            let log = log.json().flatten_event(true).with_span_list(false);
            log.map_event_format(WithinRequest).init();
        }
    }
    panic::set_hook(Box::new(log_panic));
}

/// Logs a panic as an error within the span of the request that caused it.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string);
    let words = literal(panic.payload());
    tracing::error!(location, "the code panicked: {words}");
}

/// Returns a panic's message if it is a constant: a message formatted at run time may hold secrets.
fn literal(payload: &dyn Any) -> &str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("its words are not logged")
}
