//! The slot of one plugin name: the generations that serve and served under it, and why the newest component does not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use gatewit_domain::plugin::{
    CallError, FailureKind, NotLoaded, PluginIdentity, PluginKind, PluginRow, PluginState,
    PluginUse, PluginWords,
};
use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::budget::{ErrorBudget, RunWatch, SwapWatch};
use crate::load::{Generation, LoadError, Refusal};
use crate::orders::Alarm;
use crate::strategy::Strategy;

/// The buckets of a call's duration, in seconds: strategies take microseconds, a backend's page up to a minute.
const CALL_SECONDS: [f64; 10] = [0.0001, 0.001, 0.01, 0.05, 0.2, 1.0, 5.0, 20.0, 60.0, 300.0];
/// How long a request waits for a plugin that is being loaded. `gatewit-api.md` §10.
const LOADING_WAIT_MAX: Duration = Duration::from_secs(30);

/// The slot of one plugin name.
pub(crate) struct PluginSlot {
    name: String,
    state: ArcSwap<SlotState>,
    /// Held while the plugin runs: a strategy runs one call at a time.
    pub call_lock: Arc<tokio::sync::Mutex<()>>,
    calls: AtomicU64,
    /// By kind, in the order of [`FailureKind::ALL`].
    failures: [AtomicU64; FailureKind::ALL.len()],
    call_seconds: Histogram,
    /// How the last call of a strategy failed, if it did. A backend's failures belong to its sources.
    failed: ArcSwapOption<CallError>,
    /// The end of what the last run of a backend wrote.
    output: ArcSwapOption<PluginWords>,
    /// What is counted in the minute after a swap. A std mutex: held for counting, never across an await.
    watch: Mutex<Option<SwapWatch>>,
    /// The failing runs of a backend. A std mutex as well.
    runs: Mutex<RunWatch>,
    alarm: Alarm,
    /// Told whenever the state has changed.
    changed: Notify,
}

/// The state of a slot; it is replaced as a whole.
#[derive(Clone, Default)]
pub(crate) struct SlotState {
    /// Increases with every swap; 0 until something serves.
    generation: u64,
    pub serving: Option<Arc<Generation>>,
    /// The generation before the one that serves.
    pub before: Option<Arc<Generation>>,
    /// Why the newest component was refused, if it was.
    refusal: Option<Arc<Refusal>>,
}

/// What a plugin has cost since the start, for metrics.
#[derive(Clone, Debug)]
pub struct PluginCosts {
    /// The plugin's name.
    pub plugin: String,
    /// Increases with every swap; 0 if nothing ever served.
    pub generation: u64,
    /// What it has cost.
    pub used: PluginUse,
    /// How long its calls took, in seconds.
    pub call_seconds: Histogram,
}

