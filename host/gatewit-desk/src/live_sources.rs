//! The configured ticket sources in memory: the tickets of each, its schedule and its look-ups. Knows no event.

use std::collections::BTreeMap;
use std::iter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use futures::future::join_all;
use gatewit_domain::attendees::{SetBuilder, SourceSet};
use gatewit_domain::event::Event;
use gatewit_domain::id::EventId;
use gatewit_domain::source::{
    LogPosition, Served, SourceName, SourceTicket, SourceType, SyncState,
};
use jiff::Timestamp;

use crate::error::DeskError;
use crate::ports::Ports;
use crate::settings::{ConfiguredSource, ConfiguredSources, Ticketing};
use crate::tables::{LogRow, SOURCE_ROWS, SOURCE_TYPES, SOURCES};
use crate::turns::let_others_run;

mod attachable;
mod look_ups;
mod reading;
mod report;
mod schedule;
mod sync;
mod trouble;

pub use attachable::AttachableSources;
pub(super) use look_ups::Asker;
use look_ups::LookUps;
use schedule::{SharedSchedule, SyncSchedule};
pub use trouble::SourceTrouble;
pub(super) use trouble::SyncFault;

/// How many rows of a log are read at once.
const ROWS_AT_ONCE: usize = 16;

/// The status of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceStatus {
    /// Its name.
    pub name: SourceName,
    /// The name of its plugin.
    pub plugin: String,
    /// None until its first sync has ended: until then it serves nothing.
    pub tickets: Option<usize>,
    /// When its tickets were last known to be current.
    pub synced_at: Option<Timestamp>,
    /// Why its last sync failed, if it did: then its tickets are stale.
    pub trouble: Option<SourceTrouble>,
    /// Why the last look-up of a single ticket failed, if it did.
    pub find_trouble: Option<SourceTrouble>,
    /// How many syncs have succeeded since the start.
    pub completed: u64,
    /// How many syncs have failed since the start.
    pub failed: u64,
}

/// A source at run time.
pub(super) struct LiveSource {
    ports: Arc<Ports>,
    pub name: SourceName,
    pub configured: ConfiguredSource,
    look_ups: LookUps,
    /// None until the first sync has ended.
    set: ArcSwapOption<SourceSet>,
    /// Whether the log already says that some of its tickets have no codes.
    told_without_codes: AtomicBool,
    /// Held while the ticketing system is read.
    pub run: futures::lock::Mutex<()>,
    /// Held while its tickets are imported into events.
    pub importing: futures::lock::Mutex<()>,
    is_retired: AtomicBool,
    schedule: SharedSchedule,
    /// The events that have not imported all of its tickets.
    imports: Mutex<BTreeMap<EventId, ImportState>>,
}

/// Why an event lacks tickets of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImportState {
    /// They are being imported.
    Running,
    /// They could not be imported.
    Failed,
}

/// All sources at run time, behind one pointer.
pub(super) struct LiveSources {
    ports: Arc<Ports>,
    current: ArcSwap<CurrentSources>,
}

/// The sources of one moment.
#[derive(Default)]
struct CurrentSources {
    by_name: BTreeMap<SourceName, Arc<LiveSource>>,
    ticketing: Arc<Ticketing>,
}

impl LiveSources {
    /// Without any source.
    pub fn new(ports: &Arc<Ports>) -> Self {
        Self {
            ports: Arc::clone(ports),
            current: ArcSwap::default(),
        }
    }

    /// Replaces the sources by those that are configured. A source whose reader is the same stays as it is. The others
    /// are opened with the tickets that are stored, and are due at once.
    ///
    /// Waits for the runs of sources that are replaced or not configured any more: end their readers first. Once this
    /// returns, those sources write nothing. After an error, the sources are as before.
    pub async fn replace(
        &self,
        configured: ConfiguredSources,
        ticketing: Ticketing,
    ) -> Result<(), DeskError> {
        let before = self.current.load_full();
        let is_kept = |live: &LiveSource| {
            let after = configured.get(&live.name);
            after.is_some_and(|after| Arc::ptr_eq(&after.source, &live.configured.source))
        };
        let (kept, retired): (Vec<_>, Vec<_>) =
            before.by_name.values().partition(|live| is_kept(live));
        let _runs = join_all(retired.iter().map(|live| live.run.lock())).await;
        let _imports = join_all(retired.iter().map(|live| live.importing.lock())).await;
        let kept = kept.into_iter();
        let mut by_name: BTreeMap<_, _> = kept
            .map(|live| (live.name.clone(), Arc::clone(live)))
            .collect();
        for (name, configured) in &configured {
            if !by_name.contains_key(name) {
                let live = LiveSource::open(&self.ports, name, configured).await?;
                by_name.insert(name.clone(), Arc::new(live));
            }
        }
        for live in retired {
            live.is_retired.store(true, Ordering::Release);
        }
        self.current.store(Arc::new(CurrentSources {
            by_name,
            ticketing: Arc::new(ticketing),
        }));
        Ok(())
    }

    pub fn get(&self, name: &SourceName) -> Option<Arc<LiveSource>> {
        self.current.load().by_name.get(name).cloned()
    }

    pub fn all(&self) -> Vec<Arc<LiveSource>> {
        self.current.load().by_name.values().cloned().collect()
    }

    /// Returns the settings of `/tickets/*`.
    pub fn ticketing(&self) -> Arc<Ticketing> {
        Arc::clone(&self.current.load().ticketing)
    }

