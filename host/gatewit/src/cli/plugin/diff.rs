//! `gatewit plugin diff`: what would change if a component served.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use gatewit_engine::{digest_of, plugin_name};
use serde::Deserialize;

use crate::admin::{Admin, AdminArguments, encoded};

#[derive(clap::Args)]
pub struct DiffArguments {
    /// The name of the plugin, to compare with what serves; or the file of one of its last three components.
    old: PathBuf,
    /// The new component.
    new: PathBuf,
    /// The id or slug of the one event to look at; without it, every event that uses the plugin.
    #[arg(long)]
    event: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub admin: AdminArguments,
}

/// What is printed of an answer.
#[derive(Deserialize)]
struct Diff {
    from: Option<String>,
    digest: String,
    windows: Vec<WindowsDiff>,
    untold: usize,
    same: usize,
    unasked: usize,
    scans: ScansDiff,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WindowsDiff {
    slug: String,
    ticket_type: String,
    attributes: Vec<String>,
    from: Option<Answer>,
    to: Answer,
}

#[derive(Deserialize)]
struct Answer {
    windows: Option<Vec<Window>>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Window {
    day_name: String,
    opens: String,
    closes: String,
}

#[derive(Deserialize)]
struct ScansDiff {
    decided: usize,
    undecided: usize,
    complete: bool,
    changes: Vec<VerdictChange>,
    first: Vec<ScanDiff>,
}

#[derive(Deserialize)]
struct VerdictChange {
    from: String,
    to: String,
    count: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScanDiff {
    check_in_id: String,
    at: String,
    from: String,
    to: String,
}

/// Has a component tried, and prints what would change.
pub async fn diff(arguments: DiffArguments) -> anyhow::Result<()> {
    let component = read(&arguments.new)?;
    let path = path(&arguments)?;
    let admin = Admin::reach(&arguments.admin).await?;
    let answer = admin.put_component(&path, component).await?;
    let printed = match arguments.json {
        true => format!("{:#}\n", answer.data),
        false => Diff::deserialize(&answer.data)
            .context("the answer has another form")?
            .lines()?,
    };
    let written = std::io::stdout().write_all(printed.as_bytes());
    written.context("cannot print the answer")?;
    if answer.data["from"].is_null() {
        let name = plugin_name(&arguments.old);
        bail!("there was nothing to compare with: nothing serves as plugin {name:?}");
    }
    Ok(())
}

fn path(arguments: &DiffArguments) -> anyhow::Result<String> {
    let DiffArguments { old, event, .. } = arguments;
    let mut path = format!(
        "/api/v1/plugins/{}?dry-run=true",
        encoded(&plugin_name(old))
    );
    let is_path = old.components().count() > 1 || old.extension().is_some();
    if is_path || old.is_file() {
        write!(path, "&against={}", digest_of(&read(old)?))?;
    }
    if let Some(event) = event {
        write!(path, "&event={}", encoded(event))?;
    }
    Ok(path)
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

impl Diff {
    fn lines(&self) -> Result<String, std::fmt::Error> {
        let mut lines = String::new();
        let from = self.from.as_deref().unwrap_or("nothing");
        writeln!(lines, "from {from}\nto   {}", self.digest)?;
        for change in &self.windows {
            change.write(&mut lines)?;
        }
        let (same, unasked) = (self.same, self.unasked);
        if self.untold > 0 {
            writeln!(lines, "and {} more that differ", self.untold)?;
        }
        writeln!(
            lines,
            "the same windows for {} more",
            counted(same, "kind of holders", "kinds of holders")
        )?;
        if unasked > 0 {
            writeln!(lines, "no time was left to ask about {unasked} others")?;
        }
        self.scans.write(&mut lines)?;
        Ok(lines)
    }
}

impl WindowsDiff {
    fn write(&self, lines: &mut String) -> std::fmt::Result {
        let kind = match self.ticket_type.as_str() {
            "" => "no ticket type".to_owned(),
            kind => format!("ticket type {kind}"),
        };
        let attributes = match self.attributes.as_slice() {
            [] => String::new(),
            attributes => format!(" ({})", attributes.join(", ")),
        };
        writeln!(lines, "event {}, {kind}{attributes}:", self.slug)?;
        if let Some(from) = &self.from {
            from.write("-", lines)?;
        }
        self.to.write("+", lines)
    }
}

impl Answer {
    fn write(&self, sign: &str, lines: &mut String) -> std::fmt::Result {
        if let Some(error) = &self.error {
            writeln!(lines, "  {sign} fails: {error}")?;
        }
        let windows = self.windows.as_deref().unwrap_or_default();
        if windows.is_empty() && self.error.is_none() {
            writeln!(lines, "  {sign} never open")?;
        }
        windows.iter().try_for_each(|window| {
            let Window {
                day_name,
                opens,
                closes,
            } = window;
            writeln!(lines, "  {sign} {opens} to {closes}  {day_name}")
        })
    }
}

impl ScansDiff {
    fn write(&self, lines: &mut String) -> std::fmt::Result {
        let differing: usize = self.changes.iter().map(|change| change.count).sum();
        let decided = counted(self.decided, "recorded scan", "recorded scans");
        match differing {
            0 => writeln!(lines, "of {decided}, none would have come out otherwise")?,
            _ => writeln!(
                lines,
                "of {decided}, {differing} would have come out otherwise:"
            )?,
        }
        for VerdictChange { from, to, count } in &self.changes {
            writeln!(lines, "  {count} from {from} to {to}")?;
        }
        for ScanDiff {
            check_in_id,
            at,
            from,
            to,
        } in &self.first
        {
            writeln!(lines, "    {check_in_id} of {at}: {from} to {to}")?;
        }
        if self.undecided > 0 {
            writeln!(lines, "{} more could not be decided again", self.undecided)?;
        }
        match self.complete {
            true => Ok(()),
            false => writeln!(lines, "there was no time for the other scans"),
        }
    }
}

fn counted(count: usize, one: &str, several: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {several}"),
    }
}
