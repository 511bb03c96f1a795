//! A source over the engine, opened again when what its files say has changed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use gatewit_domain::ports::{SyncRun, TicketSource};
use gatewit_domain::source::{SourceFault, SourceTicket};
use gatewit_engine::{Engine, Source};
use tokio::task::spawn_blocking;

use super::watched::WatchedFiles;
use crate::config::SourcePlan;

/// A configured source, whatever its files say at the time.
pub struct OpenSource {
    plan: SourcePlan,
    engine: Arc<Engine>,
    files: Arc<WatchedFiles>,
    /// What its settings said last. A std mutex: held for moves, never across an await.
    last: Mutex<Option<Arc<Source>>>,
}

impl OpenSource {
    pub fn new(plan: SourcePlan, engine: Arc<Engine>) -> Self {
        Self {
            files: Arc::new(WatchedFiles::new(plan.files())),
            plan,
            engine,
            last: Mutex::default(),
        }
    }

    /// Asks the plugin whether the settings, its files included, can work.
    pub async fn check(&self) -> Result<(), SourceFault> {
        self.opened().await?.check_settings().await
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
        self.opened().await?.begin().await
    }

    async fn find(&self, text: &str) -> Result<Vec<SourceTicket>, SourceFault> {
        self.opened().await?.find(text).await
    }
}
