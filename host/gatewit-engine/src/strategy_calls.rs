//! Calls a strategy for answers that are not cached: one call at a time, off the async workers, and once for all
//! callers that wait for the same answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gatewit_domain::plugin::{CallError, PluginIdentity, PluginKind, PluginWords};
use gatewit_domain::window::{DoorRule, Holder, StrategyError, StrategyName, WindowsAnswer};
use tokio::sync::OwnedMutexGuard;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::slot::PluginSlot;
use crate::strategy::Strategy;
use crate::window_cache::{WindowCache, WindowKey};

/// The longest wait for a plugin's earlier calls to end.
const PERMIT_WAIT_MAX: Duration = Duration::from_secs(1);

/// Asks when doors are open. The result is cached even if the caller no longer waits for it.
pub(crate) async fn windows(
    slot: Arc<PluginSlot>,
    cache: &Arc<WindowCache>,
    rule: &Arc<DoorRule>,
    holder: &Holder,
) -> Result<Arc<WindowsAnswer>, StrategyError> {
    let key = WindowKey::new(rule, holder);
    let strategy = &rule.strategy;
    let permit = match CallPermit::take(slot).await {
        Ok(permit) => permit,
        Err(error) => return cache.last_good(key).ok_or_else(|| failed(strategy, error)),
    };
    // The call before this one may have asked the same.
    if let Some(answer) = cache.get(key, &permit.identity.digest) {
        return answer.map_err(|error| failed(strategy, error));
    }
    let (cache, rule, holder) = (Arc::clone(cache), Arc::clone(rule), holder.clone());
    let answer = permit
        .run(move |permit| permit.windows(&cache, &rule, &holder))
        .await;
    answer.map_err(|error| failed(strategy, error))
}

/// Asks whether options are acceptable.
pub(crate) async fn check_options(
    slot: Arc<PluginSlot>,
    strategy: &StrategyName,
    options: String,
) -> Result<(), StrategyError> {
    let verdict = match CallPermit::take(slot).await {
        Ok(permit) => {
            permit
                .run(move |permit| permit.check_options(&options))
                .await
        }
        Err(error) => Err(error),
    };
    verdict
        .map_err(|error| failed(strategy, error))?
        .map_err(StrategyError::Rejected)
}

/// The failure of a call, as scans and organizers see it.
pub(crate) fn failed(strategy: &StrategyName, error: CallError) -> StrategyError {
    StrategyError::Failed {
        strategy: strategy.clone(),
        error,
    }
}

/// The exclusive right to run a plugin.
struct CallPermit {
    slot: Arc<PluginSlot>,
    /// The strategy that serves when the permit is given.
    identity: PluginIdentity,
    strategy: Arc<Strategy>,
    _exclusive: OwnedMutexGuard<()>,
}

impl CallPermit {
    /// Waits until the plugin is free.
    async fn take(slot: Arc<PluginSlot>) -> Result<Self, CallError> {
        let exclusive = Arc::clone(&slot.call_lock).lock_owned();
        let Ok(exclusive) = timeout(PERMIT_WAIT_MAX, exclusive).await else {
            return Err(CallError::Busy(PluginKind::Strategy));
        };
        let (identity, strategy) = slot.strategy()?;
        Ok(Self {
            slot,
            identity,
            strategy,
            _exclusive: exclusive,
        })
    }

    /// Runs a call where it may block. The permit lasts until the call ends, even if the caller stops waiting.
    async fn run<T: Send + 'static>(
        self,
        call: impl FnOnce(&Self) -> Result<T, CallError> + Send + 'static,
    ) -> Result<T, CallError> {
        let outcome = spawn_blocking(move || call(&self)).await;
        outcome.unwrap_or_else(|_| Err(CallError::CutOff))
    }

    /// Calls the plugin, and counts and times the call.
    fn call<T>(&self, call: impl FnOnce(&Strategy) -> T) -> T {
        self.slot.count_call();
        let begun = Instant::now();
        let answer = call(&self.strategy);
        self.slot.note_duration(begun.elapsed());
        answer
    }

    fn windows(
        &self,
        cache: &WindowCache,
        rule: &Arc<DoorRule>,
        holder: &Holder,
    ) -> Result<Arc<WindowsAnswer>, CallError> {
        let key = WindowKey::new(rule, holder);
        let identity = &self.identity;
        let windows = self.call(|strategy| strategy.windows(rule, holder));
        let failure = match windows {
            Ok(windows) => {
                self.slot.note_success(&identity.digest);
                let question = cache.number_of(key);
                self.slot.note_question_answered(question, &identity.digest);
                let plugin = identity.clone();
                let answer = WindowsAnswer::new(rule.digest(), holder, windows, plugin);
                let answer = Arc::new(answer);
                cache.insert(key, &answer);
                return Ok(answer);
            }
            Err(failure) => failure,
        };
        cache.insert_failure(key, &identity.digest, failure.clone());
        if failure.is_own_fault() && self.is_answered_by_the_generation_before(cache, rule, holder)
        {
            let question = cache.number_of(key);
            self.slot
                .note_question_failed(question, *rule.digest(), &identity.digest);
        }
        let last_good = cache.last_good(key);
        self.note_failure(
            match last_good {
                Some(_) => "its last good answer serves on",
                None => "there is no earlier answer to serve",
            },
            &failure,
        );
        last_good.ok_or(failure)
    }

    /// Whether the generation before answered this question and does so still. Asks it only in the minute after a swap.
    fn is_answered_by_the_generation_before(
        &self,
        cache: &WindowCache,
        rule: &Arc<DoorRule>,
        holder: &Holder,
    ) -> bool {
        let before = self.slot.state().before.clone();
        let Some(before) = before.filter(|_| self.slot.is_watched(&self.identity.digest)) else {
            return false;
        };
        let key = WindowKey::new(rule, holder);
        let strategy = before.strategy();
        cache.has_answered(key, &before.identity.digest)
            && strategy.is_some_and(|strategy| strategy.windows(rule, holder).is_ok())
    }

    /// A failure here says nothing of the doors, so the plugin does not count as failing.
    fn check_options(&self, options: &str) -> Result<Result<(), PluginWords>, CallError> {
        let verdict = self.call(|strategy| strategy.check_options(options));
        verdict.inspect_err(|failure| {
            self.slot.count_failure(failure.kind());
            self.log_failure("options could not be checked", failure);
        })
    }

    fn note_failure(&self, consequence: &str, failure: &CallError) {
        self.slot.note_failure(failure, &self.identity.digest);
        self.log_failure(consequence, failure);
    }

    fn log_failure(&self, consequence: &str, failure: &CallError) {
        let identity = &self.identity;
        tracing::warn!(
            plugin.name = %identity.name,
            plugin.digest = %identity.digest,
            "strategy {:?} failed, {consequence}: {failure}",
            identity.name,
        );
    }
}