impl PluginSlot {
    pub(crate) fn new(name: String, alarm: Alarm) -> Self {
        Self {
            name,
            state: ArcSwap::default(),
            call_lock: Arc::default(),
            calls: AtomicU64::new(0),
            failures: Default::default(),
            call_seconds: Histogram::new(CALL_SECONDS),
            failed: ArcSwapOption::empty(),
            output: ArcSwapOption::empty(),
            watch: Mutex::default(),
            runs: Mutex::default(),
            alarm,
            changed: Notify::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The slot's current state. Do not hold it across an await.
    pub(crate) fn state(&self) -> Guard<Arc<SlotState>> {
        self.state.load()
    }

    /// The generation that serves.
    pub(crate) fn serving(&self) -> Option<Arc<Generation>> {
        self.state().serving.clone()
    }

    /// Waits while the first component is being loaded; false if that takes too long.
    pub(crate) async fn until_loaded(&self) -> bool {
        let loaded = async {
            loop {
                let changed = self.changed.notified();
                let state = self.state();
                if state.serving.is_some() || state.refusal.is_some() {
                    return;
                }
                drop(state);
                changed.await;
            }
        };
        timeout(LOADING_WAIT_MAX, loaded).await.is_ok()
    }

    /// Whether the slot holds a strategy, which can be asked for windows.
    pub(crate) fn serves_strategy(&self) -> bool {
        let state = self.state();
        let serving = state.serving.as_ref();
        serving.is_some_and(|generation| generation.code.kind() == PluginKind::Strategy)
    }

    /// The strategy that serves, with its identity.
    pub(crate) fn strategy(&self) -> Result<(PluginIdentity, Arc<Strategy>), NotLoaded> {
        let serving = self.serving().ok_or(NotLoaded::Replaced)?;
        let strategy = serving.strategy().ok_or(NotLoaded::Replaced)?;
        Ok((serving.identity.clone(), Arc::clone(strategy)))
    }

    /// Lets a generation serve: every call that begins after this returns uses it. `number` counts the swaps.
    pub(crate) fn accept(&self, generation: Arc<Generation>, number: u64) {
        self.state.rcu(|old| SlotState {
            generation: number,
            serving: Some(Arc::clone(&generation)),
            before: old.serving.clone(),
            refusal: None,
        });
        *self.watch() = None;
        self.failed.store(None);
        self.changed.notify_waiters();
    }

    /// Counts the failures of the generation that serves, from its swap on.
    pub(crate) fn watch_swap(&self, budget: ErrorBudget) {
        *self.watch() = Some(SwapWatch::begin(budget, Instant::now()));
        self.runs().swapped(budget);
    }

    /// Notes how a run of the backend with this digest ended: by the plugin's own fault, or well.
    pub(crate) fn note_run(&self, has_failed: bool, digest: &str) {
        if !self.is_serving(digest) {
            return;
        }
        match has_failed {
            false => self.runs().note_success(),
            true if self.runs().note_failure() => {
                let why = "its runs failed one after the other, and those of the generation before did not";
                self.alarm.raise(&self.name, digest, why.to_owned());
            }
            true => {}
        }
    }

    fn runs(&self) -> MutexGuard<'_, RunWatch> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets nothing serve any more.
    pub(crate) fn unload(&self, number: u64) {
        *self.watch() = None;
        self.state.store(Arc::new(SlotState {
            generation: number,
            ..SlotState::default()
        }));
        self.changed.notify_waiters();
    }

    /// Notes why the newest component does not serve. The previous generation continues to serve.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        self.set_refusal(Some(Arc::new(refusal)));
    }

    /// Whether the slot says already that its file is gone.
    pub(crate) fn is_told_to_be_gone(&self) -> bool {
        let state = self.state();
        let refusal = state.refusal.as_ref();
        refusal.is_some_and(|refusal| matches!(refusal.reason, LoadError::Vanished { .. }))
    }

    /// Forgets a refusal that was not about a component: its file could not be read.
    pub(crate) fn forget_unread(&self) {
        let state = self.state();
        if state
            .refusal
            .as_ref()
            .is_some_and(|refusal| refusal.reason.is_unread())
        {
            drop(state);
            self.forget_refusal();
        }
    }

    /// Notes that the newest component is the one that serves.
    pub(crate) fn forget_refusal(&self) {
        self.set_refusal(None);
    }

    fn set_refusal(&self, refusal: Option<Arc<Refusal>>) {
        self.state.rcu(|old| SlotState {
            refusal: refusal.clone(),
            ..SlotState::clone(old)
        });
        self.changed.notify_waiters();
    }

    pub(crate) fn count_call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_duration(&self, duration: Duration) {
        self.call_seconds.observe(duration.as_secs_f64());
    }

    pub(crate) fn count_failure(&self, kind: FailureKind) {
        self.failures[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a failed call, and reports it until one succeeds, if the generation with this digest still serves.
    pub(crate) fn note_failure(&self, failure: &CallError, digest: &str) {
        self.count_failure(failure.kind());
        if self.is_serving(digest) {
            self.failed.store(Some(Arc::new(failure.clone())));
        }
    }

    /// Notes that a call of the generation with this digest succeeded.
    pub(crate) fn note_success(&self, digest: &str) {
        if self.failed.load().is_some() && self.is_serving(digest) {
            self.failed.store(None);
        }
    }

    fn is_serving(&self, digest: &str) -> bool {
        let state = self.state();
        let serving = state.serving.as_ref();
        serving.is_some_and(|serving| serving.identity.digest == digest)
    }

    /// Whether failures of the generation with this digest count against its error budget.
    pub(crate) fn is_watched(&self, digest: &str) -> bool {
        self.is_serving(digest) && self.current_watch().is_some()
    }

    /// Counts a question that the generation with this digest answered.
    pub(crate) fn note_question_answered(&self, question: u64, digest: &str) {
        if self.is_serving(digest)
            && let Some(watch) = &mut *self.current_watch()
        {
            watch.note_answer(question);
        }
    }

    /// Counts a question that failed and that the generation before answers; raises the alarm if there were too many.
    pub(crate) fn note_question_failed(&self, question: u64, rule: [u8; 32], digest: &str) {
        if !self.is_serving(digest) {
            return;
        }
        let mut watched = self.current_watch();
        let Some(watch) = &mut *watched else {
            return;
        };
        if watch.note_failure(question, rule) {
            let why = watch.told();
            *watched = None;
            self.alarm.raise(&self.name, digest, why);
        }
    }

    /// What is counted, unless its time is over.
    fn current_watch(&self) -> MutexGuard<'_, Option<SwapWatch>> {
        let mut watch = self.watch();
        let now = Instant::now();
        if watch.as_ref().is_some_and(|watch| watch.is_over(now)) {
            *watch = None;
        }
        watch
    }

    fn watch(&self) -> MutexGuard<'_, Option<SwapWatch>> {
        // At worst, a panic while counting makes a count wrong.
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn costs(&self) -> PluginCosts {
        PluginCosts {
            plugin: self.name.clone(),
            generation: self.state().generation,
            used: self.used(),
            call_seconds: self.call_seconds.clone(),
        }
    }

    pub(crate) fn used(&self) -> PluginUse {
        let failures = FailureKind::ALL.into_iter();
        let failures = failures.map(|kind| {
            let count = &self.failures[kind as usize];
            (kind, count.load(Ordering::Relaxed))
        });
        let serving = self.serving();
        let serving = serving.as_deref();
        PluginUse {
            calls: self.calls.load(Ordering::Relaxed),
            failures: failures.collect(),
            code_bytes: serving.map(|generation| generation.code_bytes),
            memory_peak_bytes: serving.map(|generation| generation.code.memory_peak()),
            output: self.output.load().as_deref().cloned(),
        }
    }

    /// Keeps the end of what a run wrote, if it wrote anything.
    pub(crate) fn note_output(&self, output: PluginWords) {
        self.output.store(Some(Arc::new(output)));
    }

    /// How operators see the plugin.
    pub(crate) fn row(&self) -> PluginRow {
        let state = self.state();
        let (serving, refusal) = (state.serving.as_deref(), state.refusal.as_deref());
        let facts = refusal.map(|refusal| &refusal.facts);
        let failure = self.failed.load_full();
        let failure = failure.as_deref();
        let error = refusal.map(ToString::to_string);
        let error = error.or_else(|| Some(format!("its last call failed: {}", failure?)));
        let words = match refusal {
            Some(refusal) => refusal.reason.for_operators(),
            None => failure.and_then(CallError::words).cloned(),
        };
        PluginRow {
            name: self.name.clone(),
            kind: match serving {
                Some(generation) => Some(generation.code.kind()),
                None => facts.and_then(|facts| facts.kind),
            },
            version: serving.map(|generation| generation.version.clone()),
            digest: match serving {
                Some(generation) => Some(generation.identity.digest.clone()),
                None => facts.and_then(|facts| facts.digest.clone()),
            },
            generation: state.generation,
            state: match (serving, refusal.map(|refusal| &refusal.reason)) {
                (Some(_), _) if failure.is_some() => PluginState::Failing,
                (Some(_), _) => PluginState::Active,
                (None, Some(LoadError::Quarantined)) => PluginState::Quarantined,
                (None, Some(_)) => PluginState::Rejected,
                (None, None) => PluginState::Loading,
            },
            loaded_at: serving.map(|generation| generation.loaded_at),
            error,
            words,
        }
    }
}
