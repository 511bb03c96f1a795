//! All plugins of a server, and how they are reached.

use gatewit_decision::Window;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use gatewit_domain::plugin::{CallError, PluginRow};
use gatewit_domain::ports::{Clock, Strategies};
use gatewit_domain::window::{DoorRule, Holder, StrategyError, StrategyName, WindowsAnswer};
use tokio::sync::Semaphore;

use crate::load::{Generation, Loader, Refusal, plugin_name};
use crate::registry::PluginRegistry;
use crate::runtime::{BACKENDS_MAX, Runtime};
use crate::settings::{EngineSettings, SourceSettings};
use crate::slot::{CallCounts, PluginSlot};
use crate::source::Source;
use crate::strategy_calls;
use crate::window_cache::{WindowCache, WindowKey};

/// Runs the plugins of a directory.
pub struct Engine {
    loader: Loader,
    pub(crate) registry: Arc<PluginRegistry>,
    cache: Arc<WindowCache>,
    /// Permits for instances of backends.
    permits: Arc<Semaphore>,
}

/// The engine cannot start. A plugin that cannot be loaded does not cause this.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}")]
pub struct EngineError {
    action: String,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl Engine {
    /// Loads every `*.wasm` of the plugin directory. A plugin that cannot be loaded is logged, and listed with the
    /// reason.
    ///
    /// Takes up to some seconds per file that is not compiled yet.
    pub fn load(settings: EngineSettings, clock: Arc<dyn Clock>) -> Result<Self, EngineError> {
        let runtime = Runtime::start(&settings.cache).map_err(|err| EngineError {
            action: format!(
                "start the plugin runtime with its cache in {:?}",
                settings.cache
            ),
            source: err.into(),
        })?;
        let files = plugin_files(&settings.plugins).map_err(|err| EngineError {
            action: format!("read the plugin directory {:?}", settings.plugins),
            source: err.into(),
        })?;
        let engine = Self {
            loader: Loader {
                runtime,
                settings,
                clock,
            },
            registry: Arc::default(),
            cache: Arc::new(WindowCache::new()),
            permits: Arc::new(Semaphore::new(BACKENDS_MAX as usize)),
        };
        for file in &files {
            engine.load_file(file);
        }
        tracing::info!(
            files = files.len(),
            found_compiled = engine.found_compiled(),
            "plugins loaded"
        );
        Ok(engine)
    }

    /// Returns how often each plugin was called, by name.
    pub fn call_counts(&self) -> Vec<CallCounts> {
        let slots = self.registry.slots();
        slots.iter().map(|slot| slot.counts()).collect()
    }

    /// Asks a strategy when doors are open: on this thread, without waiting for a permit, and without caching the answer.
    ///
    /// Blocks for as long as the plugin may run. It is for the benchmark of a single call; scans use
    /// [`Strategies::windows`].
    #[doc(hidden)]
    pub fn call(&self, rule: &DoorRule, holder: &Holder) -> Result<Vec<Window>, StrategyError> {
        let slot = self.registry.strategy(&rule.strategy)?;
        let windows = slot
            .strategy()
            .map_err(CallError::from)
            .and_then(|(_, strategy)| strategy.windows(rule, holder));
        windows.map_err(|error| strategy_calls::failed(&rule.strategy, error))
    }

    /// The digest of the component that serves under a plugin's name, if one does.
    pub fn serving_digest(&self, plugin: &str) -> Option<String> {
        let slot = self.registry.slot(plugin)?;
        let state = slot.state();
        Some(state.serving.as_ref()?.identity.digest.clone())
    }

    /// Ends when the component that serves under a plugin's name has another digest than this one.
    pub async fn swapped(&self, plugin: &str, digest: Option<&str>) {
        let mut swaps = self.registry.swaps();
        while self.serving_digest(plugin).as_deref() == digest {
            if swaps.changed().await.is_err() {
                std::future::pending().await
            }
        }
    }

    /// A ticket source. Each run uses the backend that serves under the plugin's name at that time.
    pub fn source(&self, settings: SourceSettings) -> Source {
        Source::new(
            settings,
            Arc::clone(&self.registry),
            Arc::clone(&self.permits),
        )
    }

    /// Loads one file. If it is valid, it serves from now on; otherwise the plugin's row says why.
    ///
    /// Must not be called by two threads at once.
    pub(crate) fn load_file(&self, file: &Path) {
        let name = plugin_name(file);
        let slot = self.registry.slot_or_new(&name);
        match self.loader.load(file) {
            Ok(generation) => {
                let Generation {
                    identity, version, ..
                } = &generation;
                tracing::info!(
                    plugin.name = %name,
                    plugin.digest = %identity.digest,
                    plugin.version = %version,
                    "plugin {name:?} loaded"
                );
                slot.accept(generation);
                self.registry.note_swap();
            }
            Err(refusal) => {
                note_refusal(&refusal);
                slot.refuse(refusal);
            }
        }
    }

    /// The number of components that the cache held compiled.
    pub(crate) fn found_compiled(&self) -> usize {
        self.loader.runtime.found_compiled()
    }

    /// Answers without a call, if possible.
    fn cached_answer(
        &self,
        slot: &PluginSlot,
        rule: &DoorRule,
        holder: &Holder,
    ) -> Option<Result<Arc<WindowsAnswer>, StrategyError>> {
        let state = slot.state();
        let digest = &state.serving.as_ref()?.identity.digest;
        let answer = self.cache.get(WindowKey::new(rule, holder), digest)?;
        Some(answer.map_err(|error| strategy_calls::failed(&rule.strategy, error)))
    }
}

#[async_trait]
impl Strategies for Engine {
    fn plugins(&self) -> Vec<PluginRow> {
        let slots = self.registry.slots();
        slots.iter().map(|slot| slot.row()).collect()
    }

    async fn check_options(
        &self,
        strategy: &StrategyName,
        options: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<(), StrategyError> {
        let slot = self.registry.strategy(strategy)?;
        let options = serde_json::to_string(options).expect("a JSON object prints as JSON");
        strategy_calls::check_options(slot, strategy, options).await
    }

    async fn windows(
        &self,
        rule: &Arc<DoorRule>,
        holder: &Holder,
    ) -> Result<Arc<WindowsAnswer>, StrategyError> {
        let slot = self.registry.strategy(&rule.strategy)?;
        if let Some(answer) = self.cached_answer(&slot, rule, holder) {
            return answer;
        }
        strategy_calls::windows(slot, &self.cache, rule, holder).await
    }

    fn restore(&self, rule: &DoorRule, holder: &Holder, answer: Arc<WindowsAnswer>) {
        self.cache.insert(WindowKey::new(rule, holder), &answer);
    }
}

/// Lists the files that may be plugins, by name.
fn plugin_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: Result<Vec<_>, _> = fs::read_dir(directory)?.collect();
    let paths = entries?.into_iter().map(|entry| entry.path());
    let is_wasm = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| extension == "wasm")
    };
    let mut files: Vec<PathBuf> = paths.filter(is_wasm).collect();
    files.sort_unstable();
    Ok(files)
}

fn note_refusal(refusal: &Refusal) {
    tracing::warn!(
        plugin.name = %refusal.name,
        plugin.digest = refusal.facts.digest,
        "{refusal}"
    );
}
