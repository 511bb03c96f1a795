//! `gatewit serve`: wires store, plugins, keys and desk together, and serves until a signal stops it.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use gatewit_desk::{Desk, DeskSettings, Ports, store_layout};
use gatewit_domain::ports::Clock;
use gatewit_engine::{Compiler, Engine, EngineSettings};
use gatewit_store::{OpenError, SledStore, StoreMeter};
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::apply::Applier;
use crate::clock::SystemClock;
use crate::declared::warn_unresolved;
use crate::directories::Directories;
use crate::http::server::{self, AdminSocket, HttpLimits};
use crate::http::{
    self, AllowedHosts, App, CorsOrigins, ListensOn, PublicUrl, Sites, Throttle, Traffic,
    TrustedProxies,
};
use crate::metrics::{self, Counters};
use crate::oidc::{Oidc, OidcSettings};
use crate::open_files::raise_open_files;
use crate::plan::{ConfigFiles, Plan};
use crate::reload::Reloads;
use crate::signer::{MasterKey, RsaSigner};
use crate::watched::WatchedFiles;

mod background_tasks;

/// How long requests under way may take to finish once the server is stopping.
const DRAIN: Duration = Duration::from_secs(10);

/// The longest time that the start waits for declared events, whose plugins may be slow. The rest are set up while the
/// server listens.
const SET_UP_MAX: Duration = Duration::from_secs(2);

/// How many connections the metrics listener accepts.
const METRICS_CONNECTIONS_MAX: usize = 32;

/// Where to listen and what to serve.
#[derive(Debug)]
pub struct ServeSettings {
    pub files: ConfigFiles,
    pub listen: SocketAddr,
    pub directories: Directories,
    pub registration_token_minutes: u32,
    /// How many wrong guesses per minute are answered about one registration token, order or ticket.
    pub guess_limit: u32,
    /// The proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: TrustedProxies,
    /// Where to serve metrics; None: nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// The URL at which people reach the server.
    pub public_url: Option<PublicUrl>,
    /// Further hosts under which the server is known.
    pub allowed_hosts: AllowedHosts,
    /// Web sites whose pages may send requests.
    pub cors_origins: CorsOrigins,
    /// Whether to listen beyond loopback while authentication is off.
    pub allow_open: bool,
}

/// Serves until SIGTERM or Ctrl-C, then drains.
pub async fn serve(settings: ServeSettings) -> anyhow::Result<()> {
    // Cancels the tasks when it is dropped.
    let mut beside = JoinSet::new();
    // Installed first, since an unhandled signal would end the process.
    let hangups = signal(SignalKind::hangup())?;
    let watched = WatchedFiles::new(settings.files.paths(), "the configuration");
    let plan = settings.files.read()?;
    check_exposure(&settings, plan.oidc.as_ref())?;
    let limits = limits();
    let oidc = plan.oidc.clone();
    let opened = open(&settings.directories, desk_settings(&settings), &plan).await?;
    let desk = Arc::clone(&opened.desk);
    let engine = Arc::clone(&opened.engine);
    engine.start(desk.plugins.clone(), &mut beside).await?;
    let reloads = Reloads {
        files: settings.files.clone(),
        watched,
        hangups,
        began_with: plan.environment.clone(),
    };
    apply(&opened, plan, reloads, &mut beside).await?;
    let traffic = Arc::new(traffic(&settings));
    if let Some(address) = settings.metrics_listen {
        let metrics = metrics::router(opened.counters(), &traffic.counts);
        beside.spawn(serve_metrics(bind(address).await?, metrics));
    }
    let listener = bind(settings.listen).await?;
    // Installed before the server is announced: an unhandled signal would end the process at once.
    let shutdown = shutdown_signal()?;
    let socket = AdminSocket::open(&settings.directories.data);
    announce(&listener)?;
    background_tasks::start(&desk, &mut beside);
    beside.spawn(async move { engine.follow_directory().await });
    let oidc = oidc.map(|settings| Oidc::new(settings, Arc::new(SystemClock)));
    if let Some(oidc) = oidc.clone() {
        beside.spawn(async move { oidc.warm().await });
    }
    let app = App {
        desk: desk.clone(),
        oidc,
    };
    let app = http::router(app, traffic.clone());
    let stop = CancellationToken::new();
    let serving = server::serve(listener, app, limits, stop.clone());
    let commands = serve_commands(socket, &desk, &traffic, stop.clone());
    let serving = async move {
        tokio::join!(serving, commands);
        traffic.changes.close();
        traffic.changes.wait().await;
    };
    let ended = run(serving, shutdown, &stop).await;
    let recorded = desk.admissions.record_last_refusals().await;
    recorded.context("cannot record the refusals of the last second")?;
    ended
}

