//! The configured ticket sources: keeps each one's tickets up to date, and reports its status.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::turns::let_others_run;
use super::warnings::Lack;
use super::{Desk, Ports};
use crate::error::DeskError;
use crate::tables::{LogRow, SOURCE_ROWS, SOURCE_TYPES, SOURCES};
use gatewit_domain::attendees::{AddonTypes, AttendeeRules, SetBuilder, SourceSet};
use gatewit_domain::id::EventId;
use gatewit_domain::names::NameMatching;
use gatewit_domain::ports::{Store, TicketSource};
use gatewit_domain::source::{LogPosition, Served, SourceName, SourceType, SyncState};

mod finds;
mod reading;
mod report;
mod schedule;
mod sync;
mod trouble;

pub(super) use finds::Asker;
use finds::LiveFinds;
use schedule::SyncSchedule;
use sync::SyncFault;
pub use trouble::SourceTrouble;

/// A ticket source as the operator configured it.
#[derive(Clone)]
pub struct ConfiguredSource {
    pub source: Arc<dyn TicketSource>,
    /// The name of its plugin, for display.
    pub plugin: String,
    /// How often it is synced (`sync.every`, default 5 minutes).
    pub every: SignedDuration,
    /// Organizations whose events may have its tickets; None for all.
    pub orgs: Option<Vec<String>>,
    /// Which of its tickets make attendees for `/tickets/*`.
    pub rules: AttendeeRules,
    /// Whether an unknown ticket or address is looked up in the ticketing system at once.
    pub live_find: bool,
}

/// The sources by name.
pub type ConfiguredSources = BTreeMap<SourceName, ConfiguredSource>;

/// The settings of `/tickets/*`.
#[derive(Clone, Debug, Default)]
pub struct Ticketing {
    /// Names of configured sources, in the order in which they are asked.
    pub sources: Vec<SourceName>,
    pub matching: NameMatching,
    /// None if there are no such statistics.
    pub addons: Option<AddonTypes>,
}

/// The status of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceStatus {
    pub name: SourceName,
    pub plugin: String,
    /// None until its first sync has ended: until then it serves nothing.
    pub tickets: Option<usize>,
    /// When its tickets were last known to be current.
    pub synced_at: Option<Timestamp>,
    /// Why its last sync failed, if it did: then its tickets are stale.
    pub trouble: Option<SourceTrouble>,
    /// Why the last look-up of a single ticket failed, if it did.
    pub find_trouble: Option<SourceTrouble>,
    /// How many syncs have succeeded and failed since the start.
    pub completed: u64,
    pub failed: u64,
}

/// A source at run time.
pub(super) struct LiveSource {
    pub name: SourceName,
    pub configured: ConfiguredSource,
    pub finds: LiveFinds,
    /// None until the first sync has ended.
    set: ArcSwapOption<SourceSet>,
    /// Whether the log already says that some of its tickets have no codes.
    told_without_codes: AtomicBool,
    /// Held while the ticketing system is read.
    run: futures::lock::Mutex<()>,
    /// Held while its tickets are imported into events.
    pub importing: futures::lock::Mutex<()>,
    // A std mutex: held for moves, never across an await.
    schedule: Mutex<SyncSchedule>,
    /// The events that have not imported all of its tickets.
    lacks: Mutex<BTreeMap<EventId, Lack>>,
}

/// All sources at run time.
#[derive(Default)]
pub(super) struct Sources(BTreeMap<SourceName, Arc<LiveSource>>);

impl Sources {
    /// Reads each source's stored tickets.
    pub async fn open(ports: &Ports) -> Result<Self, DeskError> {
        let mut sources = BTreeMap::new();
        for (name, configured) in &ports.sources {
            let source = LiveSource {
                name: name.clone(),
                configured: configured.clone(),
                finds: LiveFinds::default(),
                set: ArcSwapOption::empty(),
                told_without_codes: AtomicBool::new(false),
                run: futures::lock::Mutex::default(),
                importing: futures::lock::Mutex::default(),
                schedule: Mutex::new(SyncSchedule::new(ports.clock.now())),
                lacks: Mutex::default(),
            };
            source.restore(&*ports.store).await?;
            sources.insert(name.clone(), Arc::new(source));
        }
        Ok(Self(sources))
    }

