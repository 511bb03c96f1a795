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
mod watched;

use open::OpenSource;

/// The sources of a server.
#[derive(Default)]
pub struct Sources(BTreeMap<SourceName, (SourcePlan, Arc<OpenSource>)>);

impl Sources {
    /// Opens each source without calling its plugin; errors of the plugin are reported when the source is read.
    pub fn open(plans: Vec<SourcePlan>, engine: &Arc<Engine>) -> Self {
        let mut sources = BTreeMap::new();
        for plan in plans {
            let name = plan.name.clone();
            if let Err(problem) = check_plugin(&plan.plugin, engine) {
                tracing::error!(source.name = %name, "ticket source {name} is not read: {problem}");
            }
            let source = OpenSource::new(plan.clone(), Arc::clone(engine));
            sources.insert(name, (plan, Arc::new(source)));
        }
        Self(sources)
    }

    /// Describes the sources to the desk.
    pub fn configured(&self) -> ConfiguredSources {
        let sources = self.0.iter();
        let configured = sources.map(|(name, (plan, source))| {
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

    /// Starts syncing each source, independently of the others.
    pub fn keep_fresh(self, desk: &Arc<Desk>, beside: &mut JoinSet<()>) {
        for (name, (_, source)) in self.0 {
            beside.spawn(keep_fresh(Arc::clone(desk), name, source));
        }
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

async fn keep_fresh(desk: Arc<Desk>, name: SourceName, source: Arc<OpenSource>) {
    loop {
        let wait = desk.sources.keep_fresh(&name).await;
        let wait = Duration::try_from(wait).unwrap_or_default();
        tokio::select! {
            () = sleep(wait) => {}
            () = source.changed() => {
                tracing::info!(source.name = %name, "a file or the plugin of ticket source {name} has changed");
                // The outcome is logged where the source is read.
                let _ = desk.sources.refresh_changed(&name).await;
            }
        }
    }
}