/// Answers the commands of the server's own user, who is an operator, whether or not others must prove who they are.
fn serve_commands(
    socket: Option<AdminSocket>,
    desk: &Arc<Desk>,
    traffic: &Traffic,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    let app = App {
        desk: Arc::clone(desk),
        oidc: None,
    };
    let traffic = Traffic {
        counts: traffic.counts.clone(),
        changes: traffic.changes.clone(),
        ..Traffic::default()
    };
    let app = http::router(app, Arc::new(traffic));
    async move {
        if let Some(socket) = socket {
            socket.serve(app, stop).await;
        }
    }
}

/// What serving needs, opened.
pub struct Opened {
    pub desk: Arc<Desk>,
    pub engine: Arc<Engine>,
    store: Arc<StoreMeter>,
}

impl Opened {
    fn counters(&self) -> Counters {
        Counters {
            desk: Arc::clone(&self.desk),
            store: Arc::clone(&self.store),
            engine: Arc::clone(&self.engine),
            started_at: SystemClock.now(),
        }
    }
}

/// Opens store, plugins and keys, and the desk over them.
pub async fn open(
    directories: &Directories,
    desk: DeskSettings,
    plan: &Plan,
) -> anyhow::Result<Opened> {
    let store = SledStore::open(&directories.data, store_layout(SystemClock.now()))?;
    let meter = store.meter();
    let engine = Arc::new(open_engine(directories, plan)?);
    // From a variable only: command-line options are visible in the process list.
    let given = (plan.environment)
        .verbatim(MasterKey::VARIABLE)
        .map(Zeroizing::new);
    let mut master_key = MasterKey::find(given.as_deref().map(String::as_str), &directories.data)?;
    let ports = Ports {
        store: Arc::new(store),
        strategies: engine.clone(),
        library: engine.clone(),
        signer: Arc::new(RsaSigner::new(&master_key)?),
        clock: Arc::new(SystemClock),
    };
    let desk = Desk::open(ports, desk).await;
    let desk = Arc::new(desk.context("cannot read the events of the data directory")?);
    master_key.keep()?;
    Ok(Opened {
        desk,
        engine,
        store: meter,
    })
}

/// Applies the first plan, and lets later ones follow. Returns once the declared events are set up, or two seconds later.
async fn apply(
    opened: &Opened,
    plan: Plan,
    reloads: Reloads,
    beside: &mut JoinSet<()>,
) -> anyhow::Result<()> {
    let plugins: Vec<_> = plan.plugin_policy.limits_of.keys().cloned().collect();
    let mut applier = Applier::open(&opened.desk, &opened.engine).await?;
    let begun = applier.begin(plan).await?;
    let (is_set_up, set_up) = oneshot::channel();
    beside.spawn(reloads.run(applier, begun, is_set_up));
    if timeout(SET_UP_MAX, set_up).await.is_err() {
        tracing::warn!("declared events are still being set up; the server listens meanwhile");
    }
    warn_unresolved(&opened.desk, plugins.iter()).await;
    Ok(())
}

fn traffic(settings: &ServeSettings) -> Traffic {
    Traffic {
        proxies: settings.trusted_proxies.clone(),
        throttle: Throttle::new(settings.guess_limit),
        sites: sites(settings),
        ..Traffic::default()
    }
}

/// Prints where the server listens, for people and for scripts that wait for it.
fn announce(listener: &TcpListener) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on http://{}", listener.local_addr()?)?;
    Ok(stdout.flush()?)
}

