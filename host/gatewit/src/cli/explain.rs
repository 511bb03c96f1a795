//! `gatewit explain`: when and where a ticket is let in.

use std::io::Write;

use anyhow::Context;

use crate::admin::{Admin, AdminArguments, encoded};

#[derive(clap::Args)]
pub struct ExplainArguments {
    /// The id of the ticket: `ticketInstanceId`.
    ticket: String,
    /// The moment, such as 2025-12-15T09:00:00+03:00; without it, now.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The id or the name of the scan point.
    #[arg(long, value_name = "NAME")]
    scan_point: Option<String>,
    /// The id of the zone; without it, the scan point's, else the event's first.
    #[arg(long, value_name = "NAME")]
    zone: Option<String>,
    /// Print JSON instead of a sentence.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub admin: AdminArguments,
}

/// Asks about a ticket, and prints the answer.
pub async fn explain(arguments: ExplainArguments) -> anyhow::Result<()> {
    let admin = Admin::reach(&arguments.admin).await?;
    let answer = admin.get(&path(&arguments)).await?;
    let mut printed = answer.message;
    if arguments.json {
        printed = serde_json::to_string_pretty(&answer.data)?;
    }
    let written = writeln!(std::io::stdout(), "{printed}");
    written.context("cannot print the answer")
}

fn path(arguments: &ExplainArguments) -> String {
    let asked = [
        ("at", &arguments.at),
        ("scanPoint", &arguments.scan_point),
        ("zone", &arguments.zone),
    ];
    let asked = asked.iter();
    let query = asked.filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let query: Vec<_> = query
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    let ticket = encoded(&arguments.ticket);
    format!("/api/v1/tickets/{ticket}/explain?{}", query.join("&"))
}
