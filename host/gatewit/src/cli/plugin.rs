//! `gatewit plugin`: what authors and operators ask about components.

use clap::Subcommand;

mod diff;
mod inspect;

pub use diff::DiffArguments;
use diff::diff;
pub use inspect::InspectArguments;
use inspect::inspect;

#[derive(Subcommand)]
pub enum PluginCommand {
    /// Say what a component is, what it costs, and whether it could serve.
    Inspect(InspectArguments),
    /// Say what would change if a component served: windows, and verdicts of recorded scans.
    Diff(DiffArguments),
}

/// Runs a command about plugins.
pub async fn plugin(command: PluginCommand) -> anyhow::Result<()> {
    match command {
        PluginCommand::Inspect(arguments) => inspect(arguments).await,
        PluginCommand::Diff(arguments) => diff(arguments).await,
    }
}