    /// Returns the sources that `/tickets/*` serves, in the order in which they are asked.
    pub fn served(&self) -> Vec<Arc<LiveSource>> {
        let current = self.current.load();
        let names = current.ticketing.sources.iter();
        names
            .filter_map(|name| current.by_name.get(name).cloned())
            .collect()
    }

    /// Returns which organizations may have the tickets of which source.
    pub fn attachable(&self) -> AttachableSources {
        let sources = self.all().into_iter();
        sources
            .map(|source| (source.name.clone(), source.configured.orgs.clone()))
            .collect()
    }

    /// Checks that the event's sources exist and that its organization may have their tickets.
    pub fn check_attached(&self, event: &Event) -> Result<(), DeskError> {
        self.attachable().check(event)
    }
}

impl LiveSource {
    /// Opens a source with the tickets that are stored.
    async fn open(
        ports: &Arc<Ports>,
        name: &SourceName,
        configured: &ConfiguredSource,
    ) -> Result<Self, DeskError> {
        let source = Self {
            ports: Arc::clone(ports),
            name: name.clone(),
            configured: configured.clone(),
            look_ups: LookUps::new(name, configured),
            set: ArcSwapOption::empty(),
            told_without_codes: AtomicBool::new(false),
            run: futures::lock::Mutex::default(),
            importing: futures::lock::Mutex::default(),
            is_retired: AtomicBool::new(false),
            schedule: SharedSchedule::new(ports.now()),
            imports: Mutex::default(),
        };
        source.restore().await?;
        Ok(source)
    }

    /// Whether it was replaced, or is not configured any more. Ask this while holding `run` or `importing`.
    pub fn is_retired(&self) -> bool {
        self.is_retired.load(Ordering::Acquire)
    }

    /// Returns all its tickets; None until its first sync has ended.
    pub fn set(&self) -> Option<Arc<SourceSet>> {
        self.set.load_full()
    }

    /// Serves its stored tickets. If they cannot be read, only this source fails.
    async fn restore(&self) -> Result<(), DeskError> {
        let restored = async {
            let state = self.state().await?;
            if let Some(served) = &state.served {
                self.serve(served).await?;
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

    async fn state(&self) -> Result<SyncState, DeskError> {
        let stored = SOURCES.get(self.ports.store(), &self.name).await?;
        Ok(stored.map_or_else(SyncState::default, |stored| stored.value))
    }

    /// Returns when the last full run that is served began; changes may have been read since.
    pub async fn full_at(&self) -> Result<Option<Timestamp>, DeskError> {
        let served = self.state().await?.served;
        Ok(served.map(|served| served.full_at))
    }

    async fn types(&self) -> Result<Vec<SourceType>, DeskError> {
        let stored = SOURCE_TYPES.get(self.ports.store(), &self.name).await?;
        Ok(stored.map_or_else(Vec::new, |stored| stored.value))
    }

    /// Shows readers the tickets in the log; until this ends they see the earlier ones.
    async fn serve(&self, served: &Served) -> Result<(), DeskError> {
        let (end, types) = (served.end, self.types().await?);
        let mut set = SetBuilder::new(end, types, self.configured.rules.clone());
        let rows: Vec<_> = (0..end.row).rev().collect();
        for some in rows.chunks(ROWS_AT_ONCE) {
            let key = |row: &u32| LogRow(self.name.clone(), LogPosition { row: *row, ..end });
            let keys: Vec<_> = some.iter().map(key).collect();
            let stored = SOURCE_ROWS.get_many(self.ports.store(), &keys).await?;
            for (row, stored) in iter::zip(some, stored) {
                let stored = stored.ok_or_else(|| DeskError::Fault {
                    action: format!("read what is kept of the ticket source {}", self.name),
                    source: format!("row {row} of its log {} is missing", end.log).into(),
                })?;
                set.add(*row, &stored.value);
                let_others_run().await;
            }
        }
        self.set.store(Some(Arc::new(set.finish())));
        self.schedule().synced_at = Some(served.synced_at);
        Ok(())
    }

    pub(super) fn schedule(&self) -> MutexGuard<'_, SyncSchedule> {
        self.schedule.lock()
    }

    /// Asks the ticketing system for tickets with this reference, order, code or address, if that is allowed.
    pub async fn look_up(
        &self,
        text: &str,
        asker: Asker,
    ) -> Result<Arc<[SourceTicket]>, DeskError> {
        let clock = &*self.ports.clock;
        self.look_ups.find(text, asker, &self.schedule, clock).await
    }

    /// Returns the state of the import of its tickets into an event; None if the event has all of them.
    pub(super) fn import_state(&self, event: EventId) -> Option<ImportState> {
        self.imports().get(&event).copied()
    }

    pub(super) fn note_import(&self, event: EventId, state: Option<ImportState>) {
        match state {
            Some(state) => self.imports().insert(event, state),
            None => self.imports().remove(&event),
        };
    }

    fn imports(&self) -> MutexGuard<'_, BTreeMap<EventId, ImportState>> {
        // No holder of the lock can panic.
        self.imports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns its status.
    pub fn status(&self) -> SourceStatus {
        let schedule = self.schedule();
        SourceStatus {
            name: self.name.clone(),
            plugin: self.configured.plugin.clone(),
            tickets: self.set().map(|set| set.count()),
            synced_at: schedule.synced_at,
            trouble: schedule.trouble.clone(),
            find_trouble: self.look_ups.trouble(),
            completed: schedule.completed,
            failed: schedule.failed,
        }
    }
}
