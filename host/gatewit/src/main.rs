//! The `gatewit` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    gatewit::cli::run()
}
