//! Makes the running server what a [`Plan`] says: at the start, and each time that the operator's files have changed.
//!
//! What was applied last is kept in the store, and only what differs from it is applied: what organizers have changed since
//! stays.

use std::sync::Arc;

use anyhow::Context;
use gatewit_desk::{AppliedConfig, Caller, ConfigChange, ConfigChangeKind, Configuration, Desk};
use gatewit_domain::source::SourceName;
use gatewit_engine::Engine;
use tokio::task::JoinSet;

use crate::declared::{self, Declaration, DeclaredEvents, warn_rejected, warn_unresolved};
use crate::plan::Plan;
use crate::sources::Sources;

/// The only one who applies plans.
pub struct Applier {
    desk: Arc<Desk>,
    engine: Arc<Engine>,
    sources: Sources,
    /// None until files were applied to this data directory.
    applied: Option<AppliedConfig>,
    /// The syncs of the sources, and what follows a change of the configuration.
    tasks: JoinSet<()>,
}

/// The first plan of a server, of which the declared events are left to set up.
pub struct Begun {
    declared: DeclaredEvents,
    after: AppliedConfig,
}

impl Applier {
    pub async fn open(desk: &Arc<Desk>, engine: &Arc<Engine>) -> anyhow::Result<Self> {
        let applied = desk.applied_config().await;
        Ok(Self {
            desk: Arc::clone(desk),
            engine: Arc::clone(engine),
            sources: Sources::default(),
            applied: applied.context("cannot read which configuration was applied last")?,
            tasks: JoinSet::new(),
        })
    }

    /// Applies the first plan but for its events, and syncs no source yet. The error names the event that is invalid.
    pub async fn begin(&mut self, plan: Plan) -> anyhow::Result<Begun> {
        self.configure(&plan).await?;
        let differing = self.differing(&plan);
        Ok(Begun {
            declared: DeclaredEvents::by_strategy(&self.desk, differing)?,
            after: plan.applied_config(),
        })
    }

    /// Begins to sync the sources, and sets up the events of the first plan.
    pub async fn finish(&mut self, Begun { declared, after }: Begun) {
        self.sources.keep_fresh(&self.desk, &mut self.tasks);
        self.set_up(declared, after).await;
        self.tasks.spawn(import_all(Arc::clone(&self.desk)));
    }

    /// Applies a later plan, whole or not at all; returns what it changes.
    pub async fn apply(&mut self, plan: Plan) -> anyhow::Result<Vec<ConfigChange>> {
        plan.check_event_sources()?;
        let differing = self.differing(&plan);
        declared::check(&self.desk, &differing, &plan.attachable()).await?;

        let before = self.configure(&plan).await?;
        self.sources
            .keep_fresh_but(&before, &self.desk, &mut self.tasks);
        let after = plan.applied_config();
        let changes = self.changes_since(&before, &after);
        self.set_up(DeclaredEvents::in_turn(&self.desk, differing), after)
            .await;
        before
            .names()
            .filter(|name| !self.sources.has_name(name))
            .for_each(|name| self.warn_unconfigured(name));
        warn_unresolved(&self.desk, plan.plugin_policy.limits_of.keys()).await;
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn(import_all(Arc::clone(&self.desk)));
        self.tasks.spawn(warm(Arc::clone(&self.desk)));
        Ok(changes)
    }

    /// Replaces sources, access and the settings of `/tickets/*`; returns the sources that were here before. What those do
    /// that change or go ends at once.
    pub async fn configure(&mut self, plan: &Plan) -> anyhow::Result<Sources> {
        let sources = self.sources.reopened(plan.sources.clone(), &self.engine);
        self.sources.withdraw_all_but(&sources);
        let configured = self.desk.configure(Configuration {
            sources: sources.configured(),
            ticketing: plan.ticketing.clone(),
            access: plan.access.clone(),
        });
        configured
            .await
            .context("cannot read what is stored of the ticket sources")?;
        self.engine.set_policy(plan.plugin_policy.clone());
        self.desk.events.note_declared(&plan.events);
        Ok(std::mem::replace(&mut self.sources, sources))
    }

    fn differing(&self, plan: &Plan) -> Vec<Declaration> {
        let is_stored = |event: &_| self.desk.events.has_declared(event);
        declared::differing(&plan.events, self.applied.as_ref(), is_stored)
    }

    /// Lists what a plan has changed. Of a source whose fields are the same, it is the value of a secret.
    fn changes_since(&self, before: &Sources, after: &AppliedConfig) -> Vec<ConfigChange> {
        let applied = self.applied.clone().unwrap_or_default();
        let mut changes = applied.changes_to(after);
        for name in self.sources.changed_since(before) {
            let part = format!("sources.{name}");
            if changes.iter().all(|change| change.part != part) {
                let kind = ConfigChangeKind::Changed(vec!["secrets".to_owned()]);
                changes.push(ConfigChange { part, kind });
            }
        }
        changes
    }

    /// Sets up events, and keeps what is applied then. An event that fails is tried again next time.
    async fn set_up(&mut self, declared: DeclaredEvents, mut after: AppliedConfig) {
        for part in declared.set_up(&self.desk).await {
            let before = self.applied.as_ref();
            match before.and_then(|before| before.0.get(&part)) {
                Some(before) => after.0.insert(part, before.clone()),
                None => after.0.remove(&part),
            };
        }
        if self.applied.as_ref() != Some(&after)
            && let Err(error) = self.desk.keep_applied_config(&after).await
        {
            tracing::error!(
                "cannot store which configuration is applied, so the next start applies it again: {error}"
            );
        }
        self.applied = Some(after);
    }

    fn warn_unconfigured(&self, source: &SourceName) {
        let events = self.desk.events.list(&Caller::Local);
        let attached = events
            .iter()
            .filter(|live| live.event.ticket_sources.contains(source));
        let attached: Vec<_> = attached
            .map(|live| format!("{:?}", live.event.slug))
            .collect();
        let refused = match attached.as_slice() {
            [] => String::new(),
            slugs => format!(
                ", and its tickets are refused as not_active at the events {}",
                slugs.join(", ")
            ),
        };
        tracing::warn!(
            source.name = %source,
            "ticket source {source} is not configured any more: it is not read{refused}"
        );
    }
}

/// Imports the tickets of sources that events have got.
async fn import_all(desk: Arc<Desk>) {
    desk.sources.import_all().await;
}

/// Prepares what the first scans need.
async fn warm(desk: Arc<Desk>) {
    desk.events.warm_windows().await;
    warn_rejected(&desk).await;
}
