//! The jobs of the library. Whatever fails leaves what serves as it is.

mod dry_run;
mod file;
mod judgement;
mod kept;
mod removal;
mod roll_back;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use gatewit_domain::plugin::{KeptPlugin, LibraryError, PluginAction, PluginEvent};
use tokio::task::spawn_blocking;

use super::Library;
use crate::load::{Component, Facts, Generation, LoadError, Refusal};
use crate::orders::{Looks, Reply, Task};
use crate::slot::PluginSlot;
use crate::strategy_calls;
use crate::window_cache::Question;

/// By whom something is done that a file causes.
const BY_DIRECTORY: &str = "plugin directory";
const BY_BUDGET: &str = "error budget";
const BY_START: &str = "start";

impl Library {
    pub(crate) async fn carry_out(self: &Arc<Self>, plugin: &str, task: Task) {
        match task {
            Task::Start(Looks::AtDirectory, _ended) => {
                self.load_kept(plugin).await;
                self.look_at_start(plugin).await;
            }
            Task::Start(Looks::Nowhere, _ended) => self.serve_kept(plugin).await,
            Task::Look(_ended) => self.look(plugin).await,
            Task::Upload {
                component,
                force,
                by,
                reply,
            } => answer(reply, self.take_upload(plugin, component, force, &by).await),
            Task::TryOut {
                component,
                against,
                reply,
            } => answer(reply, self.try_beside(plugin, component, against).await),
            Task::RollBack { by, reply } => answer(reply, self.roll_back(plugin, &by).await),
            Task::Remove { force, by, reply } => {
                answer(reply, self.remove(plugin, force, &by).await);
            }
            Task::TakeBack { digest, why } => self.take_back(plugin, &digest, why).await,
        }
    }

    /// Compiles and checks a component, off the async workers.
    async fn load(
        &self,
        plugin: &str,
        component: Component,
    ) -> Result<Generation, (Facts, LoadError)> {
        let (loader, name) = (Arc::clone(&self.loader), plugin.to_owned());
        let loaded = spawn_blocking(move || {
            let mut facts = Facts::default();
            let loaded = loader.load(&name, &component, &mut facts);
            loaded.map_err(|reason| (facts, reason))
        });
        let loaded = loaded.await;
        loaded.unwrap_or_else(|_| Err((Facts::default(), LoadError::CutOff)))
    }

    /// Lets a generation serve. Behind the swap it is asked what is left to ask; until then the answers of the generation
    /// before serve.
    fn swap(
        &self,
        slot: &Arc<PluginSlot>,
        generation: Arc<Generation>,
        number: u64,
        rest: Vec<Question>,
    ) {
        let is_asked = rest.is_empty();
        generation.has_been_asked.store(is_asked, Ordering::Release);
        slot.accept(Arc::clone(&generation), number);
        self.registry.note_swap();
        if is_asked {
            return;
        }
        let (slot, cache) = (Arc::clone(slot), Arc::clone(&self.cache));
        tokio::spawn(async move {
            for Question { rule, holder } in rest {
                let serving = slot.serving();
                if serving.is_none_or(|serving| !Arc::ptr_eq(&serving, &generation)) {
                    return;
                }
                // A scan that asks the same tells how it fails.
                let _ = strategy_calls::windows(Arc::clone(&slot), &cache, &rule, &holder).await;
            }
            generation.has_been_asked.store(true, Ordering::Release);
        });
    }

    fn refuse(&self, slot: &PluginSlot, facts: Facts, reason: LoadError) {
        let refusal = Refusal {
            name: slot.name().to_owned(),
            facts,
            reason,
        };
        tracing::warn!(
            plugin.name = %refusal.name,
            plugin.digest = refusal.facts.digest,
            "{refusal}"
        );
        slot.refuse(refusal);
    }

    /// Keeps the state of a name with what happened: both are on disk when this returns.
    async fn keep(
        &self,
        plugin: &str,
        kept: KeptPlugin,
        events: Vec<PluginEvent>,
    ) -> Result<(), LoadError> {
        let done = self.keeper.keep(plugin, &kept, &events).await;
        done.map_err(|error| LoadError::NotKept(error.to_string()))?;
        self.set_kept(plugin, kept);
        Ok(())
    }

    fn event(
        &self,
        by: &str,
        action: PluginAction,
        (from, to): (Option<String>, Option<String>),
        why: Option<String>,
    ) -> PluginEvent {
        PluginEvent {
            at: self.clock.now(),
            by: by.to_owned(),
            action,
            from,
            to,
            why,
        }
    }
}

fn answer<T>(reply: Reply<T>, outcome: Result<T, LibraryError>) {
    // Who asked may have left; what was done stays done.
    let _ = reply.send(outcome);
}

fn note_loaded(generation: &Generation) {
    let identity = &generation.identity;
    let name = &identity.name;
    tracing::info!(
        plugin.name = %name,
        plugin.digest = %identity.digest,
        "plugin {name:?} loaded"
    );
}
