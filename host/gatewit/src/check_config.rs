//! `gatewit check-config`: reads the operator's files as a start would, and prints what they would change.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use gatewit_desk::tables::{EVENTS, slug_key};
use gatewit_desk::{
    AppliedConfig, ConfigChange, DeskError, applied_config_in, declared_slug, store_layout,
};
use gatewit_domain::event::{Event, EventChange};
use gatewit_domain::ports::{Clock, Store};
use gatewit_domain::window::StrategyName;
use gatewit_store::{OpenError, SledStore};

use crate::clock::SystemClock;
use crate::declared::{Declaration, differing};
use crate::directories::{DataDirectory, PluginDirectory};
use crate::plan::{ConfigFiles, Plan, cannot_set_up};

/// How many events are read at once.
const PAGE: usize = 1_000;

#[derive(clap::Args)]
pub struct CheckConfigArguments {
    /// The event configuration; without it, event_config.yml if it is there.
    pub file: Option<PathBuf>,
    #[command(flatten)]
    data: DataDirectory,
    #[command(flatten)]
    plugins: PluginDirectory,
}

/// What the configuration is compared with.
#[derive(Default)]
struct Before {
    applied: Option<AppliedConfig>,
    /// By `{org}/{slug}`.
    events: HashMap<String, Event>,
}

/// Checks the files and prints what they would change. Calls no plugin.
pub async fn check_config(arguments: CheckConfigArguments) -> anyhow::Result<()> {
    let files = ConfigFiles {
        config: arguments.file,
        operators: None,
        fixed_variables: Vec::new(),
    };
    let plan = files.read()?;
    plan.check_event_sources()?;
    check_strategies(&plan, &arguments.plugins.path)?;
    let data = &arguments.data.path;
    let (before, compared_with) = match open(data)? {
        Data::Store(store) => (Before::read(&*store).await?, data.display().to_string()),
        Data::None => (Before::default(), "a clean data directory".to_owned()),
        Data::InUse => (
            Before::default(),
            format!(
                "a clean data directory, since a server holds {}",
                data.display()
            ),
        ),
    };
    before.check_events(&plan)?;
    let mut report = format!("the configuration is good; compared with {compared_with}:\n");
    let changes = before.changes_to(&plan);
    for change in &changes {
        writeln!(report, "  {change}")?;
    }
    if changes.is_empty() {
        report.push_str("  nothing would change\n");
    }
    let printed = std::io::stdout().write_all(report.as_bytes());
    printed.context("cannot print what would change")
}

/// Checks that the plugin directory has the strategies that declared events name.
fn check_strategies(plan: &Plan, plugins: &Path) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(plugins)
        .with_context(|| format!("cannot read the plugin directory {plugins:?}"))?;
    let mut strategies = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if let Some(name) = stem.filter(|_| path.extension().is_some_and(|end| end == "wasm")) {
            strategies.push(StrategyName::of_plugin(name));
        }
    }
    for event in &plan.events {
        let named = event.check_in_strategy.iter();
        let mut named = named.flat_map(|strategy| strategy.names());
        if let Some(unknown) = named.find(|name| !strategies.contains(name)) {
            bail!(
                "{}: there is no plugin of the strategy {unknown} in {plugins:?}",
                cannot_set_up(event)
            );
        }
    }
    Ok(())
}

/// A data directory to compare with.
enum Data {
    Store(Box<SledStore>),
    None,
    InUse,
}

fn open(data: &Path) -> anyhow::Result<Data> {
    if !SledStore::is_in(data) {
        return Ok(Data::None);
    }
    match SledStore::open(data, store_layout(SystemClock.now())) {
        Ok(store) => Ok(Data::Store(Box::new(store))),
        Err(OpenError::InUse(_)) => Ok(Data::InUse),
        Err(error) => Err(error.into()),
    }
}

impl Before {
    async fn read(store: &dyn Store) -> Result<Self, DeskError> {
        let mut events = HashMap::new();
        let mut pages = EVENTS.pages(store, "", PAGE);
        while let Some(page) = pages.next().await? {
            for stored in page {
                let event = stored.value;
                events.insert(slug_key(&event.org_id, &event.slug), event);
            }
        }
        let applied = applied_config_in(store).await?;
        Ok(Self { applied, events })
    }

    fn event(&self, declared: &EventChange) -> Option<&Event> {
        self.events.get(&declared_slug(declared))
    }

    /// Checks the declared events against those that are stored.
    fn check_events(&self, plan: &Plan) -> anyhow::Result<()> {
        let is_stored = |event: &EventChange| self.event(event).is_some();
        let attachable = plan.attachable();
        for Declaration { change, .. } in differing(&plan.events, self.applied.as_ref(), is_stored)
        {
            let words = cannot_set_up(&change);
            let event = match self.event(&change).cloned() {
                Some(mut event) => event.apply(change).map(|()| event),
                None => Event::declare(change, "", SystemClock.now()),
            };
            let checked = event
                .map_err(DeskError::Unacceptable)
                .and_then(|event| attachable.check(&event));
            checked.context(words)?;
        }
        Ok(())
    }

    fn changes_to(&self, plan: &Plan) -> Vec<ConfigChange> {
        let nothing = AppliedConfig::default();
        let before = self.applied.as_ref().unwrap_or(&nothing);
        before.changes_to(&plan.applied_config())
    }
}
