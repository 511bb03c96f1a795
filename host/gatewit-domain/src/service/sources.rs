//! The configured sources of tickets: what each said last, kept fresh, and what the desk tells of it.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::turns::let_others_run;
use super::warnings::Lack;
use super::{Desk, Ports};
use crate::attendees::{AddonTypes, AttendeeRules, SetBuilder, SourceSet};
use crate::id::EventId;
use crate::names::NameMatching;
use crate::ports::{Store, TicketSource};
use crate::problem::DeskError;
use crate::source::{LogPosition, Served, SourceJournal, SourceName, SourceType};
use crate::tables::{LogRow, SOURCE_ROWS, SOURCE_TYPES, SOURCES};

mod course;
mod finds;
mod reading;
mod report;
mod sync;
mod trouble;

use course::Course;
pub(super) use finds::Asker;
use finds::LiveFinds;
use sync::SyncFault;
pub use trouble::SourceTrouble;

/// A source of tickets as the operator configured it.
#[derive(Clone)]
pub struct ConfiguredSource {
    pub source: Arc<dyn TicketSource>,
    /// The name of the plugin that speaks to it, to be shown.
    pub plugin: String,
    /// How often it is synced (`sync.every`, 5 minutes unless told).
    pub every: SignedDuration,
    /// Organizations whose events may have its tickets; None: all.
    pub orgs: Option<Vec<String>>,
    /// Which of its tickets make attendees of `/tickets/*`.
    pub rules: AttendeeRules,
    /// Whether a ticket or an address that is not known is looked up in the ticketing system at once.
    pub live_find: bool,
}

/// The sources by name.
pub type ConfiguredSources = BTreeMap<SourceName, ConfiguredSource>;

/// What `/tickets/*` serves.
#[derive(Clone, Debug, Default)]
pub struct Ticketing {
    /// Names of configured sources, in the order in which they are asked.
    pub sources: Vec<SourceName>,
    pub matching: NameMatching,
    /// None: there are no such statistics.
    pub addons: Option<AddonTypes>,
}

/// How a source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceStatus {
    pub name: SourceName,
    pub plugin: String,
    /// None until its very first sync has ended: nothing of it is served before.
    pub tickets: Option<usize>,
    /// When it was last found to be as it is served.
    pub synced_at: Option<Timestamp>,
    /// Why the last try to renew it failed: then what is served is stale.
    pub trouble: Option<SourceTrouble>,
    /// Why the last look-up of a single ticket failed.
    pub find_trouble: Option<SourceTrouble>,
    /// How many syncs since the start have ended well, and how many have failed.
    pub completed: u64,
    pub failed: u64,
}

/// A source at work.
pub(super) struct LiveSource {
    pub name: SourceName,
    pub configured: ConfiguredSource,
    pub finds: LiveFinds,
    /// None until the very first sync has ended.
    set: ArcSwapOption<SourceSet>,
    /// Whether the log says that some of its tickets have no codes; once is enough.
    told_without_codes: AtomicBool,
    /// Held by whoever reads the ticketing system.
    run: futures::lock::Mutex<()>,
    /// Held by whoever takes its tickets into events.
    pub taking_in: futures::lock::Mutex<()>,
    // A std mutex: held for moves, never across an await.
    course: Mutex<Course>,
    /// The events that have not taken in all of its tickets.
    lacks: Mutex<BTreeMap<EventId, Lack>>,
}

/// All sources at work.
#[derive(Default)]
pub(super) struct Sources(BTreeMap<SourceName, Arc<LiveSource>>);

impl Sources {
    /// Reads what is known of each source.
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
                taking_in: futures::lock::Mutex::default(),
                course: Mutex::new(Course::new(ports.clock.now())),
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
    /// All its tickets; None until its very first sync has ended.
    pub fn set(&self) -> Option<Arc<SourceSet>> {
        self.set.load_full()
    }

    /// Serves what is stored of it. What cannot be read of a source is no other's trouble.
    async fn restore(&self, store: &dyn Store) -> Result<(), DeskError> {
        let restored = async {
            let journal = self.journal(store).await?;
            if let Some(served) = &journal.served {
                self.serve(store, served).await?;
            }
            Ok(())
        };
        match restored.await {
            Err(fault @ DeskError::Fault { .. }) => {
                let trouble = SourceTrouble::of_store(&fault);
                trouble.report(&self.name, &self.configured.plugin);
                self.course().trouble = Some(trouble);
                Ok(())
            }
            restored => restored,
        }
    }

