//! The slot of one plugin name: the generation that serves under it, and why the newest file does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use gatewit_domain::plugin::{
    CallError, FailureKind, NotLoaded, PluginIdentity, PluginKind, PluginRow, PluginState,
};
use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::Mutex;

use crate::load::{Code, Generation, Refusal};
use crate::strategy::Strategy;

/// The buckets of a call's duration, in seconds: strategies take microseconds, a backend's page up to a minute.
const CALL_SECONDS: [f64; 10] = [0.0001, 0.001, 0.01, 0.05, 0.2, 1.0, 5.0, 20.0, 60.0, 300.0];

/// The slot of one plugin name.
pub(crate) struct PluginSlot {
    name: String,
    state: ArcSwap<SlotState>,
    /// Held while the plugin runs: a strategy runs one call at a time.
    pub call_lock: Arc<Mutex<()>>,
    calls: AtomicU64,
    /// By kind, in the order of [`FailureKind::ALL`].
    failures: [AtomicU64; FailureKind::ALL.len()],
    call_seconds: Histogram,
    /// How the last call of a strategy failed, if it did. A backend's failures belong to its sources.
    failed: ArcSwapOption<CallError>,
}

/// The state of a slot; it is replaced as a whole.
#[derive(Clone, Default)]
pub(crate) struct SlotState {
    /// Increases with every swap; 0 until something serves.
    generation: u64,
    pub serving: Option<Arc<Generation>>,
    /// Why the newest file was refused, if it was.
    refusal: Option<Arc<Refusal>>,
}

/// How often a plugin was called since the start.
#[derive(Clone, Debug)]
pub struct CallCounts {
    /// The plugin's name.
    pub plugin: String,
    /// Calls of the guest, including failed ones. Answers from the cache do not count.
    pub calls: u64,
    /// Calls that gave no answer, for each kind.
    pub failures: Vec<(FailureKind, u64)>,
    /// How long its calls took, in seconds.
    pub call_seconds: Histogram,
}

impl PluginSlot {
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            state: ArcSwap::default(),
            call_lock: Arc::default(),
            calls: AtomicU64::new(0),
            failures: Default::default(),
            call_seconds: Histogram::new(CALL_SECONDS),
            failed: ArcSwapOption::empty(),
        }
    }

    /// The slot's current state. Do not hold it across an await.
    pub(crate) fn state(&self) -> Guard<Arc<SlotState>> {
        self.state.load()
    }

    /// Whether the slot holds a strategy, which can be asked for windows.
    pub(crate) fn serves_strategy(&self) -> bool {
        let state = self.state();
        let serving = state.serving.as_ref();
        serving.is_some_and(|generation| generation.code.kind() == PluginKind::Strategy)
    }

    /// The strategy that serves, with its identity.
    pub(crate) fn strategy(&self) -> Result<(PluginIdentity, Arc<Strategy>), NotLoaded> {
        match self.state().serving.as_deref() {
            Some(Generation {
                identity,
                code: Code::Strategy(strategy),
                ..
            }) => Ok((identity.clone(), Arc::clone(strategy))),
            _ => Err(NotLoaded::Replaced),
        }
    }

    /// Lets a new generation serve: every call that begins after this returns uses it.
    pub(crate) fn accept(&self, generation: Generation) {
        let serving = Arc::new(generation);
        self.state.rcu(|old| SlotState {
            generation: old.generation + 1,
            serving: Some(Arc::clone(&serving)),
            refusal: None,
        });
        self.note_success();
    }

    /// Notes why the newest file does not serve. The previous generation continues to serve.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        let refusal = Arc::new(refusal);
        self.state.rcu(|old| SlotState {
            refusal: Some(Arc::clone(&refusal)),
            ..SlotState::clone(old)
        });
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

    /// Counts a failed call, and reports it until a call succeeds.
    pub(crate) fn note_failure(&self, failure: &CallError) {
        self.count_failure(failure.kind());
        self.failed.store(Some(Arc::new(failure.clone())));
    }

    pub(crate) fn note_success(&self) {
        if self.failed.load().is_some() {
            self.failed.store(None);
        }
    }

    pub(crate) fn counts(&self) -> CallCounts {
        let failures = FailureKind::ALL.into_iter();
        let failures = failures.map(|kind| {
            let count = &self.failures[kind as usize];
            (kind, count.load(Ordering::Relaxed))
        });
        CallCounts {
            plugin: self.name.clone(),
            calls: self.calls.load(Ordering::Relaxed),
            failures: failures.collect(),
            call_seconds: self.call_seconds.clone(),
        }
    }

    /// How operators see the plugin.
    pub(crate) fn row(&self) -> PluginRow {
        let state = self.state();
        let (serving, refusal) = (state.serving.as_deref(), state.refusal.as_deref());
        let facts = refusal.map(|refusal| &refusal.facts);
        let failure = self.failed.load_full();
        let failure = failure.as_deref().filter(|_| refusal.is_none());
        let error = refusal.map(ToString::to_string);
        let error = error.or_else(|| Some(format!("its last call failed: {}", failure?)));
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
            state: match serving {
                Some(_) => PluginState::Active,
                None => PluginState::Rejected,
            },
            loaded_at: serving.map(|generation| generation.loaded_at),
            error,
            words: failure.and_then(|failure| failure.words().cloned()),
        }
    }
}
