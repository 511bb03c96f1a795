//! A server within the test: everything real but the clock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use gatewit::clock::SystemClock;
use gatewit::config::{Config, Environment};
use gatewit::http::server::{HttpLimits, serve};
use gatewit::http::{App, Sites, Traffic};
use gatewit::oidc::{Oidc, OidcSettings};
use gatewit::signer::{MasterKey, RsaSigner};
use gatewit::sources::Sources;
use gatewit_desk::{Access, Configuration, Desk, DeskSettings, Ports, Ticketing, store_layout};
use gatewit_domain::plugin::{PluginRow, PluginState};
use gatewit_domain::ports::{Clock, Key, Store, Strategies};
use gatewit_engine::{Compiler, Engine, EngineSettings, PluginPolicy};
use gatewit_store::SledStore;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::watchdog::watch;
use super::{Client, SlowStore, until};

/// The time at which every test begins: a Monday, 07:00 in Nairobi.
pub const START: &str = "2025-12-15T07:00:00+03:00";
const MASTER_KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A server that ends with the test.
pub struct Server {
    pub client: Client,
    pub clock: Arc<TestClock>,
    pub store: Arc<dyn Store>,
    /// For what the program does by itself now and then, and a test when it is due.
    pub desk: Arc<Desk>,
    /// Stops serving when dropped.
    serving: JoinSet<()>,
    data: TempDir,
}

/// How a server differs from the usual.
#[derive(Default)]
struct Setup {
    traffic: Traffic,
    limits: HttpLimits,
    oidc: Option<OidcSettings>,
    access: Access,
    /// Where a configuration lies, whose ticket sources are served.
    configured: Option<PathBuf>,
}

/// A clock that stands still until it is set.
pub struct TestClock(AtomicI64);

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).expect("tests stay within time")
    }

    /// Waits as long as the program does: what is waited for is real, too.
    async fn sleep(&self, time: SignedDuration) {
        SystemClock.sleep(time).await;
    }
}

impl TestClock {
    /// Sets the clock to a time such as `2025-12-15T09:00:00+03:00`.
    pub fn set(&self, time: &str) {
        let time: Timestamp = time.parse().expect("a test writes times in RFC 3339");
        self.0.store(time.as_second(), Ordering::Relaxed);
    }

    pub fn advance(&self, by: SignedDuration) {
        self.0.fetch_add(by.as_secs(), Ordering::Relaxed);
    }
}

impl Server {
    /// Starts a server with our own plugins.
    pub async fn start() -> Self {
        Self::start_with(&super::plugins()).await
    }

    /// Starts a server with the plugins of a directory.
    pub async fn start_with(plugins: &Path) -> Self {
        Self::start_in(plugins, Setup::default()).await
    }

    /// Starts a server whose callers a provider identifies.
    pub async fn start_identifying(oidc: OidcSettings, access: Access) -> Self {
        Self::start_identifying_with(&super::plugins(), oidc, access).await
    }

    /// Starts such a server with the plugins of a directory.
    pub async fn start_identifying_with(
        plugins: &Path,
        oidc: OidcSettings,
        access: Access,
    ) -> Self {
        let setup = Setup {
            oidc: Some(oidc),
            access,
            ..Setup::default()
        };
        Self::start_in(plugins, setup).await
    }

    /// Starts a server with the ticket sources of an `event_config.yml` in this folder, and of the `.env` beside it.
    pub async fn start_configured(folder: &Path) -> Self {
        let setup = Setup {
            configured: Some(folder.to_owned()),
            ..Setup::default()
        };
        Self::start_in(&super::plugins(), setup).await
    }

    /// Starts a server that trusts these proxies.
    pub async fn start_behind(proxies: &str) -> Self {
        let traffic = Traffic {
            proxies: proxies.parse().expect("a test writes good networks"),
            ..Traffic::default()
        };
        let setup = Setup {
            traffic,
            ..Setup::default()
        };
        Self::start_in(&super::plugins(), setup).await
    }

    /// Starts a server with other limits.
    pub async fn start_limited(limits: HttpLimits) -> Self {
        let setup = Setup {
            limits,
            ..Setup::default()
        };
        Self::start_in(&super::plugins(), setup).await
    }

    /// Starts a server with other names, which pages of other sites may use.
    pub async fn start_at(sites: Sites) -> Self {
        let traffic = Traffic {
            sites,
            ..Traffic::default()
        };
        let setup = Setup {
            traffic,
            ..Setup::default()
        };
        Self::start_in(&super::plugins(), setup).await
    }

