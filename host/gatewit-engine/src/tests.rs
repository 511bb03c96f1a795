//! The engine as the domain sees it, with real components. Each test owns its directory and its engine.

mod backend_limits;
mod backends;
mod caching;
mod guests;
mod hostile;
mod library;
mod loading;
mod memory;
mod misbehaviour;
mod sending;
mod upstream;

use gatewit_decision::DayId;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use gatewit_domain::calendar::{Calendar, EventDay};
use gatewit_domain::plugin::{KeptPlugin, PluginEvent, PluginRow};
use gatewit_domain::ports::{Clock, PluginKeeper, Strategies};
use gatewit_domain::window::{DoorRule, Holder, StrategyError, StrategyName, WindowsAnswer};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::{Compiler, Engine, EngineSettings, PluginLimits, PluginPolicy};

/// An engine and the directories it works in.
struct House {
    engine: Arc<Engine>,
    directory: TempDir,
    keeper: Arc<Notebook>,
    /// Holds the library.
    _beside: JoinSet<()>,
}

/// Keeps in memory.
#[derive(Default)]
struct Notebook {
    kept: Mutex<BTreeMap<String, KeptPlugin>>,
    history: Mutex<Vec<(String, PluginEvent)>>,
    users: Mutex<Vec<String>>,
    is_full: AtomicBool,
}

#[async_trait]
impl PluginKeeper for Notebook {
    async fn kept(&self) -> Result<BTreeMap<String, KeptPlugin>, Box<dyn Error + Send + Sync>> {
        Ok(self.kept.lock().unwrap().clone())
    }

    async fn keep(
        &self,
        plugin: &str,
        kept: &KeptPlugin,
        events: &[PluginEvent],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err("the disk is full".into());
        }
        let mut all = self.kept.lock().unwrap();
        all.insert(plugin.to_owned(), kept.clone());
        let events = events.iter().cloned();
        let mut history = self.history.lock().unwrap();
        history.extend(events.map(|event| (plugin.to_owned(), event)));
        Ok(())
    }

    fn users(&self, _: &str) -> Vec<String> {
        self.users.lock().unwrap().clone()
    }
}

struct Noon;

#[async_trait]
impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2025-12-01T12:00:00Z".parse().unwrap()
    }

    async fn sleep(&self, _: SignedDuration) {}
}

impl House {
    /// Starts an engine with plugins of these names and contents.
    async fn of(plugins: &[(&str, &[u8])]) -> Self {
        Self::with_limits(plugins, PluginLimits::default()).await
    }

    async fn with_limits(plugins: &[(&str, &[u8])], limits: PluginLimits) -> Self {
        let directory = TempDir::new().unwrap();
        fs::create_dir(directory.path().join("plugins")).unwrap();
        for (name, bytes) in plugins {
            fs::write(plugin_path(directory.path(), name), bytes).unwrap();
        }
        let settings = settings(directory.path(), limits);
        Self::start(directory, settings, Arc::default()).await
    }

    async fn start(directory: TempDir, settings: EngineSettings, keeper: Arc<Notebook>) -> Self {
        let engine = Arc::new(Engine::open(settings, Arc::new(Noon)).unwrap());
        let mut beside = JoinSet::new();
        engine.start(keeper.clone(), &mut beside).await.unwrap();
        for slot in engine.registry.slots() {
            assert!(slot.until_loaded().await);
        }
        Self {
            engine,
            directory,
            keeper,
            _beside: beside,
        }
    }

    /// Starts an engine anew over the same directories.
    async fn restart(self) -> Self {
        let settings = settings(self.directory.path(), PluginLimits::default());
        Self::start(self.directory, settings, self.keeper).await
    }

    /// Restarts with this compiler, and no code in the cache.
    async fn restart_with(self, compiler: Compiler) -> Self {
        fs::remove_dir_all(self.directory.path().join("cache")).unwrap();
        let settings = EngineSettings {
            compiler,
            ..settings(self.directory.path(), PluginLimits::default())
        };
        Self::start(self.directory, settings, self.keeper).await
    }