    async fn journal(&self, store: &dyn Store) -> Result<SourceJournal, DeskError> {
        let stored = SOURCES.get(store, &self.name).await?;
        Ok(stored.map_or_else(SourceJournal::default, |stored| stored.value))
    }

    /// When the full run began that is served, or that changes were read since.
    pub async fn full_at(&self, store: &dyn Store) -> Result<Option<Timestamp>, DeskError> {
        let served = self.journal(store).await?.served;
        Ok(served.map(|served| served.full_at))
    }

    async fn types(&self, store: &dyn Store) -> Result<Vec<SourceType>, DeskError> {
        let stored = SOURCE_TYPES.get(store, &self.name).await?;
        Ok(stored.map_or_else(Vec::new, |stored| stored.value))
    }

    /// Shows readers what the log holds; until then they see what was there before.
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
        self.course().synced_at = Some(served.synced_at);
        Ok(())
    }

    pub(super) fn course(&self) -> MutexGuard<'_, Course> {
        // Whatever panics between two assignments leaves a date that comes too early or late.
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an event lacks of its tickets.
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
        // Nothing that holds the lock can panic.
        self.lacks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self) -> SourceStatus {
        let course = self.course();
        SourceStatus {
            name: self.name.clone(),
            plugin: self.configured.plugin.clone(),
            tickets: self.set().map(|set| set.count()),
            synced_at: course.synced_at,
            trouble: course.trouble.clone(),
            find_trouble: self.finds.trouble(),
            completed: course.completed,
            failed: course.failed,
        }
    }
}

impl Desk {
    /// Tells how each source is, by name.
    pub fn sources(&self) -> Vec<SourceStatus> {
        self.sources
            .0
            .values()
            .map(|source| source.status())
            .collect()
    }

    /// Renews a source if that is due, and tells how long to wait before this is called again: `every` and a little, less
    /// where something failed.
    ///
    /// Whoever runs the desk does so for each source by itself, so that none waits for another.
    pub async fn keep_fresh(&self, source: &SourceName) -> SignedDuration {
        let Some(source) = self.sources.get(source) else {
            return SignedDuration::MAX;
        };
        if source.course().is_due(self.now()) {
            let _running = source.run.lock().await;
            // Somebody else may have renewed it meanwhile.
            if source.course().is_due(self.now()) {
                // The course keeps what failed.
                let _ = self.renew(source).await;
            }
        }
        source.course().wait(self.now())
    }

    /// Renews every source that `/tickets/*` serves. Those who ask during a run wait for the next one together, since what
    /// they ask for may have changed behind the run's back.
    pub async fn refresh_sources(&self) -> Result<(), DeskError> {
        let sources = self.served_names()?.iter();
        let sources = sources.filter_map(|name| self.sources.get(name));
        let outcomes = join_all(sources.map(|source| self.refresh(source))).await;
        outcomes
            .into_iter()
            .collect::<Result<_, SourceTrouble>>()
            .map_err(|trouble| trouble.refusal())
    }

    /// Renews one source, likewise.
    pub async fn refresh_source(&self, name: &SourceName) -> Result<(), DeskError> {
        let outcome = match self.sources.get(name) {
            Some(source) => self.refresh(source).await,
            None => Ok(()),
        };
        outcome.map_err(|trouble| trouble.refusal())
    }

    /// Names the sources that `/tickets/*` serves.
    pub fn served_sources(&self) -> &[SourceName] {
        &self.settings.ticketing.sources
    }

    async fn refresh(&self, source: &LiveSource) -> Result<(), SourceTrouble> {
        let asked = source.course().begun();
        let _running = source.run.lock().await;
        let (ended, held_back) = {
            let course = source.course();
            (course.ended_since(asked), course.held_back(self.now()))
        };
        match ended.or(held_back.map(Err)) {
            Some(outcome) => outcome,
            None => self.renew(source).await,
        }
    }

    /// Runs one sync, and takes what it found into the events that have the source.
    async fn renew(&self, source: &LiveSource) -> Result<(), SourceTrouble> {
        source.course().begin();
        let read = self.sync(source).await;
        // What was read to its end counts, whatever failed after that.
        let taken_in = self.take_in_everywhere(source).await;
        let outcome = read.and(taken_in.map_err(SyncFault::from));
        if outcome.is_ok() {
            self.report(source);
        }
        let every = source.configured.every;
        let ended = source.course().end(outcome, self.now(), every);
        ended.inspect_err(|trouble| trouble.report(&source.name, &source.configured.plugin))
    }
}
