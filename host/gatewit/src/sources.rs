//! Ticket sources while the server runs: opened as configured, synced regularly, and at once when one of their files, or
//! their plugin, changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gatewit_desk::{ConfiguredSource, ConfiguredSources, Desk};
use gatewit_domain::attendees::AttendeeRules;
use gatewit_domain::plugin::{PluginKind, PluginRow};
use gatewit_domain::ports::Strategies;
use gatewit_domain::source::SourceName;
use gatewit_engine::Engine;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::config::SourcePlan;

mod open;

use open::OpenSource;

/// The sources of a server.
#[derive(Default)]
pub struct Sources(BTreeMap<SourceName, Arc<OpenSource>>);

impl Sources {
    /// Opens each source without calling its plugin; errors of the plugin are reported when the source is read.
    pub fn open(plans: Vec<SourcePlan>, engine: &Arc<Engine>) -> Self {
        Self::default().reopened(plans, engine)
    }

    /// Returns the sources of these plans: those that are here with the same plan, and others that are opened.
    pub fn reopened(&self, plans: Vec<SourcePlan>, engine: &Arc<Engine>) -> Self {
        let open = |plan| Arc::new(OpenSource::new(plan, Arc::clone(engine)));
        let sources = plans.into_iter().map(|plan| {
            let here = self
                .0
                .get(&plan.name)
                .filter(|here| here.plan == plan && !here.is_withdrawn());
            let name = plan.name.clone();
            (name, here.map_or_else(|| open(plan), Arc::clone))
        });
        Self(sources.collect())
    }

    /// Withdraws the sources that are not among others: what they do ends at once.
    pub fn withdraw_all_but(&self, others: &Self) {
        for source in self.0.values().filter(|source| !others.has(source)) {
            source.withdraw();
        }
    }

    fn has(&self, source: &Arc<OpenSource>) -> bool {
        let same = self.0.get(&source.plan.name);
        same.is_some_and(|same| Arc::ptr_eq(same, source))
    }

    pub fn names(&self) -> impl Iterator<Item = &SourceName> {
        self.0.keys()
    }

    pub fn has_name(&self, name: &SourceName) -> bool {
        self.0.contains_key(name)
    }

    /// Returns the names of the sources that are here and among others, but not with the same plan.
    pub fn changed_since<'s>(&'s self, others: &'s Self) -> impl Iterator<Item = &'s SourceName> {
        let changed = self.0.iter();
        let changed = changed.filter(|(name, source)| others.has_name(name) && !others.has(source));
        changed.map(|(name, _)| name)
    }

    /// Describes the sources to the desk.
    pub fn configured(&self) -> ConfiguredSources {
        let sources = self.0.iter();
        let configured = sources.map(|(name, source)| {
            let plan = &source.plan;
            let configured = ConfiguredSource {
                source: Arc::clone(source) as _,
                plugin: plan.plugin.clone(),
                every: plan.every,
                orgs: plan.orgs.clone(),
                rules: AttendeeRules {
                    include_activities: plan.include_activities.clone(),
                    canceled_attend: plan.counts_canceled(),
                },
                live_find: plan.live_find,
                run_limits: plan.run_limits,
            };
            (name.clone(), configured)
        });
        configured.collect()
    }

    /// Starts syncing each source, independently of the others, until it is withdrawn.
    pub fn keep_fresh(&self, desk: &Arc<Desk>, beside: &mut JoinSet<()>) {
        self.keep_fresh_but(&Self::default(), desk, beside);
    }

    /// Starts syncing each source that is not among others.
    pub fn keep_fresh_but(&self, others: &Self, desk: &Arc<Desk>, beside: &mut JoinSet<()>) {
        for source in self.0.values().filter(|source| !others.has(source)) {
            beside.spawn(keep_fresh(Arc::clone(desk), Arc::clone(source)));
        }
    }
}

/// Logs that a source has no plugin, and which backends there are, once those are loaded.
async fn name_missing_plugin(source: &OpenSource) {
    let (name, plugin, engine) = (&source.plan.name, &source.plan.plugin, source.engine());
    if check_plugin(plugin, engine).is_ok() {
        return;
    }
    engine.until_loaded().await;
    if let Err(problem) = check_plugin(plugin, engine) {
        tracing::error!(source.name = %name, "ticket source {name} is not read: {problem}");
    }
}

/// Checks that the plugin directory has a backend of this name; the error lists those that it has.
fn check_plugin(plugin: &str, engine: &Engine) -> Result<(), String> {
    let rows = engine.plugins();
    let is_backend = |row: &&PluginRow| row.kind == Some(PluginKind::Backend);
    match rows.iter().find(|row| row.name == plugin) {
        Some(row) if row.kind != Some(PluginKind::Strategy) => Ok(()),
        _ => {
            let backends = rows.iter().filter(is_backend).map(|row| row.name.as_str());
            let backends: Vec<_> = backends.collect();
            let loaded = match backends.is_empty() {
                true => "it has none; --plugins says where it is".to_owned(),
                false => format!("it has {}", backends.join(", ")),
            };
            Err(format!(
                "there is no backend {plugin:?} in the plugin directory: {loaded}"
            ))
        }
    }
}

async fn keep_fresh(desk: Arc<Desk>, source: Arc<OpenSource>) {
    let name = &source.plan.name;
    name_missing_plugin(&source).await;
    loop {
        let wait = desk.sources.keep_fresh(name).await;
        let wait = Duration::try_from(wait).unwrap_or_default();
        tokio::select! {
            () = source.withdrawn() => return,
            () = sleep(wait) => {}
            () = source.changed() => {
                tracing::info!(source.name = %name, "a file or the plugin of ticket source {name} has changed");
                // The outcome is logged where the source is read.
                let _ = desk.sources.refresh_changed(name).await;
            }
        }
    }
}