    /// Replaces a plugin's file and loads it, as if its change had been told.
    async fn replace(&self, name: &str, bytes: &[u8]) {
        fs::write(plugin_path(self.directory.path(), name), bytes).unwrap();
        self.engine.look(name).await;
    }

    #[track_caller]
    fn row(&self, name: &str) -> PluginRow {
        let mut rows = self.engine.plugins().into_iter();
        rows.find(|row| row.name == name).unwrap()
    }

    async fn ask(&self, rule: &Arc<DoorRule>) -> Result<Arc<WindowsAnswer>, StrategyError> {
        self.engine.windows(rule, &holder("vip")).await
    }

    async fn check_options(&self, strategy: &str, options: Value) -> Result<(), StrategyError> {
        let strategy = StrategyName::from(strategy.to_owned());
        self.engine.check_options(&strategy, &object(options)).await
    }

    /// How often a plugin was called, and how often that failed.
    fn counts(&self, plugin: &str) -> (u64, u64) {
        let counts = self.engine.plugin_costs();
        let counts = counts
            .iter()
            .find(|counts| counts.plugin == plugin)
            .unwrap();
        let failures = counts.used.failures.iter().map(|(_, count)| count);
        (counts.used.calls, failures.sum())
    }
}

fn settings(directory: &Path, limits: PluginLimits) -> EngineSettings {
    EngineSettings {
        plugins: directory.join("plugins"),
        cache: directory.join("cache"),
        kept: directory.join("kept"),
        compiler: Compiler::InProcess,
        policy: PluginPolicy {
            limits,
            ..PluginPolicy::default()
        },
    }
}

fn plugin_path(directory: &Path, name: &str) -> PathBuf {
    directory.join("plugins").join(name).with_extension("wasm")
}

/// One day in Nairobi, 09:00 to 18:00.
fn rule(strategy: &str, options: Value) -> Arc<DoorRule> {
    let day = EventDay {
        id: DayId(0),
        name: "Day 1".to_owned(),
        starts: "2025-12-15T06:00:00Z".parse().unwrap(),
        ends: "2025-12-15T15:00:00Z".parse().unwrap(),
    };
    let calendar = Calendar {
        time_zone: "Africa/Nairobi".parse().unwrap(),
        days: vec![day],
    };
    let strategy = StrategyName::from(strategy.to_owned());
    Arc::new(DoorRule::new(
        strategy,
        &object(options),
        "Rust Summit".to_owned(),
        calendar,
    ))
}

fn mischief(deed: &str) -> Arc<DoorRule> {
    rule("MISCHIEF", json!({ "do": deed }))
}

fn holder(ticket_type: &str) -> Holder {
    Holder {
        ticket_type: ticket_type.to_owned(),
        attributes: vec!["is_speaker".to_owned()],
    }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// Reads a component that the workspace builds, such as `plugins/hours-before.wasm`.
#[track_caller]
fn built(path: &str) -> Vec<u8> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = workspace
        .join(target.unwrap_or_else(|| "target".into()))
        .join(path);
    fs::read(&path).unwrap_or_else(|err| panic!("{path:?}: {err}; run `cargo xtask plugins` first"))
}

/// The same component with another digest.
fn renewed(component: &[u8]) -> Vec<u8> {
    // An empty custom section named "x".
    [component, &[0, 2, 1, b'x']].concat()
}

/// The text of a call that failed.
#[track_caller]
fn failure<T: Debug>(answer: Result<T, StrategyError>) -> String {
    match answer {
        Err(failed @ StrategyError::Failed { .. }) => failed.to_string(),
        other => panic!("{other:?}"),
    }
}

fn windows_of(answer: Result<Arc<WindowsAnswer>, StrategyError>) -> Vec<String> {
    let windows = answer.unwrap().windows.clone();
    let print = windows
        .iter()
        .map(|window| format!("{} {} {}", window.day, window.opens, window.closes));
    print.collect()
}
