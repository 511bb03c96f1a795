//! The desk: every use case of the server, over the ports of `gatewit-domain`. Handlers call its parts and return their answers.
//!
//! A part is a struct over the ports with the state that it owns, in the file of its name. It may use the parts that
//! come before it: live sources, events, plugins, scanners, tickets, ticket sources, admissions.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::sync::Arc;

use gatewit_domain::id::EventId;
use gatewit_domain::ports::Store;
use jiff::Timestamp;

use crate::tables::{APPLIED_CONFIG, EVENTS};

mod admissions;
mod applied_config;
mod caller;
mod changes;
mod deleted_events;
mod derivation;
mod error;
mod events;
mod idempotency;
mod limits;
mod live_events;
mod live_sources;
mod plugins;
mod ports;
mod scanners;
mod settings;
pub mod tables;
mod ticket_sources;
mod tickets;
mod turns;

pub use admissions::{
    Admission, Admissions, Answered, AnsweredWindows, AskedAdmission, ChangedScan, CheckIn,
    CheckInPage, CheckInQuery, Decided, DryRun, Explanation, Fact, FactChange, Happened,
    PluginDiff, Replay, ScanChanges, ScanCount, Undone, UndoneBy, WindowsChange,
};
pub use applied_config::{AppliedConfig, ConfigChange, ConfigChangeKind};
pub use caller::{Access, Caller, DEFAULT_ORGANIZATION};
pub use derivation::store_layout;
pub use error::DeskError;
pub use events::{EventTrouble, EventWindow, Events, SettingUp, declared_slug};
pub use live_events::LiveEvent;
pub use live_sources::{AttachableSources, SourceStatus, SourceTrouble};
pub use plugins::{Plugins, check_operator};
pub use ports::Ports;
pub use scanners::{
    NewScanner, ScannerLink, ScannerList, ScannerStatistics, Scanners, TokenStatus,
};
pub use settings::{Configuration, ConfiguredSource, ConfiguredSources, DeskSettings, Ticketing};
pub use ticket_sources::{NotAnswered, TicketSources, Validated};
pub use tickets::{ShownTicket, TicketPage, TicketQuery, Tickets};

use deleted_events::DeletedEvents;
use live_sources::LiveSources;

/// The key of the one row of [`APPLIED_CONFIG`].
const FILES: &str = "files";

/// Returns what the operator's files said when they were last applied to a store; None if none ever were.
pub async fn applied_config_in(store: &dyn Store) -> Result<Option<AppliedConfig>, DeskError> {
    let stored = APPLIED_CONFIG.get(store, &FILES.to_owned()).await?;
    Ok(stored.map(|stored| stored.value))
}

/// Every use case: wires the parts, and does what belongs to none of them.
pub struct Desk {
    ports: Arc<Ports>,
    /// Creates, changes and publishes events.
    pub events: Arc<Events>,
    /// Lists plugins and what fails because of them, replaces them, and keeps what happened to each.
    pub plugins: Arc<Plugins>,
    /// Registers scanners.
    pub scanners: Arc<Scanners>,
    /// Issues, changes and searches tickets.
    pub tickets: Arc<Tickets>,
    /// Syncs ticketing systems, and imports their tickets.
    pub sources: Arc<TicketSources>,
    /// Decides scans, and takes admissions back.
    pub admissions: Admissions,
    deleted_events: DeletedEvents,
    live_sources: Arc<LiveSources>,
}

impl Desk {
    /// Opens the desk over a store: reads every event and its key, the state of each source, and the unfinished issues
    /// into memory.
    pub async fn open(ports: Ports, settings: DeskSettings) -> Result<Self, DeskError> {
        let ports = Arc::new(ports);
        let live_sources = Arc::new(LiveSources::new(&ports));
        let (deleted_events, deleted) = DeletedEvents::open(&ports).await?;
        let events = Events::open(&ports, &live_sources, deleted).await?;
        let events = Arc::new(events);
        let scanners = Scanners::new(&ports, &events, settings.registration_token_life);
        let scanners = Arc::new(scanners);
        let tickets = Arc::new(Tickets::open(&ports, &events).await?);
        let sources = TicketSources::new(&ports, &live_sources, &events, &tickets);
        let sources = Arc::new(sources);
        let desk = Self {
            plugins: Arc::new(Plugins::new(&ports, &live_sources, &events)),
            admissions: Admissions::new(&ports, &events, &scanners, &tickets, &sources),
            deleted_events,
            ports,
            events,
            scanners,
            tickets,
            sources,
            live_sources,
        };
        desk.configure(settings.configuration).await?;
        Ok(desk)
    }

    /// Replaces the configuration. A source whose reader is the same stays as it is; another is read anew, from what is
    /// stored of it. Waits until the runs of the sources that leave have ended, so end their readers first. After an
    /// error, the former configuration holds.
    pub async fn configure(&self, configuration: Configuration) -> Result<(), DeskError> {
        let Configuration {
            sources,
            ticketing,
            access,
        } = configuration;
        self.live_sources.replace(sources, ticketing).await?;
        self.events.set_access(access);
        Ok(())
    }

    /// Returns what the operator's files said when they were last applied; None if none ever were.
    pub async fn applied_config(&self) -> Result<Option<AppliedConfig>, DeskError> {
        applied_config_in(self.ports.store()).await
    }

    /// Keeps what the operator's files say, once it is applied.
    pub async fn keep_applied_config(&self, applied: &AppliedConfig) -> Result<(), DeskError> {
        let writes = vec![APPLIED_CONFIG.put(&FILES.to_owned(), applied)];
        self.ports.store().commit(Vec::new(), writes).await?;
        Ok(())
    }

    /// Checks that the store answers.
    pub async fn check_store(&self) -> Result<(), DeskError> {
        EVENTS
            .page(self.ports.store(), "", None, 1)
            .await
            .map(|_| ())
    }

    /// Deletes an event for everybody at once, if `confirm` is its slug. Its rows go with the next
    /// [`Desk::delete_rows_of_deleted_events`].
    pub async fn delete_event(
        &self,
        caller: &Caller,
        id: EventId,
        confirm: Option<&str>,
    ) -> Result<Arc<LiveEvent>, DeskError> {
        let deleted = self.events.delete(caller, id, confirm).await?;
        self.tickets.drop_index(id);
        self.deleted_events.add(id);
        Ok(deleted)
    }

    /// Deletes the rows of deleted events. Call this at the start and from time to time; it costs nothing while there are
    /// none. What fails is logged, and tried again at the next call.
    pub async fn delete_rows_of_deleted_events(&self) {
        for event in self.deleted_events.delete_rows().await {
            // A change of a ticket that was under way may have indexed it once more.
            self.tickets.drop_index(event);
        }
    }

    /// Deletes stored answers that are too old to be repeated.
    pub async fn forget_old_answers(&self) -> Result<(), DeskError> {
        idempotency::forget_old_answers(&self.ports).await
    }

    /// Returns the time that every decision uses.
    pub fn now(&self) -> Timestamp {
        self.ports.now()
    }
}
