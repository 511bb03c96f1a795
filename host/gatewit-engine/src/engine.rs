//! All plugins of a server, and how they are reached.

use gatewit_decision::Window;
use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::join_all;
use gatewit_domain::plugin::{CallError, LibraryError, PluginRow, PluginUpload, PluginUse};
use gatewit_domain::ports::{Clock, PluginKeeper, PluginLibrary, Strategies, TriedPlugin};
use gatewit_domain::window::{DoorRule, Holder, StrategyError, StrategyName, WindowsAnswer};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{RwLock, Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::compiling::Compilation;
use crate::foreman::Foreman;
use crate::library::{JUDGED_AT_ONCE, Library, Shelf, plugin_files, watch};
use crate::load::{Loader, plugin_name};
use crate::orders::{Alarm, Looks, Order, Reply, Task};
use crate::registry::PluginRegistry;
use crate::runtime::{BACKENDS_MAX, Runtime};
use crate::settings::{CurrentPolicy, EngineSettings, PluginPolicy, SourceSettings};
use crate::slot::{PluginCosts, PluginSlot};
use crate::source::Source;
use crate::strategy_calls;
use crate::window_cache::{WindowCache, WindowKey};

/// How long a start waits for plugins.
const START_WAIT_MAX: Duration = Duration::from_secs(2);

/// Runs the plugins of a directory.
pub struct Engine {
    pub(crate) loader: Arc<Loader>,
    pub(crate) registry: Arc<PluginRegistry>,
    cache: Arc<WindowCache>,
    /// Permits for instances of backends.
    permits: Arc<Semaphore>,
    shelf: Arc<Shelf>,
    orders: UnboundedSender<Order>,
    /// For the library, until it is started.
    taken_by: Mutex<Option<UnboundedReceiver<Order>>>,
    /// The plugins that had a file when the engine was opened.
    found: BTreeSet<String>,
}

/// The engine cannot start. A plugin that cannot be loaded does not cause this.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}")]
pub struct EngineError {
    action: String,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl EngineError {
    fn new(
        action: &str,
        directory: &PathBuf,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            action: format!("{action} {directory:?}"),
            source: source.into(),
        }
    }
}

impl Engine {
    /// Starts the runtime. Nothing serves before [`Engine::start`].
    pub fn open(settings: EngineSettings, clock: Arc<dyn Clock>) -> Result<Self, EngineError> {
        let EngineSettings {
            plugins,
            cache,
            kept,
            ..
        } = &settings;
        let runtime = Runtime::start(cache).map_err(|err| {
            EngineError::new("start the plugin runtime with its cache in", cache, err)
        })?;
        let compilation = Compilation::new(settings.compiler.clone(), cache, runtime.engine())
            .map_err(|err| EngineError::new("prepare the cache in", cache, err))?;
        let files = plugin_files(plugins)
            .map_err(|err| EngineError::new("read the plugin directory", plugins, err))?;
        let shelf = Shelf::open(kept.clone())
            .map_err(|err| EngineError::new("keep plugins in", kept, err))?;
        let (orders, taken_by) = unbounded_channel();
        let loader = Loader {
            runtime,
            compilation,
            directory: settings.plugins,
            policy: CurrentPolicy::new(settings.policy),
            clock,
        };
        Ok(Self {
            loader: Arc::new(loader),
            registry: Arc::new(PluginRegistry::new(Alarm(orders.clone()))),
            cache: Arc::new(WindowCache::new()),
            permits: Arc::new(Semaphore::new(BACKENDS_MAX as usize)),
            shelf: Arc::new(shelf),
            orders,
            taken_by: Mutex::new(Some(taken_by)),
            found: files.iter().map(|file| plugin_name(file)).collect(),
        })
    }

    /// Starts the library of plugins as a task beside the caller: loads what is kept and what lies in the plugin directory.
    /// Returns when each plugin serves or was refused, after two seconds at the latest: the rest is loaded behind it. A
    /// plugin that cannot be loaded is logged, and listed with the reason. Later calls change nothing.
    pub async fn start(
        &self,
        keeper: Arc<dyn PluginKeeper>,
        beside: &mut JoinSet<()>,
    ) -> Result<(), EngineError> {
        self.begin(keeper, Looks::AtDirectory, beside).await
    }

    /// Starts the library without looking at the plugin directory, and changes nothing: what is kept serves, if it can.
    pub async fn start_as_kept(
        &self,
        keeper: Arc<dyn PluginKeeper>,
        beside: &mut JoinSet<()>,
    ) -> Result<(), EngineError> {
        self.begin(keeper, Looks::Nowhere, beside).await?;
        self.registry.until_loaded().await;
        Ok(())
    }

    async fn begin(
        &self,
        keeper: Arc<dyn PluginKeeper>,
        looks: Looks,
        beside: &mut JoinSet<()>,
    ) -> Result<(), EngineError> {
        let orders = self
            .taken_by
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(orders) = orders else {
            return Ok(());
        };
        let kept = keeper.kept().await.map_err(|source| EngineError {
            action: "read which plugins are kept".to_owned(),
            source,
        })?;
        let kept: HashMap<_, _> = kept.into_iter().collect();
        let serving = kept.iter().filter(|(_, kept)| kept.wanted().is_some());
        let mut names: BTreeSet<_> = serving.map(|(name, _)| name.clone()).collect();
        if looks == Looks::AtDirectory {
            names.extend(self.found.iter().cloned());
        }
        let library = Library {
            loader: Arc::clone(&self.loader),
            registry: Arc::clone(&self.registry),
            cache: Arc::clone(&self.cache),
            shelf: Arc::clone(&self.shelf),
            keeper,
            clock: Arc::clone(&self.loader.clock),
            orders: self.orders.clone(),
            kept: Mutex::new(kept),
            judging: Semaphore::new(JUDGED_AT_ONCE),
            kept_loads: Semaphore::new(JUDGED_AT_ONCE),
            shelving: RwLock::default(),
        };
        beside.spawn(Foreman::new(library, orders).run());
        let ends: Vec<_> = names
            .into_iter()
            .map(|plugin| self.order_start(plugin, looks))
            .collect();
        let count = ends.len();
        let (loader, all_ended) = (Arc::clone(&self.loader), join_all(ends));
        let mut loading = Box::pin(async move {
            all_ended.await;
            let found_compiled = loader.found_compiled();
            tracing::info!(files = count, found_compiled, "plugins loaded");
        });
        if timeout(START_WAIT_MAX, &mut loading).await.is_err() {
            tracing::warn!("plugins are still being loaded; the server listens meanwhile");
            beside.spawn(loading);
        }
        Ok(())
    }

    /// Waits until no plugin is being loaded, for half a minute at most.
    pub async fn until_loaded(&self) {
        self.registry.until_loaded().await;
    }

    /// Changes the limits of strategies, for calls that begin after this, and when a new generation is rolled back, for swaps
    /// after this.
    pub fn set_policy(&self, policy: PluginPolicy) {
        self.loader.policy.set(policy);
    }

    /// Has a plugin loaded; the receiver ends when it serves or was refused.
    fn order_start(&self, plugin: String, looks: Looks) -> oneshot::Receiver<()> {
        // From now on it is listed, as being loaded.
        self.registry.slot_or_new(&plugin);
        let (ended, end) = oneshot::channel();
        self.order(plugin, Task::Start(looks, ended));
        end
    }

    /// Follows the plugin directory for as long as it is polled: files that change are loaded, without a restart.
    pub async fn follow_directory(&self) {
        watch(self.loader.directory.clone(), self.orders.clone()).await;
    }

    fn order(&self, plugin: String, task: Task) {
        // If nobody takes orders, the reply says so.
        let _ = self.orders.send(Order { plugin, task });
    }

    async fn ask<T>(
        &self,
        plugin: &str,
        task: impl FnOnce(Reply<T>) -> Task,
    ) -> Result<T, LibraryError> {
        let (reply, answer) = oneshot::channel();
        self.order(plugin.to_owned(), task(reply));
        let stopped = || LibraryError::NotKept("the server is stopping".to_owned());
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Returns what each plugin has cost, by name.
    pub fn plugin_costs(&self) -> Vec<PluginCosts> {
        let slots = self.registry.slots();
        slots.iter().map(|slot| slot.costs()).collect()
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

    /// Looks at a plugin's file as if something had been told of it, and returns when it was judged.
    #[cfg(test)]
    pub(crate) async fn look(&self, plugin: &str) {
        let (ended, end) = oneshot::channel();
        self.order(plugin.to_owned(), Task::Look(Some(ended)));
        let _ = end.await;
    }

    /// Answers without a call, if possible.
    fn cached_answer(
        &self,
        slot: &PluginSlot,
        rule: &Arc<DoorRule>,
        holder: &Holder,
    ) -> Option<Result<Arc<WindowsAnswer>, StrategyError>> {
        let state = slot.state();
        let serving = state.serving.as_ref()?;
        let key = WindowKey::new(rule, holder);
        let Some(answer) = self.cache.get(key, &serving.identity.digest) else {
            // Just after a swap, the answer of the generation before serves until this one has been asked.
            let is_asked = serving.has_been_asked.load(Ordering::Acquire);
            return (!is_asked)
                .then(|| self.cache.last_good(key))
                .flatten()
                .map(Ok);
        };
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
        let slot = self.registry.loaded_strategy(strategy).await?;
        let options = serde_json::to_string(options).expect("a JSON object prints as JSON");
        strategy_calls::check_options(slot, strategy, options).await
    }

    async fn windows(
        &self,
        rule: &Arc<DoorRule>,
        holder: &Holder,
    ) -> Result<Arc<WindowsAnswer>, StrategyError> {
        let key = WindowKey::new(rule, holder);
        let slot = match (
            self.registry.strategy(&rule.strategy),
            self.cache.last_good(key),
        ) {
            (Ok(slot), _) => slot,
            (Err(_), Some(answer)) if self.registry.is_loading(&rule.strategy) => {
                return Ok(answer);
            }
            (Err(_), _) => self.registry.loaded_strategy(&rule.strategy).await?,
        };
        if let Some(answer) = self.cached_answer(&slot, rule, holder) {
            return answer;
        }
        strategy_calls::windows(slot, &self.cache, rule, holder).await
    }

    fn restore(&self, rule: &Arc<DoorRule>, holder: &Holder, answer: Arc<WindowsAnswer>) {
        self.cache.insert(WindowKey::new(rule, holder), &answer);
    }
}

#[async_trait]
impl PluginLibrary for Engine {
    fn used(&self, plugin: &str) -> Option<PluginUse> {
        Some(self.registry.slot(plugin)?.used())
    }

    async fn upload(&self, upload: PluginUpload) -> Result<(), LibraryError> {
        let PluginUpload {
            name,
            component,
            force,
            by,
        } = upload;
        self.ask(&name, |reply| Task::Upload {
            component,
            force,
            by,
            reply,
        })
        .await
    }

    async fn try_out(
        &self,
        plugin: &str,
        component: Bytes,
        against: Option<&str>,
    ) -> Result<TriedPlugin, LibraryError> {
        let against = against.map(str::to_owned);
        self.ask(plugin, |reply| Task::TryOut {
            component,
            against,
            reply,
        })
        .await
    }

    async fn roll_back(&self, plugin: &str, by: &str) -> Result<(), LibraryError> {
        let by = by.to_owned();
        self.ask(plugin, |reply| Task::RollBack { by, reply }).await
    }

    async fn remove(&self, plugin: &str, force: bool, by: &str) -> Result<(), LibraryError> {
        let by = by.to_owned();
        self.ask(plugin, |reply| Task::Remove { force, by, reply })
            .await
    }
}