    /// Starts a server whose commits can be held up.
    pub async fn start_slow() -> (Self, Arc<SlowStore>) {
        let data = TempDir::new().expect("there is room for a test's data");
        let clock = Arc::new(TestClock(AtomicI64::new(0)));
        clock.set(START);
        let store =
            SledStore::open(data.path(), store_layout(clock.now())).expect("a new store opens");
        let store = Arc::new(SlowStore::over(Arc::new(store)));
        let (plugins, setup) = (super::plugins(), Setup::default());
        let server = Self::over(store.clone(), data, clock, &plugins, setup).await;
        (server, store)
    }

    async fn start_in(plugins: &Path, setup: Setup) -> Self {
        let data = TempDir::new().expect("there is room for a test's data");
        let clock = Arc::new(TestClock(AtomicI64::new(0)));
        clock.set(START);
        let store: Arc<dyn Store> = Arc::new(
            SledStore::open(data.path(), store_layout(clock.now())).expect("a new store opens"),
        );
        Self::over(store, data, clock, plugins, setup).await
    }

    /// Ends the server and starts another over the same store.
    pub async fn restart(self) -> Self {
        drop(self.serving);
        let (plugins, setup) = (super::plugins(), Setup::default());
        Self::over(self.store, self.data, self.clock, &plugins, setup).await
    }

    /// All that is stored, so that a test can tell whether anything changed.
    pub async fn stored(&self) -> BTreeMap<String, String> {
        let rows = self.store.scan(&Key::new(""), None, usize::MAX).await;
        let rows = rows.expect("the store reads").into_iter();
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        rows.map(|(key, value)| (text(key.as_bytes()), text(&value)))
            .collect()
    }

    async fn over(
        store: Arc<dyn Store>,
        data: TempDir,
        clock: Arc<TestClock>,
        plugins: &Path,
        setup: Setup,
    ) -> Self {
        watch();
        let settings = EngineSettings {
            plugins: plugins.to_owned(),
            cache: super::target().join("test-cache"),
            kept: data.path().join("components"),
            compiler: Compiler::InProcess,
            policy: PluginPolicy::default(),
        };
        let engine = Engine::open(settings, clock.clone()).expect("the engine opens");
        let engine = Arc::new(engine);
        let (sources, ticketing) = match &setup.configured {
            Some(folder) => sources(folder, &engine),
            None => Default::default(),
        };
        let key = MasterKey::find(Some(MASTER_KEY), data.path()).expect("the key is well-formed");
        let ports = Ports {
            store: store.clone(),
            strategies: engine.clone(),
            library: engine.clone(),
            signer: Arc::new(RsaSigner::new(&key).expect("there are threads")),
            clock: clock.clone(),
        };
        let desk_settings = DeskSettings {
            configuration: Configuration {
                sources: sources.configured(),
                ticketing,
                access: setup.access,
            },
            ..DeskSettings::default()
        };
        let desk = Desk::open(ports, desk_settings)
            .await
            .expect("the desk opens");
        let desk = Arc::new(desk);
        let mut serving = JoinSet::new();
        let started = engine.start(desk.plugins.clone(), &mut serving).await;
        started.expect("the engine starts");
        until("no plugin is being loaded", async || {
            let rows = engine.plugins();
            let is_loading = |row: &PluginRow| row.state == PluginState::Loading;
            (!rows.iter().any(is_loading)).then_some(())
        })
        .await;
        sources.keep_fresh(&desk, &mut serving);
        let cold = Arc::clone(&desk);
        serving.spawn(async move { cold.events.warm_windows().await });
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let base = format!(
            "http://{}",
            listener
                .local_addr()
                .expect("a bound socket has an address")
        );
        let app = App {
            desk: desk.clone(),
            oidc: setup.oidc.map(|oidc| Oidc::new(oidc, clock.clone())),
        };
        let app = gatewit::http::router(app, Arc::new(setup.traffic));
        serving.spawn(serve(listener, app, setup.limits, CancellationToken::new()));
        Self {
            client: Client::new(&base),
            clock,
            store,
            desk,
            serving,
            data,
        }
    }
}

/// Opens the ticket sources of a configuration as the program does.
fn sources(folder: &Path, engine: &Arc<Engine>) -> (Sources, Ticketing) {
    let config = Config::load(Some(&folder.join("event_config.yml"))).expect("it is good");
    let environment = Environment::load(folder).expect("the variables can be read");
    let plan = config.plan(&environment, folder).expect("it is good");
    (Sources::open(plan.sources, engine), plan.ticketing)
}
