//! Ticket sources: keeps each up to date, imports its tickets into events, and answers `/tickets/*` from them.

use std::sync::Arc;

use futures::future::join_all;
use gatewit_domain::problem::{Problem, SourceCode};
use gatewit_domain::source::{SourceFault, SourceName};
use jiff::SignedDuration;

use crate::error::DeskError;
use crate::events::Events;
use crate::live_sources::{LiveSource, LiveSources, SourceStatus, SourceTrouble, SyncFault};
use crate::ports::Ports;
use crate::tickets::Tickets;

mod attendance;
mod import;

pub use attendance::{NotAnswered, Validated};
pub(super) use import::Wanted;

/// The configured sources, what they serve, and how they reach events.
pub struct TicketSources {
    ports: Arc<Ports>,
    sources: Arc<LiveSources>,
    events: Arc<Events>,
    tickets: Arc<Tickets>,
}

impl TicketSources {
    pub(super) fn new(
        ports: &Arc<Ports>,
        sources: &Arc<LiveSources>,
        events: &Arc<Events>,
        tickets: &Arc<Tickets>,
    ) -> Self {
        Self {
            ports: Arc::clone(ports),
            sources: Arc::clone(sources),
            events: Arc::clone(events),
            tickets: Arc::clone(tickets),
        }
    }

    /// Returns the status of each source, sorted by name.
    pub fn statuses(&self) -> Vec<SourceStatus> {
        let sources = self.sources.all().into_iter();
        sources.map(|source| source.status()).collect()
    }

    /// Syncs a source if that is due, and returns how long to wait before calling this again: a little more than
    /// `every`, less after a failure.
    ///
    /// Call this in a separate task for each source, so that none waits for another.
    pub async fn keep_fresh(&self, source: &SourceName) -> SignedDuration {
        let Some(source) = self.sources.get(source) else {
            return SignedDuration::MAX;
        };
        if source.schedule().is_due(self.ports.now()) {
            let _running = source.run.lock().await;
            // Another caller may have synced it meanwhile.
            if source.schedule().is_due(self.ports.now()) {
                // The schedule records a failure.
                let _ = self.renew(&source).await;
            }
        }
        source.schedule().wait(self.ports.now())
    }

    /// Syncs every source that `/tickets/*` serves. Calls during a run share the next one, because that run may have
    /// missed the latest changes.
    pub async fn refresh_all(&self) -> Result<(), DeskError> {
        let sources = self.served_sources()?;
        let outcomes = join_all(sources.iter().map(|source| self.sync_again(source))).await;
        outcomes
            .into_iter()
            .collect::<Result<_, SourceTrouble>>()
            .map_err(|trouble| trouble.refusal())
    }

    /// Syncs a source whose files or plugin have changed: how often it failed before no longer matters.
    pub async fn refresh_changed(&self, name: &SourceName) -> Result<(), DeskError> {
        if let Some(source) = self.sources.get(name) {
            source.schedule().forget_faults();
        }
        self.refresh(name).await
    }

    /// Syncs one source in the same way as all.
    pub async fn refresh(&self, name: &SourceName) -> Result<(), DeskError> {
        let outcome = match self.sources.get(name) {
            Some(source) => self.sync_again(&source).await,
            None => Ok(()),
        };
        outcome.map_err(|trouble| trouble.refusal())
    }

    /// Returns the names of the sources that `/tickets/*` serves.
    pub fn served(&self) -> Vec<SourceName> {
        let served = self.sources.served();
        served.iter().map(|source| source.name.clone()).collect()
    }

    /// Returns the sources that `/tickets/*` serves; an error if there are none.
    fn served_sources(&self) -> Result<Vec<Arc<LiveSource>>, DeskError> {
        let served = self.sources.served();
        match served.is_empty() {
            false => Ok(served),
            true => Err(DeskError::Unavailable(Problem::new(
                SourceCode::NotConfigured,
                "no ticketing system is configured, so that nobody is known",
            ))),
        }
    }

    async fn sync_again(&self, source: &LiveSource) -> Result<(), SourceTrouble> {
        let asked = source.schedule().begun();
        let _running = source.run.lock().await;
        let (ended, rate_limited) = {
            let schedule = source.schedule();
            (
                schedule.ended_since(asked),
                schedule.rate_limited(self.ports.now()),
            )
        };
        match ended.or(rate_limited.map(Err)) {
            Some(outcome) => outcome,
            None => self.renew(source).await,
        }
    }

    /// Runs one sync, and imports the tickets into the events that have the source. The caller holds `run`.
    async fn renew(&self, source: &LiveSource) -> Result<(), SourceTrouble> {
        if source.is_retired() {
            return Err(SourceTrouble::from(&SourceFault::Withdrawn));
        }
        source.schedule().begin();
        let read = source.sync().await;
        // A completed read counts even if a later step failed.
        let imported = self.import_everywhere(source).await;
        let outcome = read.and(imported.map_err(SyncFault::from));
        if outcome.is_ok() {
            source.report();
            self.events.report_fit(source);
        }
        let every = source.configured.every;
        let ended = source.schedule().end(outcome, self.ports.now(), every);
        ended.inspect_err(|trouble| trouble.report(&source.name, &source.configured.plugin))
    }
}
