//! `gatewit plugin`: what authors ask about their components.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Subcommand;
use gatewit_domain::plugin::PluginKind;
use gatewit_engine::{Compiler, Engine, EngineSettings, Inspection, PluginPolicy, Serving};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::clock::SystemClock;

#[derive(Subcommand)]
pub enum PluginCommand {
    /// Say what a component is, what it costs, and whether it could serve.
    Inspect(InspectArguments),
}

#[derive(clap::Args)]
pub struct InspectArguments {
    /// The component. Its name without .wasm is the plugin's.
    file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs a command about plugins.
pub fn plugin(command: PluginCommand) -> anyhow::Result<()> {
    match command {
        PluginCommand::Inspect(arguments) => inspect(&arguments),
    }
}

/// Prints what a component is; an error if it cannot serve.
fn inspect(InspectArguments { file, json }: &InspectArguments) -> anyhow::Result<()> {
    let component = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let name = plugin_name(file);
    let scratch = TempDir::new().context("cannot make a directory for compiled code")?;
    let engine = engine(scratch.path())?;
    let inspection = engine.inspect(&name, component.into());
    let text = match json {
        true => format!("{:#}\n", as_json(&name, &inspection)),
        false => as_text(file, &inspection),
    };
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("cannot print")?;
    match inspection.serving {
        Ok(_) => Ok(()),
        Err(why) => bail!("{} cannot serve: {why}", file.display()),
    }
}

/// The name of the plugin in a file.
fn plugin_name(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// An engine without plugins. It compiles as a server does: in a child process, under the same limits.
fn engine(scratch: &Path) -> anyhow::Result<Engine> {
    let cache = scratch.join("cache");
    let program = std::env::current_exe().context("cannot find this program")?;
    let arguments = vec!["compile".into(), "--cache".into(), cache.clone().into()];
    let settings = EngineSettings {
        plugins: scratch.to_owned(),
        cache,
        kept: scratch.join("components"),
        compiler: Compiler::Child(program, arguments),
        policy: PluginPolicy::default(),
    };
    Ok(Engine::open(settings, Arc::new(SystemClock))?)
}

fn world(kind: Option<PluginKind>) -> &'static str {
    match kind {
        Some(PluginKind::Strategy) => "strategy",
        Some(PluginKind::Backend) => "backend",
        None => "none of gatewit's",
    }
}

fn as_text(file: &Path, inspection: &Inspection) -> String {
    let mut text = format!("{}\n", file.display());
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<9} {value}");
    };
    let list = |names: &[String]| match names {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    };
    line("world", world(inspection.kind));
    line("exports", &list(&inspection.exports));
    line("imports", &list(&inspection.imports));
    line("digest", &inspection.digest);
    let file_size = size(inspection.file_bytes);
    let Ok(serving) = &inspection.serving else {
        line("size", &file_size);
        return text;
    };
    line("version", &serving.version);
    line("summary", &serving.summary);
    let (code_size, took) = (size(serving.code_bytes), inspection.compiled_in);
    line(
        "size",
        &format!("{file_size}; {code_size} compiled, in {took:.2?}"),
    );
    let memory = size(serving.memory_peak_bytes);
    line(
        "a call",
        &format!(
            "{:.1?} and {memory} of memory, on a fresh instance",
            serving.call
        ),
    );
    line("options", &options_schema(serving).to_string());
    text
}

fn as_json(name: &str, inspection: &Inspection) -> Value {
    let mut value = json!({
        "name": name,
        "world": inspection.kind.map(|kind| world(Some(kind))),
        "exports": inspection.exports,
        "imports": inspection.imports,
        "digest": inspection.digest,
        "fileBytes": inspection.file_bytes,
        "compiledInSeconds": inspection.compiled_in.as_secs_f64(),
        "error": inspection.serving.as_ref().err(),
    });
    if let Ok(serving) = &inspection.serving {
        value["version"] = json!(serving.version);
        value["summary"] = json!(serving.summary);
        value["optionsSchema"] = options_schema(serving);
        value["codeBytes"] = json!(serving.code_bytes);
        value["callSeconds"] = json!(serving.call.as_secs_f64());
        value["memoryPeakBytes"] = json!(serving.memory_peak_bytes);
    }
    value
}

/// The schema of its options; as text if it is no JSON.
fn options_schema(serving: &Serving) -> Value {
    let schema = serde_json::from_str(&serving.options_schema);
    schema.unwrap_or_else(|_| json!(serving.options_schema))
}

fn size(bytes: usize) -> String {
    match bytes >> 10 {
        0 => format!("{bytes} bytes"),
        kib @ 1..=10_239 => format!("{kib} KiB"),
        kib => format!("{} MiB", kib >> 10),
    }
}
