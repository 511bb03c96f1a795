//! A ticket source: a backend with its settings. Each run uses an instance of its own.

mod answer;
mod blocking;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use gatewit_domain::plugin::{CallError, NotLoaded, PluginIdentity, PluginKind};
use gatewit_domain::ports::{SyncRun, TicketSource};
use gatewit_domain::source::{
    Continuation, Reader, SourceFault, SourcePage, SourceTicket, SourceType,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::backend::{Backend, Instance, InstanceLimits, Output};
use crate::bindings::backend::Fault;
use crate::load::Code;
use crate::outbound::{Outbound, Policy};
use crate::registry::PluginRegistry;
use crate::settings::{SourceLimits, SourceSettings};
use crate::slot::PluginSlot;
use crate::source::blocking::run_blocking;

/// The most runs of one source at once: a sync, and the look-ups that the domain allows a source.
pub(crate) const RUNS_PER_SOURCE_MAX: usize = 8;
/// The longest that a run waits for earlier ones to end.
const PERMIT_WAIT_MAX: Duration = Duration::from_secs(10);

/// One configured source. Made by [`crate::Engine::source`].
pub struct Source {
    plugin: String,
    digest: String,
    /// A JSON object.
    settings: Arc<str>,
    limits: SourceLimits,
    outbound: Arc<Outbound>,
    registry: Arc<PluginRegistry>,
    /// Permits for runs of this source, and of all sources.
    own_permits: Arc<Semaphore>,
    permits: Arc<Semaphore>,
}

impl Source {
    pub(crate) fn new(
        settings: SourceSettings,
        registry: Arc<PluginRegistry>,
        permits: Arc<Semaphore>,
    ) -> Self {
        let digest = settings.digest();
        let text = serde_json::to_string(&settings.settings);
        let text = text.expect("a JSON object prints as JSON");
        let policy = Policy::new(settings.grants, &settings.settings, settings.secrets);
        let outbound = Outbound::new(policy, settings.limits.outbound());
        Self {
            plugin: settings.plugin,
            digest,
            settings: text.into(),
            limits: settings.limits,
            outbound: Arc::new(outbound),
            registry,
            own_permits: Arc::new(Semaphore::new(RUNS_PER_SOURCE_MAX)),
            permits,
        }
    }

    /// The [`SourceSettings::digest`] of its settings.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Asks the plugin whether it accepts the settings; its objection is a [`SourceFault::BadSettings`]. The plugin
    /// cannot send requests meanwhile, and has 10 seconds at most.
    pub async fn check_settings(&self) -> Result<(), SourceFault> {
        let settings = Arc::clone(&self.settings);
        let mut run = self.run(self.limits.check(), None).await?;
        run.ask(async move |instance| {
            let verdict = instance.check_settings(&settings).await?;
            Ok(verdict.map_err(Fault::BadSettings))
        })
        .await
    }

    /// Begins a run that reaches the ticketing system.
    async fn connected_run(&self) -> Result<Run, SourceFault> {
        let outbound = Arc::clone(&self.outbound);
        self.run(self.limits.instance(), Some(outbound)).await
    }

    /// Begins a run on a fresh instance of the backend that serves now.
    async fn run(
        &self,
        limits: InstanceLimits,
        outbound: Option<Arc<Outbound>>,
    ) -> Result<Run, SourceFault> {
        if let Some(slot) = self.registry.slot(&self.plugin)
            && !slot.until_loaded().await
        {
            return Err(not_loaded(NotLoaded::Loading));
        }
        let (slot, identity, backend) = self.backend().map_err(not_loaded)?;
        let permits = timeout(PERMIT_WAIT_MAX, self.permits()).await;
        let permits = permits.map_err(|_| CallError::Busy(PluginKind::Backend))?;
        let output = Output::default();
        let written = output.clone();
        let instance =
            run_blocking(async move || backend.instantiate(limits, written, outbound).await);
        let instance = instance.await.map_err(|error| {
            if error.is_own_fault() {
                slot.note_run(true, &identity.digest);
            }
            failed(error, &slot, &output)
        })?;
        Ok(Run {
            reader: Reader {
                plugin: identity.digest,
                settings: self.digest.clone(),
            },
            settings: Arc::clone(&self.settings),
            instance: Some(instance),
            output,
            slot,
            has_failed: None,
            _permits: permits,
        })
    }

    /// The backend that serves under the plugin's name now.
    fn backend(&self) -> Result<(Arc<PluginSlot>, PluginIdentity, Arc<Backend>), NotLoaded> {
        let slot = self.registry.slot(&self.plugin);
        let slot = slot.ok_or(NotLoaded::Unknown)?;
        let serving = slot.state().serving.clone();
        let generation = serving.ok_or(NotLoaded::Refused)?;
        let Code::Backend(backend) = &generation.code else {
            return Err(NotLoaded::Strategy);
        };
        let (identity, backend) = (generation.identity.clone(), Arc::clone(backend));
        Ok((slot, identity, backend))
    }

    async fn permits(&self) -> [OwnedSemaphorePermit; 2] {
        let take = async |permits: &Arc<Semaphore>| {
            let permit = Arc::clone(permits).acquire_owned().await;
            permit.expect("the semaphores are never closed")
        };
        // In this order, so that a run that waits for its own source takes no permit from another source.
        let own = take(&self.own_permits).await;
        [own, take(&self.permits).await]
    }
}

#[async_trait]
impl TicketSource for Source {
    async fn begin(&self) -> Result<Box<dyn SyncRun>, SourceFault> {
        Ok(Box::new(self.connected_run().await?))
    }

    async fn find(&self, text: &str) -> Result<Vec<SourceTicket>, SourceFault> {
        let mut run = self.connected_run().await?;
        let (settings, text) = (Arc::clone(&run.settings), text.to_owned());
        let found = run.ask(async move |instance| instance.find(&settings, &text).await);
        let found = found.await?;
        answer::tickets(found).map_err(|mistake| run.fail(mistake.into()))
    }
}

/// A run on an instance of its own.
struct Run {
    reader: Reader,
    settings: Arc<str>,
    /// `None` while it runs, and once it failed.
    instance: Option<Instance>,
    output: Output,
    slot: Arc<PluginSlot>,
    /// Whether the plugin failed by its own fault, or came to its end; None if it did neither.
    has_failed: Option<bool>,
    _permits: [OwnedSemaphorePermit; 2],
}

#[async_trait]
impl SyncRun for Run {
    fn reader(&self) -> &Reader {
        &self.reader
    }

    async fn ticket_types(&mut self) -> Result<Vec<SourceType>, SourceFault> {
        let settings = Arc::clone(&self.settings);
        let types = self.ask(async move |instance| instance.ticket_types(&settings).await);
        let types = types.await?;
        answer::types(types).map_err(|mistake| self.fail(mistake.into()))
    }

    async fn page(&mut self, cursor: Option<&str>) -> Result<SourcePage, SourceFault> {
        let (settings, cursor) = (Arc::clone(&self.settings), cursor.map(str::to_owned));
        let page =
            self.ask(async move |instance| instance.tickets(&settings, cursor.as_deref()).await);
        let page = page.await?;
        let page = answer::page(page).map_err(|mistake| self.fail(mistake.into()))?;
        if let Continuation::Done(_) = page.next {
            self.has_failed = Some(false);
        }
        Ok(page)
    }

    fn overran(&mut self) {
        self.has_failed = Some(true);
    }
}

impl Run {
    /// Runs the instance where it may take its time. The instance is dropped if it fails or if the caller stops
    /// waiting.
    async fn ask<T: Send + 'static>(
        &mut self,
        question: impl AsyncFnOnce(&mut Instance) -> Result<Result<T, Fault>, CallError>
        + Send
        + 'static,
    ) -> Result<T, SourceFault> {
        let Some(mut instance) = self.instance.take() else {
            return Err(CallError::RunFailed.into());
        };
        self.slot.count_call();
        let outcome = run_blocking(async move || {
            let answer = question(&mut instance).await?;
            Ok((instance, answer))
        });
        let begun = Instant::now();
        let outcome = outcome.await;
        self.slot.note_duration(begun.elapsed());
        let (instance, answer) = outcome.map_err(|error| self.fail(error))?;
        self.instance = Some(instance);
        answer.map_err(|fault| answer::fault(fault, &self.output))
    }

    /// Counts a failure of the plugin. Its instance is not called again.
    fn fail(&mut self, error: CallError) -> SourceFault {
        self.instance = None;
        self.has_failed = error.is_own_fault().then_some(true);
        failed(error, &self.slot, &self.output)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Some(words) = self.output.words() {
            self.slot.note_output(words);
        }
        if let Some(has_failed) = self.has_failed {
            self.slot.note_run(has_failed, &self.reader.plugin);
        }
    }
}

/// Counts a failed call, and adds what the plugin wrote before.
fn failed(error: CallError, slot: &PluginSlot, output: &Output) -> SourceFault {
    slot.count_failure(error.kind());
    let words = output.words();
    if let Some(words) = &words {
        slot.note_output(words.clone());
    }
    SourceFault::Plugin(error, words)
}

fn not_loaded(why: NotLoaded) -> SourceFault {
    CallError::from(why).into()
}
