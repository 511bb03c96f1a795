//! The desk: every use case of the server, over the ports. Handlers call it and return its answers.

use std::sync::{Arc, OnceLock};

use jiff::{SignedDuration, Timestamp};

use crate::tables::EVENTS;
use gatewit_domain::event::Event;
use gatewit_domain::id::EventId;
use gatewit_domain::plugin::PluginRow;
use gatewit_domain::ports::{Clock, EventKey, Signer, Store, Strategies};
use gatewit_domain::problem::Problem;
use gatewit_domain::window::DoorRule;

mod admission;
mod attendance;
mod caller;
mod codes;
mod counters;
mod declared;
mod error;
mod events;
mod import;
mod issues;
mod live;
mod log;
mod manual_check_in;
mod plugins;
mod scanners;
mod search;
mod sources;
pub mod tables;
mod tickets;
mod turns;
mod undo;
mod warnings;

pub use admission::Answered;
pub use attendance::{NotAnswered, Validated};
pub use caller::{Access, Caller, DEFAULT_ORGANIZATION};
pub use counters::ScanCount;
pub use declared::EventTrouble;
pub use error::DeskError;
pub use events::EventWindow;
pub use log::{CheckInPage, CheckInQuery, ScanOutcome};
pub use scanners::{NewScanner, ScannerLink, ScannerList, ScannerStatistics, TokenStatus};
pub use sources::{ConfiguredSource, ConfiguredSources, SourceStatus, SourceTrouble, Ticketing};
pub use tickets::{ShownTicket, TicketPage, TicketQuery};
pub use undo::{Undone, UndoneBy};

use admission::RefusalBound;
use counters::ScanCounters;
use issues::Issues;
use live::LiveEvents;
use plugins::Rejections;
use search::SearchIndex;
use sources::Sources;
use turns::Turns;

/// The most rows read for one page of a list, so that a filter that matches nothing still ends.
const LOOKED_AT_MAX: usize = 5_000;
/// How often a step is retried when a concurrent change invalidated what it read.
///
/// In each round at least one contender commits, so this is also how many may race for one ticket.
const ATTEMPTS_MAX: usize = 256;
/// The rows per read of a table.
const PAGE: usize = 1_000;

/// The ports that the desk needs.
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub strategies: Arc<dyn Strategies>,
    pub signer: Arc<dyn Signer>,
    pub sources: ConfiguredSources,
    pub clock: Arc<dyn Clock>,
}

/// The operator's settings.
#[derive(Clone, Debug)]
pub struct DeskSettings {
    /// How long a registration token lives (`GATEWIT_REGISTRATION_TOKEN_MINUTES`).
    pub registration_token_life: SignedDuration,
    pub ticketing: Ticketing,
    pub access: Access,
}

impl Default for DeskSettings {
    /// Five minutes for a token, as the contract says; no ticketing system, no operators and no organizations.
    fn default() -> Self {
        Self {
            registration_token_life: SignedDuration::from_mins(5),
            ticketing: Ticketing::default(),
            access: Access::default(),
        }
    }
}

/// Manages events, issues tickets, links scanners and decides scans.
pub struct Desk {
    ports: Ports,
    settings: DeskSettings,
    live: LiveEvents,
    index: SearchIndex,
    issues: Issues,
    sources: Sources,
    refusals: RefusalBound,
    counters: ScanCounters,
    rejections: Rejections,
}

/// An event in memory, with everything that a scan needs of it.
pub struct LiveEvent {
    pub event: Event,
    pub rule: Arc<DoorRule>,
    /// Set once the event is published.
    pub key: Option<Arc<dyn EventKey>>,
    /// The warnings about its windows; set once the windows are computed.
    door_warnings: OnceLock<Vec<String>>,
}

impl Desk {
    /// Opens the desk over a store: reads every event and its key, the state of each source, and the unfinished issues
    /// into memory.
    pub async fn open(ports: Ports, settings: DeskSettings) -> Result<Self, DeskError> {
        let mut desk = Self {
            sources: Sources::open(&ports).await?,
            issues: Issues::open(&*ports.store).await?,
            ports,
            settings,
            live: LiveEvents::default(),
            index: SearchIndex::default(),
            refusals: RefusalBound::default(),
            counters: ScanCounters::default(),
            rejections: Rejections::default(),
        };
        let mut turns = Turns::default();
        let mut events = Vec::new();
        let mut after = None;
        loop {
            let page = EVENTS
                .page(&*desk.ports.store, "", after.as_ref(), PAGE)
                .await?;
            let Some(last) = page.last() else {
                desk.live = LiveEvents::of(events);
                return Ok(desk);
            };
            after = Some(last.key.clone());
            for stored in page {
                turns.step().await;
                events.push(desk.bring_to_life(stored.value)?);
            }
        }
    }

    /// Lists the plugins, loaded and refused, as the engine reports them.
    pub fn plugins(&self) -> Vec<PluginRow> {
        self.ports.strategies.plugins()
    }

    /// Checks that the store answers.
    pub async fn check_store(&self) -> Result<(), DeskError> {
        EVENTS.page(self.store(), "", None, 1).await.map(|_| ())
    }

    /// Returns the time that every decision uses.
    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    fn store(&self) -> &dyn Store {
        &*self.ports.store
    }

    fn bring_to_life(&self, event: Event) -> Result<LiveEvent, DeskError> {
        let open = |key| self.ports.signer.open(event.id, key);
        let key = event.key.as_ref().map(open).transpose()?;
        Ok(LiveEvent {
            rule: Arc::new(event.door_rule()),
            event,
            key,
            door_warnings: OnceLock::new(),
        })
    }

    fn live(&self, id: EventId) -> Result<Arc<LiveEvent>, DeskError> {
        self.live
            .get(id)
            .ok_or_else(|| DeskError::not_found("event", id))
    }

    /// Finds an event that the caller may manage.
    fn managed(&self, caller: &Caller, id: EventId) -> Result<Arc<LiveEvent>, DeskError> {
        let live = self.live(id)?;
        match caller.may_manage(&live.event) {
            true => Ok(live),
            false => Err(DeskError::Forbidden(Problem::new(
                "not_event_organizer",
                format!("only an organizer of event {id} may do this"),
            ))),
        }
    }
}

impl LiveEvent {
    /// The key pair of a published event.
    fn published_key(&self) -> Result<&Arc<dyn EventKey>, DeskError> {
        self.key.as_ref().ok_or_else(|| {
            DeskError::unacceptable(
                "event_not_published",
                format!(
                    "event {} is not published and has no signing key; publish it first",
                    self.event.id
                ),
            )
        })
    }
}
