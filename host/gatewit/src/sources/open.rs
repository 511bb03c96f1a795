//! A source over the engine, reopened when the content of its files has changed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use gatewit_domain::ports::{SyncRun, TicketSource};
use gatewit_domain::source::{Reader, SourceFault, SourcePage, SourceTicket, SourceType};
use gatewit_engine::{Engine, Source};
use tokio::select;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::config::SourcePlan;
use crate::watched::WatchedFiles;

/// A configured source, independent of its files' current content.
pub struct OpenSource {
    pub plan: SourcePlan,
    engine: Arc<Engine>,
    /// Cancelled when the source is withdrawn: it is configured otherwise from then on, or not at all.
    withdrawn: CancellationToken,
    files: Arc<WatchedFiles>,
    /// The digest of the plugin that served when the last run began. A std mutex: held for moves, never across an await.
    plugin: Mutex<Option<String>>,
    /// The source with the settings last read. A std mutex: held for moves, never across an await.
    last: Mutex<Option<Arc<Opened>>>,
}

/// A source opened with certain settings.
struct Opened {
    source: Source,
    /// Whether the plugin has accepted the settings.
    is_accepted: AtomicBool,
}

impl OpenSource {
    pub fn new(plan: SourcePlan, engine: Arc<Engine>) -> Self {
        Self {
            files: Arc::new(WatchedFiles::new(plan.files(), "a ticket source")),
            plugin: Mutex::new(engine.serving_digest(&plan.plugin)),
            plan,
            engine,
            withdrawn: CancellationToken::new(),
            last: Mutex::default(),
        }
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Ends when a file has changed since it was read, or the plugin since the last run began.
    pub async fn changed(&self) {
        let digest = {
            let read = self.plugin.lock().unwrap_or_else(PoisonError::into_inner);
            read.clone()
        };
        select! {
            () = self.files.changed() => {}
            () = self.engine.swapped(&self.plan.plugin, digest.as_deref()) => {}
        }
    }

    /// Notes what a run is about to read.
    async fn note(&self) {
        let serving = self.engine.serving_digest(&self.plan.plugin);
        *self.plugin.lock().unwrap_or_else(PoisonError::into_inner) = serving;
        let files = Arc::clone(&self.files);
        // It cannot panic, and only looks at files.
        let _ = spawn_blocking(move || files.note()).await;
    }

    /// Ends what it does at once, and lets it do nothing more.
    pub fn withdraw(&self) {
        self.withdrawn.cancel();
    }

    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_cancelled()
    }

    /// Ends when it is withdrawn.
    pub async fn withdrawn(&self) {
        self.withdrawn.cancelled().await;
    }

    /// Reads the files, and reopens the source if their content has changed.
    async fn opened(&self) -> Result<Arc<Opened>, SourceFault> {
        let plan = self.plan.clone();
        let read = spawn_blocking(move || {
            let settings = plan.read()?;
            Ok::<_, String>((settings.digest(), settings))
        });
        let read = read.await.map_err(|err| err.to_string()).flatten();
        let (digest, settings) = read.map_err(SourceFault::Unreadable)?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(opened) if opened.source.digest() == digest => Ok(Arc::clone(opened)),
            _ => {
                let opened = Arc::new(Opened {
                    source: self.engine.source(settings),
                    is_accepted: AtomicBool::new(false),
                });
                Ok(Arc::clone(last.insert(opened)))
            }
        }
    }
}

#[async_trait]
impl TicketSource for OpenSource {
    async fn begin(&self) -> Result<Box<dyn SyncRun>, SourceFault> {
        self.note().await;
        let begun = async {
            let opened = self.opened().await?;
            opened.check().await?;
            opened.source.begin().await
        };
        Ok(Box::new(OpenRun {
            run: unless(&self.withdrawn, begun).await?,
            withdrawn: self.withdrawn.clone(),
        }))
    }

    async fn find(&self, text: &str) -> Result<Vec<SourceTicket>, SourceFault> {
        let found = async { self.opened().await?.source.find(text).await };
        unless(&self.withdrawn, found).await
    }
}

/// A run that ends when its source is withdrawn.
struct OpenRun {
    run: Box<dyn SyncRun>,
    withdrawn: CancellationToken,
}

#[async_trait]
impl SyncRun for OpenRun {
    fn reader(&self) -> &Reader {
        self.run.reader()
    }

    async fn ticket_types(&mut self) -> Result<Vec<SourceType>, SourceFault> {
        unless(&self.withdrawn, self.run.ticket_types()).await
    }

    async fn page(&mut self, cursor: Option<&str>) -> Result<SourcePage, SourceFault> {
        unless(&self.withdrawn, self.run.page(cursor)).await
    }
}

/// Drops an answer that has not come when its source is withdrawn, which ends the plugin that would give it.
async fn unless<T>(
    withdrawn: &CancellationToken,
    answer: impl Future<Output = Result<T, SourceFault>>,
) -> Result<T, SourceFault> {
    let answer = withdrawn.run_until_cancelled(answer).await;
    answer.unwrap_or(Err(SourceFault::Withdrawn))
}

impl Opened {
    /// Asks the plugin, until it accepts them, whether the settings, file contents included, are valid.
    async fn check(&self) -> Result<(), SourceFault> {
        if !self.is_accepted.load(Ordering::Relaxed) {
            self.source.check_settings().await?;
            self.is_accepted.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}
