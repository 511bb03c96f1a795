//! The configured ticket sources in memory: the tickets of each, its schedule and its look-ups. Knows no event.

use std::collections::BTreeMap;
use std::iter;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use gatewit_domain::attendees::{SetBuilder, SourceSet};
use gatewit_domain::event::Event;
use gatewit_domain::id::EventId;
use gatewit_domain::problem::{EventCode, Problem};
use gatewit_domain::source::{
    LogPosition, Served, SourceName, SourceTicket, SourceType, SyncState,
};
use jiff::Timestamp;

use crate::error::DeskError;
use crate::ports::Ports;
use crate::settings::ConfiguredSource;
use crate::tables::{LogRow, SOURCE_ROWS, SOURCE_TYPES, SOURCES};
use crate::turns::let_others_run;

mod look_ups;
mod reading;
mod report;
mod schedule;
mod sync;
mod trouble;

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

/// All sources at run time.
#[derive(Default)]
pub(super) struct LiveSources(BTreeMap<SourceName, Arc<LiveSource>>);

impl LiveSources {
    /// Reads each source's stored tickets.
    pub async fn open(ports: &Arc<Ports>) -> Result<Self, DeskError> {
        let mut sources = BTreeMap::new();
        for (name, configured) in &ports.sources {
            let source = LiveSource {
                ports: Arc::clone(ports),
                name: name.clone(),
                configured: configured.clone(),
                look_ups: LookUps::new(name, configured),
                set: ArcSwapOption::empty(),
                told_without_codes: AtomicBool::new(false),
                run: futures::lock::Mutex::default(),
                importing: futures::lock::Mutex::default(),
                schedule: SharedSchedule::new(ports.now()),
                imports: Mutex::default(),
            };
            source.restore().await?;
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

    pub fn all(&self) -> impl Iterator<Item = &Arc<LiveSource>> {
        self.0.values()
    }

    /// Checks that the event's sources exist and that its organization may have their tickets.
    pub fn check_attached(&self, event: &Event) -> Result<(), DeskError> {
        for name in &event.ticket_sources {
            let Some(source) = self.get(name) else {
                let known: Vec<_> = self.names().map(SourceName::as_str).collect();
                let words = match known.as_slice() {
                    [] => {
                        format!("ticketSources: there is no source \"{name}\"; none is configured")
                    }
                    known => format!(
                        "ticketSources: there is no source \"{name}\"; there are: {}",
                        known.join(", ")
                    ),
                };
                return Err(DeskError::unacceptable(
                    EventCode::UnknownTicketSource,
                    words,
                ));
            };
            let orgs = source.configured.orgs.as_ref();
            if orgs.is_some_and(|orgs| !orgs.contains(&event.org_id)) {
                let org = &event.org_id;
                let words = format!(
                    "the tickets of the source \"{name}\" are not for the organization \"{org}\""
                );
                return Err(DeskError::Forbidden(Problem::new(
                    EventCode::SourceNotForOrganization,
                    words,
                )));
            }
        }
        Ok(())
    }
}

impl LiveSource {
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
