//! Judges a candidate: whether it may serve in the place of what serves.

use std::sync::Arc;

use bytes::Bytes;
use gatewit_domain::plugin::{KeptPlugin, LibraryError, PluginAction, is_plugin_name};
use gatewit_domain::window::StrategyName;
use tokio::task::spawn_blocking;

use super::file::TRY_AGAIN_AFTER;
use super::{BY_DIRECTORY, Library, note_loaded};
use crate::library::trial::{Candidate, Trial};
use crate::load::{Component, Facts, Generation, LoadError, check_name};
use crate::slot::PluginSlot;

/// A component that may come to serve.
struct Proposal<'a> {
    component: Component,
    by: ProposedBy<'a>,
}

#[derive(Clone, Copy)]
enum ProposedBy<'a> {
    Directory,
    /// An operator; `force` loads what is in quarantine, too.
    Operator {
        sub: &'a str,
        force: bool,
    },
}

impl<'a> ProposedBy<'a> {
    fn is_directory(self) -> bool {
        matches!(self, Self::Directory)
    }

    fn name(self) -> &'a str {
        match self {
            Self::Directory => BY_DIRECTORY,
            Self::Operator { sub, .. } => sub,
        }
    }

    fn is_forced(self) -> bool {
        matches!(self, Self::Operator { force: true, .. })
    }
}

impl Library {
    /// Judges the file in the plugin directory, unless it was judged before and something serves.
    pub(super) async fn judge_file(self: &Arc<Self>, plugin: &str, component: Component) {
        let slot = self.registry.slot_or_new(plugin);
        let kept = self.kept(plugin);
        if kept.in_directory.as_deref() == Some(&*component.digest) {
            if kept.is_removed {
                return self.registry.remove(plugin);
            }
            if let Some(serving) = slot.serving() {
                match serving.identity.digest == component.digest {
                    true => slot.forget_refusal(),
                    false => slot.forget_unread(),
                }
                return;
            }
        }
        let proposal = Proposal {
            component,
            by: ProposedBy::Directory,
        };
        if let Err(LibraryError::NotKept(_)) = self.judge(&slot, proposal).await {
            self.look_again(plugin, TRY_AGAIN_AFTER);
        }
    }

    pub(super) async fn take_upload(
        self: &Arc<Self>,
        plugin: &str,
        component: Bytes,
        force: bool,
        by: &str,
    ) -> Result<(), LibraryError> {
        check_name(plugin).map_err(|reason| told(&reason))?;
        let permit = self.judging.acquire().await;
        let _permit = permit.map_err(|_| told(&LoadError::CutOff))?;
        let component = digested(component).await;
        let proposal = Proposal {
            component: component.map_err(|reason| told(&reason))?,
            by: ProposedBy::Operator { sub: by, force },
        };
        let slot = self.registry.slot_or_new(plugin);
        let judged = self.judge(&slot, proposal).await;
        if slot.serving().is_none() && self.kept(plugin).in_directory.is_none() {
            // It has neither a file nor a generation.
            self.registry.remove(plugin);
        }
        judged
    }

    /// Lets a candidate serve, or notes why it does not.
    async fn judge(
        self: &Arc<Self>,
        slot: &Arc<PluginSlot>,
        proposal: Proposal<'_>,
    ) -> Result<(), LibraryError> {
        let mut facts = Facts {
            digest: Some(proposal.component.digest.clone()),
            kind: None,
        };
        let swapped = self.try_swap(slot, &proposal, &mut facts).await;
        let Err(reason) = swapped else {
            return Ok(());
        };
        let error = told(&reason);
        // There is nothing to keep of a name that can never serve.
        if is_plugin_name(slot.name()) {
            self.keep_refusal(slot, &proposal, &reason).await;
        }
        self.refuse(slot, facts, reason);
        Err(error)
    }

    async fn keep_refusal(&self, slot: &PluginSlot, proposal: &Proposal<'_>, reason: &LoadError) {
        let digest = &proposal.component.digest;
        let mut kept = self.kept(slot.name());
        let is_directory = proposal.by.is_directory();
        if is_directory && kept.in_directory.as_ref() == Some(digest) {
            // It was judged before the start, too.
            return;
        }
        if is_directory && reason.is_verdict() {
            kept.in_directory = Some(digest.clone());
        }
        let change = (digest_of(slot.serving().as_deref()), Some(digest.clone()));
        let by = proposal.by.name();
        let refused = self.event(by, PluginAction::Refused, change, Some(reason.whole()));
        if let Err(reason) = self.keep(slot.name(), kept, vec![refused]).await {
            let plugin = slot.name();
            tracing::error!(plugin.name = %plugin, "the history of plugin {plugin:?} lacks its last refusal: {reason}");
        }
    }