/// Raises the limit on open files, and derives the number of connections from it.
fn limits() -> HttpLimits {
    let open_files = raise_open_files();
    let limits = HttpLimits::within_open_files(open_files);
    let connections = limits.connections_max;
    tracing::info!(
        connections,
        open_files,
        "serves up to {connections} connections at once: the system lets it have {open_files} files open"
    );
    limits
}

fn sites(settings: &ServeSettings) -> Sites {
    Sites {
        public_url: settings.public_url.clone(),
        allowed_hosts: settings.allowed_hosts.clone(),
        cors_origins: settings.cors_origins.clone(),
        listens_on: match settings.listen.ip().to_canonical().is_loopback() {
            true => ListensOn::Loopback,
            false => ListensOn::Network,
        },
    }
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}"))
}

fn desk_settings(settings: &ServeSettings) -> DeskSettings {
    let minutes = settings.registration_token_minutes.into();
    DeskSettings {
        registration_token_life: SignedDuration::from_mins(minutes),
        ..DeskSettings::default()
    }
}

/// Whether a data directory could not be opened because a server holds it.
pub fn is_in_use(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(OpenError::InUse(_)))
}

/// This program, as a child that compiles into a cache.
fn compiler(cache: &Path) -> Compiler {
    // The file of a program that runs may have been replaced since by that of another version.
    let program = PathBuf::from("/proc/self/exe");
    Compiler::Child(
        program,
        vec!["compile".into(), "--cache".into(), cache.into()],
    )
}

fn open_engine(directories: &Directories, plan: &Plan) -> anyhow::Result<Engine> {
    let settings = EngineSettings {
        plugins: directories.plugins.clone(),
        cache: directories.cache.clone(),
        kept: directories.data.join("components"),
        compiler: compiler(&directories.cache),
        policy: plan.plugin_policy.clone(),
    };
    Ok(Engine::open(settings, Arc::new(SystemClock))?)
}

/// Without authentication, everyone who reaches the server may do everything (`gatewit-api.md` §2).
fn check_exposure(settings: &ServeSettings, oidc: Option<&OidcSettings>) -> anyhow::Result<()> {
    if let Some(oidc) = oidc {
        tracing::info!("callers are identified by {}", oidc.issuer);
        return Ok(());
    }
    let is_loopback = settings.listen.ip().is_loopback();
    if !is_loopback && !settings.allow_open {
        bail!(
            "will not listen on {} while authentication is off: anyone who reaches it could do everything; \
             set OIDC_ISSUER_URL, or listen on 127.0.0.1, or set GATEWIT_ALLOW_OPEN=1 if something else keeps \
             strangers out",
            settings.listen
        );
    }
    tracing::warn!(
        "authentication is off, since OIDC_ISSUER_URL is not set: every organizer is \"local\""
    );
    Ok(())
}

/// Serves until a signal comes, then gives requests under way a bounded time to finish.
async fn run(
    serving: impl Future<Output = ()> + Send + 'static,
    shutdown: impl Future<Output = ()>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let mut server = tokio::spawn(serving);
    tokio::select! {
        ended = &mut server => return Ok(ended?),
        () = shutdown => {}
    }
    tracing::info!("stopping: finishing the requests under way");
    stop.cancel();
    match timeout(DRAIN, &mut server).await {
        Ok(ended) => Ok(ended?),
        Err(_) => {
            tracing::warn!("some requests took longer than {DRAIN:?} to finish and were cut off");
            server.abort();
            Ok(())
        }
    }
}

/// Installs handlers for SIGTERM and Ctrl-C; the future ends when one of them comes.
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Serves the metrics.
async fn serve_metrics(listener: TcpListener, metrics: Router) {
    if let Ok(address) = listener.local_addr() {
        tracing::info!("metrics on http://{address}/metrics");
    }
    let limits = HttpLimits {
        connections_max: METRICS_CONNECTIONS_MAX,
        ..HttpLimits::default()
    };
    server::serve(listener, metrics, limits, CancellationToken::new()).await;
}
