//! `gatewit plugin inspect`: what a component is and what it costs.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use gatewit_domain::plugin::PluginKind;
use gatewit_engine::{
    Compiler, Engine, EngineSettings, Inspection, PluginPolicy, Serving, plugin_name,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::admin::{Admin, AdminArguments, encoded};
use crate::clock::SystemClock;
use crate::directories::PluginDirectory;

#[derive(clap::Args)]
pub struct InspectArguments {
    /// The component. Its name without .wasm is the plugin's.
    file: PathBuf,
    /// Say which events and ticket sources of this data directory use the plugin.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    plugins: PluginDirectory,
}

/// Prints what a component is; an error if it cannot serve.
pub async fn inspect(arguments: InspectArguments) -> anyhow::Result<()> {
    let InspectArguments {
        file,
        data,
        json,
        plugins,
    } = arguments;
    let component = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let name = plugin_name(&file);
    let scratch = TempDir::new().context("cannot make a directory for compiled code")?;
    let engine = engine(scratch.path())?;
    let (asked, bytes) = (name.clone(), component.into());
    let inspection = spawn_blocking(move || engine.inspect(&asked, bytes)).await;
    let inspection = inspection.context("inspecting was cut off")?;
    let used_by = match data {
        Some(data) => Some(users(AdminArguments::of(data, plugins), &name).await?),
        None => None,
    };
    let text = match json {
        true => format!("{:#}\n", as_json(&name, &inspection, used_by.as_deref())),
        false => as_text(&file, &inspection, used_by.as_deref()),
    };
    let written = std::io::stdout().write_all(text.as_bytes());
    written.context("cannot print")?;
    match inspection.serving {
        Ok(_) => Ok(()),
        Err(why) => bail!("{} cannot serve: {why}", file.display()),
    }
}

/// Names the events and ticket sources of a data directory that use a plugin.
async fn users(arguments: AdminArguments, name: &str) -> anyhow::Result<Vec<String>> {
    let admin = Admin::reach(&arguments).await?;
    let plugin = admin
        .find(&format!("/api/v1/plugins/{}", encoded(name)))
        .await?;
    let users = plugin.map(|plugin| plugin.data["usedBy"].clone());
    let users = users.map(serde_json::from_value).transpose();
    Ok(users
        .context("the answer has another form")?
        .unwrap_or_default())
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

fn as_text(file: &Path, inspection: &Inspection, used_by: Option<&[String]>) -> String {
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
    if let Some(users) = used_by {
        line("used by", &list(users));
    }
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

fn as_json(name: &str, inspection: &Inspection, used_by: Option<&[String]>) -> Value {
    let mut value = json!({
        "name": name,
        "world": inspection.kind.map(|kind| world(Some(kind))),
        "exports": inspection.exports,
        "imports": inspection.imports,
        "digest": inspection.digest,
        "usedBy": used_by,
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
