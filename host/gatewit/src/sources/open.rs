//! A source over the engine, opened again when what its files say has changed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use gatewit_domain::ports::{SyncRun, TicketSource};
use gatewit_domain::source::{SourceFault, SourceTicket};
use gatewit_engine::{Engine, Source, SourceSettings};
use tokio::task::spawn_blocking;

use super::tally::{SyncTally, TalliedRun};
use super::watched::WatchedFiles;
use crate::config::SourcePlan;

/// A configured source, whatever its files say at the time.
pub struct OpenSource {
    plan: SourcePlan,
    engine: Arc<Engine>,
    files: Arc<WatchedFiles>,
    tally: Arc<SyncTally>,
    /// What its settings said last. A std mutex: held for moves, never across an await.
    last: Mutex<Option<Opened>>,
    /// What they said when it was read to its end, by us or by the server before.
    read_with: Arc<Mutex<Option<String>>>,
}

#[derive(Clone)]
struct Opened {
    digest: String,
    source: Arc<Source>,
}

impl OpenSource {
    pub fn new(plan: SourcePlan, engine: Arc<Engine>) -> Self {
        Self {
            files: Arc::new(WatchedFiles::new(plan.files())),
            plan,
            engine,
            tally: Arc::default(),
            last: Mutex::default(),
            read_with: Arc::default(),
        }
    }

    /// Asks the plugin whether the settings, its files included, can work.
    pub async fn check(&self) -> Result<(), SourceFault> {
        self.opened().await?.source.check_settings().await
    }

    /// The digest of all that the plugin is told at the start of the server, by which the desk knows whether the server
    /// before told it the same. What changes later is our matter.
    pub fn digest(&self) -> String {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = last.as_ref().map(|opened| opened.digest.clone());
        self.read_with
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&digest);
        digest.unwrap_or_default()
    }

    pub fn tally(&self) -> Arc<SyncTally> {
        Arc::clone(&self.tally)
    }

    /// Ends when a file has changed since it was read.
    pub async fn changed(&self, look_every: Duration) {
        self.files.changed(look_every).await;
    }

    /// Reads the files, and opens the source anew if they say something else.
    async fn opened(&self) -> Result<Opened, SourceFault> {
        let (plan, files) = (self.plan.clone(), Arc::clone(&self.files));
        let read = spawn_blocking(move || {
            files.note();
            let settings = plan.read()?;
            Ok::<_, String>((told(&settings), settings))
        });
        let read = read.await.map_err(|err| err.to_string()).flatten();
        let (digest, settings) = read.map_err(SourceFault::BadSettings)?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(opened) if opened.digest == digest => Ok(opened.clone()),
            _ => {
                let source = Arc::new(self.engine.source(settings));
                Ok(last.insert(Opened { digest, source }).clone())
            }
        }
    }
}

#[async_trait]
impl TicketSource for OpenSource {
    async fn begin(&self) -> Result<Box<dyn SyncRun>, SourceFault> {
        let begun = Instant::now();
        let run = async {
            let Opened { digest, source } = self.opened().await?;
            Ok((digest, source.begin().await?))
        };
        let run = run.await;
        let (digest, run) = run.inspect_err(|fault| self.tally.fail(&self.plan.name, fault))?;
        Ok(Box::new(TalliedRun {
            source: self.plan.name.clone(),
            run,
            tally: self.tally(),
            digest,
            read_with: Arc::clone(&self.read_with),
            begun,
            pages: 0,
            tickets: 0,
        }))
    }

    async fn find(&self, text: &str) -> Result<Vec<SourceTicket>, SourceFault> {
        self.opened().await?.source.find(text).await
    }
}

/// The digest of what a plugin is told, and of which plugin it is.
fn told(settings: &SourceSettings) -> String {
    let text = serde_json::to_string(&(&settings.plugin, &settings.settings));
    let text = text.expect("a JSON object prints as JSON");
    let digest = digest(&SHA256, text.as_bytes());
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
