//! A source over the engine, opened again when what its files say has changed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use gatewit_domain::ports::{SyncRun, TicketSource};
use gatewit_domain::source::{SourceFault, SourceTicket};
use gatewit_engine::{Engine, Source};
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
    last: Mutex<Option<Arc<Source>>>,
}

impl OpenSource {
    pub fn new(plan: SourcePlan, engine: Arc<Engine>) -> Self {
        Self {
            files: Arc::new(WatchedFiles::new(plan.files())),
            plan,
            engine,
            tally: Arc::default(),
            last: Mutex::default(),
        }
    }

    /// Asks the plugin whether the settings, its files included, can work.
    pub async fn check(&self) -> Result<(), SourceFault> {
        self.opened().await?.check_settings().await
    }

    pub fn tally(&self) -> Arc<SyncTally> {
        Arc::clone(&self.tally)
    }

    /// Ends when a file has changed since it was read.
    pub async fn changed(&self, look_every: Duration) {
        self.files.changed(look_every).await;
    }

    /// Reads the files, and opens the source anew if they say something else.
    async fn opened(&self) -> Result<Arc<Source>, SourceFault> {
        let (plan, files) = (self.plan.clone(), Arc::clone(&self.files));
        let read = spawn_blocking(move || {
            files.note();
            let settings = plan.read()?;
            Ok::<_, String>((settings.digest(), settings))
        });
        let read = read.await.map_err(|err| err.to_string()).flatten();
        let (digest, settings) = read.map_err(SourceFault::BadSettings)?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(source) if source.digest() == digest => Ok(Arc::clone(source)),
            _ => {
                let source = Arc::new(self.engine.source(settings));
                Ok(Arc::clone(last.insert(source)))
            }
        }
    }
}

#[async_trait]
impl TicketSource for OpenSource {
    async fn begin(&self) -> Result<Box<dyn SyncRun>, SourceFault> {
        let begun = Instant::now();
        let run = async { self.opened().await?.begin().await };
        let run = run.await;
        let run = run.inspect_err(|_| self.tally.count_failed())?;
        Ok(Box::new(TalliedRun {
            source: self.plan.name.clone(),
            run,
            tally: self.tally(),
            begun,
            pages: 0,
            tickets: 0,
        }))
    }

    async fn find(&self, text: &str) -> Result<Vec<SourceTicket>, SourceFault> {
        self.opened().await?.find(text).await
    }
}
