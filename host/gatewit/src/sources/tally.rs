//! Runs of syncs as they pass: counted, and told of in the log. Never a word of what the tickets say.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use gatewit_domain::ports::SyncRun;
use gatewit_domain::source::{
    Continuation, Reader, SourceFault, SourceName, SourcePage, SourceType,
};

/// How often a source was read, by how it ended.
#[derive(Debug, Default)]
pub struct SyncTally {
    completed: AtomicU64,
    failed: AtomicU64,
}

/// The numbers of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncCount {
    pub completed: u64,
    pub failed: u64,
}

impl SyncTally {
    pub fn read(&self) -> SyncCount {
        SyncCount {
            completed: self.completed.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    pub fn count_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }
}

/// A run that is counted.
pub struct TalliedRun {
    pub source: SourceName,
    pub run: Box<dyn SyncRun>,
    pub tally: Arc<SyncTally>,
    pub begun: Instant,
    pub pages: u64,
    pub tickets: u64,
}

impl TalliedRun {
    fn note<T>(&self, outcome: Result<T, SourceFault>) -> Result<T, SourceFault> {
        outcome.inspect_err(|fault| match fault {
            SourceFault::StartOver(words) => {
                let source = &self.source;
                tracing::info!(source.name = %source, "ticket source {source} is read from the start: {words}");
            }
            _ => self.tally.count_failed(),
        })
    }

    fn complete(&self) {
        self.tally.completed.fetch_add(1, Ordering::Relaxed);
        tracing::info!(
            source.name = %self.source,
            pages = self.pages,
            tickets = self.tickets,
            duration_ms = self.begun.elapsed().as_micros() as f64 / 1_000.0,
            "ticket source {} was read to its end",
            self.source
        );
    }
}

#[async_trait]
impl SyncRun for TalliedRun {
    fn reader(&self) -> &Reader {
        self.run.reader()
    }

    async fn ticket_types(&mut self) -> Result<Vec<SourceType>, SourceFault> {
        let types = self.run.ticket_types().await;
        self.note(types)
    }

    async fn page(&mut self, cursor: Option<&str>) -> Result<SourcePage, SourceFault> {
        let page = self.run.page(cursor).await;
        let page = self.note(page)?;
        self.pages += 1;
        self.tickets += page.tickets.len() as u64;
        if let Continuation::Done(_) = page.next {
            self.complete();
        }
        Ok(page)
    }
}
