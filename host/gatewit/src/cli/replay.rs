//! `gatewit replay`: decides a recorded scan again.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

use crate::admin::{Admin, AdminArguments, encoded};

#[derive(clap::Args)]
pub struct ReplayArguments {
    /// The id of the scan: the `checkInId` of its answer.
    scan: String,
    /// Print JSON instead of lines.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub admin: AdminArguments,
}

/// What is printed of an answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Replayed {
    check_in_id: String,
    at: String,
    recorded: Decided,
    again: Option<Decided>,
    same: bool,
    differs: Vec<FactChange>,
    today: Decided,
    changed_since: Vec<FactChange>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Decided {
    reason: Option<String>,
    day_name: Option<String>,
}

#[derive(Deserialize)]
struct FactChange {
    fact: String,
    then: String,
    now: String,
}

/// Decides a scan again and prints how it comes out; returns whether it is the same.
pub async fn replay(arguments: ReplayArguments) -> anyhow::Result<bool> {
    let admin = Admin::reach(&arguments.admin).await?;
    let scan = encoded(&arguments.scan);
    let answer = admin.get(&format!("/api/v1/scans/{scan}/replay")).await?;
    let replayed = Replayed::deserialize(&answer.data).context("the answer has another form")?;
    let printed = match arguments.json {
        true => format!("{:#}\n", Value::clone(&answer.data)),
        false => replayed.lines()?,
    };
    let written = std::io::stdout().write_all(printed.as_bytes());
    written.context("cannot print the answer")?;
    Ok(replayed.same)
}

impl Replayed {
    fn lines(&self) -> Result<String, std::fmt::Error> {
        let mut lines = String::new();
        let recorded = self.recorded.words();
        writeln!(
            lines,
            "Scan {} of {}: {recorded}.",
            self.check_in_id, self.at
        )?;
        match &self.again {
            Some(again) if self.same => {
                let again = again.words();
                writeln!(
                    lines,
                    "Decided again from what was recorded: {again}. The same."
                )?;
            }
            Some(again) => {
                let again = again.words();
                writeln!(
                    lines,
                    "Decided again from what was recorded: {again}. NOT the same."
                )?;
            }
            None => writeln!(
                lines,
                "It cannot be decided again: what was recorded is not all there."
            )?,
        }
        list(&mut lines, "Recorded otherwise than stored:", &self.differs)?;
        if self.today != self.recorded {
            let today = self.today.words();
            writeln!(lines, "With what holds today it would be: {today}.")?;
        }
        list(&mut lines, "Changed since the scan:", &self.changed_since)?;
        Ok(lines)
    }
}

fn list(lines: &mut String, title: &str, changes: &[FactChange]) -> std::fmt::Result {
    if !changes.is_empty() {
        writeln!(lines, "{title}")?;
    }
    changes.iter().try_for_each(|change| {
        let FactChange { fact, then, now } = change;
        writeln!(lines, "  {fact}: {then} then; {now} now")
    })
}

impl Decided {
    fn words(&self) -> String {
        let verdict = match &self.reason {
            None => "let in".to_owned(),
            Some(reason) => format!("refused ({reason})"),
        };
        match &self.day_name {
            Some(day) => format!("{verdict} on {day}"),
            None => verdict,
        }
    }
}