    async fn try_swap(
        self: &Arc<Self>,
        slot: &Arc<PluginSlot>,
        proposal: &Proposal<'_>,
        facts: &mut Facts,
    ) -> Result<(), LoadError> {
        let plugin = slot.name();
        let mut kept = self.kept(plugin);
        let serving = slot.serving();
        let digest = &proposal.component.digest;
        if proposal.by.is_directory() {
            kept.in_directory = Some(digest.clone());
        }
        if digest_of(serving.as_deref()).as_ref() == Some(digest) {
            slot.forget_refusal();
            return match kept == self.kept(plugin) {
                true => Ok(()),
                false => self.keep(plugin, kept, Vec::new()).await,
            };
        }
        if kept.is_quarantined(digest) && !proposal.by.is_forced() {
            return Err(LoadError::Quarantined);
        }
        let loaded = self.load(plugin, proposal.component.clone()).await;
        let generation = loaded.map_err(|(found, reason)| {
            *facts = found;
            reason
        })?;
        facts.kind = Some(generation.code.kind());
        self.check_kind(plugin, &generation, serving.as_deref())?;
        let generation = Arc::new(generation);
        let trial = self.try_out(&generation, serving.clone()).await?;
        let number = self
            .keep_swap(plugin, kept, proposal, serving.as_deref(), &trial)
            .await?;
        self.serve(slot, generation, number, trial, serving.as_deref());
        self.tidy_shelf().await;
        Ok(())
    }

    /// Keeps the component, and what happened; returns the number of the swap.
    async fn keep_swap(
        &self,
        plugin: &str,
        mut kept: KeptPlugin,
        proposal: &Proposal<'_>,
        serving: Option<&Generation>,
        trial: &Trial,
    ) -> Result<u64, LoadError> {
        // Until the name is known to need the component, nobody may delete it.
        let _shelving = self.shelving.read().await;
        let (shelf, component) = (Arc::clone(&self.shelf), proposal.component.clone());
        let put = spawn_blocking(move || shelf.put(&component.digest, &component.bytes)).await;
        let put = put.map_err(|_| LoadError::CutOff)?;
        put.map_err(|error| LoadError::NotKept(error.to_string()))?;
        let digest = &proposal.component.digest;
        kept.swap_to(digest);
        let number = kept.generation;
        let action = match serving {
            Some(_) => PluginAction::Swapped,
            None => PluginAction::Loaded,
        };
        let change = (digest_of(serving), Some(digest.clone()));
        let event = self.event(
            proposal.by.name(),
            action,
            change,
            trial.failures_in_words(),
        );
        self.keep(plugin, kept, vec![event]).await?;
        Ok(number)
    }

    /// A plugin that something uses cannot become one of another kind.
    pub(super) fn check_kind(
        &self,
        plugin: &str,
        new: &Generation,
        serving: Option<&Generation>,
    ) -> Result<(), LoadError> {
        let Some(old) = serving.map(|serving| serving.code.kind()) else {
            return Ok(());
        };
        let (new, users) = (new.code.kind(), self.keeper.users(plugin));
        match new == old || users.is_empty() {
            true => Ok(()),
            false => Err(LoadError::OtherKind { new, old, users }),
        }
    }

    /// Asks a strategy what is in use, off the async workers.
    pub(super) async fn try_out(
        self: &Arc<Self>,
        generation: &Arc<Generation>,
        serving: Option<Arc<Generation>>,
    ) -> Result<Trial, LoadError> {
        let (library, generation) = (Arc::clone(self), Arc::clone(generation));
        let trial = spawn_blocking(move || {
            let Some(strategy) = generation.strategy() else {
                // A backend is asked nothing: its sources check their settings when they are read.
                return Ok(Trial::default());
            };
            let name = StrategyName::of_plugin(&generation.identity.name);
            let candidate = Candidate {
                generation: &generation,
                strategy,
                serving: serving.as_deref(),
                cache: &library.cache,
            };
            candidate.try_out(library.cache.in_use(&name), library.clock.now())
        });
        Ok(trial.await.map_err(|_| LoadError::CutOff)??)
    }

    /// Swaps: its answers are in the cache before, so that the first scan after it is as fast as any other.
    fn serve(
        &self,
        slot: &Arc<PluginSlot>,
        generation: Arc<Generation>,
        number: u64,
        trial: Trial,
        before: Option<&Generation>,
    ) {
        let from = before.map(|before| &*before.identity.digest);
        for (question, answer) in &trial.answers {
            self.cache.insert_candidate(question.key(), answer, from);
        }
        if !trial.failures.is_empty() {
            tracing::warn!(
                plugin.name = %slot.name(),
                "plugin {:?} fails {} questions, which refuses nothing; its history names the events",
                slot.name(),
                trial.failures.len()
            );
        }
        note_loaded(&generation);
        self.swap(slot, generation, number, trial.unasked);
        if before.is_some() {
            slot.watch_swap(self.loader.policy.budget());
        }
    }
}

/// Takes the digest of a component, off the async workers.
pub(super) async fn digested(component: Bytes) -> Result<Component, LoadError> {
    let component = spawn_blocking(move || Component::new(component)).await;
    component.map_err(|_| LoadError::CutOff)
}

/// Why a component does not serve, as its uploader is told.
pub(super) fn told(reason: &LoadError) -> LibraryError {
    let why = reason.whole();
    match reason {
        LoadError::Quarantined => LibraryError::Quarantined(why),
        reason if reason.is_verdict() => LibraryError::Refused(why),
        _ => LibraryError::NotKept(why),
    }
}

pub(super) fn digest_of(generation: Option<&Generation>) -> Option<String> {
    generation.map(|generation| generation.identity.digest.clone())
}
