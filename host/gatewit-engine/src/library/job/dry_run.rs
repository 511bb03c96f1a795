//! Tries a component beside what serves, without letting it serve.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use gatewit_decision::Window;
use gatewit_domain::plugin::{CallError, LibraryError};
use gatewit_domain::ports::{TriedPlugin, TriedStrategy};
use gatewit_domain::window::{DoorRule, Holder};
use tokio::task::spawn_blocking;

use super::Library;
use super::judgement::{digest_of, digested, told};
use crate::load::{Generation, LoadError, check_name};
use crate::strategy::Strategy;

/// A strategy that is asked on instances of its own.
struct Tried(Arc<Strategy>);

impl Library {
    /// Loads a component and tries it: what refuses it here would refuse its upload.
    pub(super) async fn try_beside(
        self: &Arc<Self>,
        plugin: &str,
        component: Bytes,
        against: Option<String>,
    ) -> Result<TriedPlugin, LibraryError> {
        let serving = self.registry.slot(plugin).and_then(|slot| slot.serving());
        let compared = match against {
            Some(digest) => Some(self.kept_generation(plugin, digest).await?),
            None => serving.clone(),
        };
        let candidate = self.candidate(plugin, component, serving).await;
        let candidate = candidate.map_err(|reason| told(&reason))?;
        let strategy = |generation: &Generation| {
            let strategy = generation.strategy()?;
            Some(Arc::new(Tried(Arc::clone(strategy))) as Arc<dyn TriedStrategy>)
        };
        Ok(TriedPlugin {
            kind: candidate.code.kind(),
            version: candidate.version.clone(),
            digest: candidate.identity.digest.clone(),
            from: digest_of(compared.as_deref()),
            before: compared.as_deref().and_then(strategy),
            after: strategy(&candidate),
        })
    }

    async fn candidate(
        self: &Arc<Self>,
        plugin: &str,
        component: Bytes,
        serving: Option<Arc<Generation>>,
    ) -> Result<Arc<Generation>, LoadError> {
        check_name(plugin)?;
        let _permit = (self.judging.acquire().await).map_err(|_| LoadError::CutOff)?;
        let component = digested(component).await?;
        if self.kept(plugin).is_quarantined(&component.digest) {
            return Err(LoadError::Quarantined);
        }
        let loaded = self.load(plugin, component).await;
        let candidate = loaded.map_err(|(_, reason)| reason)?;
        self.check_kind(plugin, &candidate, serving.as_deref())?;
        let candidate = Arc::new(candidate);
        self.try_out(&candidate, serving).await?;
        Ok(candidate)
    }

    async fn kept_generation(
        &self,
        plugin: &str,
        digest: String,
    ) -> Result<Arc<Generation>, LibraryError> {
        if !self.kept(plugin).generations.contains(&digest) {
            return Err(LibraryError::NotOneKept(digest));
        }
        let loaded = self.load_from_shelf(plugin, &digest).await;
        loaded.map(Arc::new).map_err(|reason| told(&reason))
    }
}

#[async_trait]
impl TriedStrategy for Tried {
    async fn windows(
        &self,
        rule: &Arc<DoorRule>,
        holder: &Holder,
    ) -> Result<Vec<Window>, CallError> {
        let (strategy, rule, holder) = (Arc::clone(&self.0), Arc::clone(rule), holder.clone());
        let answer = spawn_blocking(move || strategy.windows(&rule, &holder)).await;
        answer.unwrap_or(Err(CallError::CutOff))
    }
}
