//! All plugins of a server, and how they are reached.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use gatewit_domain::plugin::PluginRow;
use gatewit_domain::ports::{Clock, Strategies};
use gatewit_domain::window::{DoorRule, Holder, StrategyError, StrategyName, WindowsAnswer};

use crate::asking;
use crate::kept::{KeptWindows, Question};
use crate::load::{Generation, Loader, Refusal, is_plugin_name, plugin_name};
use crate::runtime::Runtime;
use crate::settings::EngineSettings;
use crate::slot::{CallCounts, Slot};

/// Runs the plugins of a directory.
pub struct Engine {
    loader: Loader,
    roster: ArcSwap<Roster>,
    kept: Arc<KeptWindows>,
}

/// Which plugin is where.
#[derive(Clone, Default)]
struct Roster {
    /// By plugin name, also those that cannot serve.
    slots: BTreeMap<String, Arc<Slot>>,
    /// Those that may be asked, by the name events use.
    strategies: HashMap<StrategyName, Arc<Slot>>,
}

/// The engine cannot start. A plugin that cannot be loaded is no such thing.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}")]
pub struct EngineError {
    action: String,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl Engine {
    /// Loads every `*.wasm` of the plugin directory. What cannot be loaded is logged, and listed with the reason.
    ///
    /// Takes up to some seconds a file if they were not compiled before.
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
            roster: ArcSwap::default(),
            kept: Arc::new(KeptWindows::new()),
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

    /// Tells how often each plugin was called, by name.
    pub fn call_counts(&self) -> Vec<CallCounts> {
        self.roster
            .load()
            .slots
            .values()
            .map(|slot| slot.counts())
            .collect()
    }

    /// Loads one file. If it is good, it serves from now on; if not, the plugin's row says why.
    ///
    /// For one thread at a time.
    pub(crate) fn load_file(&self, file: &Path) {
        let name = plugin_name(file);
        let slot = self.slot_of_plugin(&name);
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
            }
            Err(refusal) => {
                note_refusal(&refusal);
                slot.refuse(&refusal);
            }
        }
    }

    /// How many components were found compiled in the cache.
    pub(crate) fn found_compiled(&self) -> usize {
        self.loader.runtime.found_compiled()
    }

    /// Finds a plugin's slot, or makes one.
    pub(crate) fn slot_of_plugin(&self, name: &str) -> Arc<Slot> {
        let roster = self.roster.load();
        if let Some(slot) = roster.slots.get(name) {
            return Arc::clone(slot);
        }
        let slot = Arc::new(Slot::new(name.to_owned()));
        let mut roster = Roster::clone(&roster);
        roster.slots.insert(name.to_owned(), Arc::clone(&slot));
        if is_plugin_name(name) {
            let strategy = StrategyName::of_plugin(name);
            roster.strategies.insert(strategy, Arc::clone(&slot));
        }
        self.roster.store(Arc::new(roster));
        slot
    }

    /// Finds the slot under a strategy's name, if something serves in it.
    fn serving(&self, strategy: &StrategyName) -> Result<Arc<Slot>, StrategyError> {
        let roster = self.roster.load();
        match roster.strategies.get(strategy) {
            Some(slot) if slot.content().serving.is_some() => Ok(Arc::clone(slot)),
            _ => Err(StrategyError::Unknown {
                name: strategy.to_string(),
                loaded: roster.loaded(),
            }),
        }
    }

    /// Answers without a call, if that can be.
    fn kept_answer(
        &self,
        slot: &Slot,
        rule: &DoorRule,
        holder: &Holder,
    ) -> Option<Result<Arc<WindowsAnswer>, StrategyError>> {
        let content = slot.content();
        let digest = &content.serving.as_ref()?.identity.digest;
        let answer = self.kept.answer(Question::new(rule, holder), digest)?;
        Some(answer.map_err(|reason| asking::failed(&rule.strategy, &reason)))
    }
}

impl Roster {
    /// Names the strategies that can be used, sorted.
    fn loaded(&self) -> Vec<String> {
        let serving = self.strategies.iter();
        let serving = serving.filter(|(_, slot)| slot.content().serving.is_some());
        let mut names: Vec<String> = serving.map(|(name, _)| name.to_string()).collect();
        names.sort_unstable();
        names
    }
}

#[async_trait]
impl Strategies for Engine {
    fn plugins(&self) -> Vec<PluginRow> {
        self.roster
            .load()
            .slots
            .values()
            .map(|slot| slot.row())
            .collect()
    }

    async fn check_options(
        &self,
        strategy: &StrategyName,
        options: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<(), StrategyError> {
        let slot = self.serving(strategy)?;
        let options = serde_json::to_string(options).expect("a JSON object prints as JSON");
        asking::check_options(slot, strategy, options).await
    }

    async fn windows(
        &self,
        rule: &Arc<DoorRule>,
        holder: &Holder,
    ) -> Result<Arc<WindowsAnswer>, StrategyError> {
        let slot = self.serving(&rule.strategy)?;
        if let Some(answer) = self.kept_answer(&slot, rule, holder) {
            return answer;
        }
        asking::windows(slot, &self.kept, rule, holder).await
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
        plugin.digest = refusal.found.digest,
        "{refusal}"
    );
}