    pub fn get(&self, name: &SourceName) -> Option<&Arc<LiveSource>> {
        self.0.get(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &SourceName> {
        self.0.keys()
    }
}

impl LiveSource {
    /// Returns all its tickets; None until its first sync has ended.
    pub fn set(&self) -> Option<Arc<SourceSet>> {
        self.set.load_full()
    }

    /// Serves its stored tickets. If they cannot be read, only this source fails.
    async fn restore(&self, store: &dyn Store) -> Result<(), DeskError> {
        let restored = async {
            let state = self.state(store).await?;
            if let Some(served) = &state.served {
                self.serve(store, served).await?;
            }
            Ok(())
        };
        match restored.await {
            Err(fault @ DeskError::Fault { .. }) => {
                let trouble = SourceTrouble::of_store(&fault);
                trouble.report(&self.name, &self.configured.plugin);
                self.schedule().trouble = Some(trouble);
                Ok(())
            }
            restored => restored,
        }
    }

    async fn state(&self, store: &dyn Store) -> Result<SyncState, DeskError> {
        let stored = SOURCES.get(store, &self.name).await?;
        Ok(stored.map_or_else(SyncState::default, |stored| stored.value))
    }

    /// Returns when the last full run that is served began; changes may have been read since.
    pub async fn full_at(&self, store: &dyn Store) -> Result<Option<Timestamp>, DeskError> {
        let served = self.state(store).await?.served;
        Ok(served.map(|served| served.full_at))
    }

    async fn types(&self, store: &dyn Store) -> Result<Vec<SourceType>, DeskError> {
        let stored = SOURCE_TYPES.get(store, &self.name).await?;
        Ok(stored.map_or_else(Vec::new, |stored| stored.value))
    }

    /// Shows readers the tickets in the log; until this ends they see the earlier ones.
    async fn serve(&self, store: &dyn Store, served: &Served) -> Result<(), DeskError> {
        let (end, types) = (served.end, self.types(store).await?);
        let mut set = SetBuilder::new(end, types, self.configured.rules.clone());
        for row in (0..end.row).rev() {
            let key = LogRow(self.name.clone(), LogPosition { row, ..end });
            let stored = SOURCE_ROWS.get(store, &key).await?;
            let stored = stored.ok_or_else(|| DeskError::Fault {
                action: format!("read what is kept of the ticket source {}", self.name),
                source: format!("row {row} of its log {} is missing", end.log).into(),
            })?;
            set.add(row, &stored.value);
            let_others_run().await;
        }
        self.set.store(Some(Arc::new(set.finish())));
        self.schedule().synced_at = Some(served.synced_at);
        Ok(())
    }

    pub(super) fn schedule(&self) -> MutexGuard<'_, SyncSchedule> {
        // At worst, a panic between two assignments makes the next sync too early or too late.
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether and why an event lacks some of its tickets.
    pub(super) fn lack(&self, event: EventId) -> Option<Lack> {
        self.lacks().get(&event).copied()
    }

    pub(super) fn note_lack(&self, event: EventId, lack: Option<Lack>) {
        match lack {
            Some(lack) => self.lacks().insert(event, lack),
            None => self.lacks().remove(&event),
        };
    }

    fn lacks(&self) -> MutexGuard<'_, BTreeMap<EventId, Lack>> {
        // No holder of the lock can panic.
        self.lacks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self) -> SourceStatus {
        let schedule = self.schedule();
        SourceStatus {
            name: self.name.clone(),
            plugin: self.configured.plugin.clone(),
            tickets: self.set().map(|set| set.count()),
            synced_at: schedule.synced_at,
            trouble: schedule.trouble.clone(),
            find_trouble: self.finds.trouble(),
            completed: schedule.completed,
            failed: schedule.failed,
        }
    }
}

impl Desk {
    /// Returns the status of each source, sorted by name.
    pub fn sources(&self) -> Vec<SourceStatus> {
        self.sources
            .0
            .values()
            .map(|source| source.status())
            .collect()
    }

    /// Syncs a source if that is due, and returns how long to wait before calling this again: a little more than
    /// `every`, less after a failure.
    ///
    /// Call this in a separate task for each source, so that none waits for another.
    pub async fn keep_fresh(&self, source: &SourceName) -> SignedDuration {
        let Some(source) = self.sources.get(source) else {
            return SignedDuration::MAX;
        };
        if source.schedule().is_due(self.now()) {
            let _running = source.run.lock().await;
            // Another caller may have synced it meanwhile.
            if source.schedule().is_due(self.now()) {
                // The schedule records a failure.
                let _ = self.renew(source).await;
            }
        }
        source.schedule().wait(self.now())
    }

    /// Syncs every source that `/tickets/*` serves. Calls during a run share the next one, because that run may have
    /// missed the latest changes.
    pub async fn refresh_sources(&self) -> Result<(), DeskError> {
        let sources = self.served_names()?.iter();
        let sources = sources.filter_map(|name| self.sources.get(name));
        let outcomes = join_all(sources.map(|source| self.refresh(source))).await;
        outcomes
            .into_iter()
            .collect::<Result<_, SourceTrouble>>()
            .map_err(|trouble| trouble.refusal())
    }

    /// Syncs one source in the same way.
    pub async fn refresh_source(&self, name: &SourceName) -> Result<(), DeskError> {
        let outcome = match self.sources.get(name) {
            Some(source) => self.refresh(source).await,
            None => Ok(()),
        };
        outcome.map_err(|trouble| trouble.refusal())
    }

    /// Returns the names of the sources that `/tickets/*` serves.
    pub fn served_sources(&self) -> &[SourceName] {
        &self.settings.ticketing.sources
    }

    async fn refresh(&self, source: &LiveSource) -> Result<(), SourceTrouble> {
        let asked = source.schedule().begun();
        let _running = source.run.lock().await;
        let (ended, rate_limited) = {
            let schedule = source.schedule();
            (
                schedule.ended_since(asked),
                schedule.rate_limited(self.now()),
            )
        };
        match ended.or(rate_limited.map(Err)) {
            Some(outcome) => outcome,
            None => self.renew(source).await,
        }
    }

    /// Runs one sync, and imports the tickets into the events that have the source.
    async fn renew(&self, source: &LiveSource) -> Result<(), SourceTrouble> {
        source.schedule().begin();
        let read = self.sync(source).await;
        // A completed read counts even if a later step failed.
        let imported = self.import_everywhere(source).await;
        let outcome = read.and(imported.map_err(SyncFault::from));
        if outcome.is_ok() {
            self.report(source);
        }
        let every = source.configured.every;
        let ended = source.schedule().end(outcome, self.now(), every);
        ended.inspect_err(|trouble| trouble.report(&source.name, &source.configured.plugin))
    }
}
