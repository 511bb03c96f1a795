//! Admission at the door: takes a scan, returns an outcome that is on disk.

use std::sync::Arc;

use futures::future::try_join;
use gatewit_domain::facts::ScanFacts;
use gatewit_domain::scan::{Outcome, Scan};

use crate::changes::retry;
use crate::error::DeskError;
use crate::events::Events;
use crate::live_events::LiveEvent;
use crate::ports::Ports;
use crate::scanners::Scanners;
use crate::ticket_sources::TicketSources;
use crate::tickets::Tickets;

mod commit;
mod counters;
mod dry_run;
mod dry_runs;
mod explain;
mod facts;
mod history;
mod manual_check_in;
mod record;
mod refusal_bound;
mod refusals;
mod repeats;
mod replay;
mod resolve;
mod undo;

pub use counters::ScanCount;
pub use dry_run::{AnsweredWindows, ChangedScan, DryRun, PluginDiff, ScanChanges, WindowsChange};
use dry_runs::DryRuns;
pub use explain::{Admission, AskedAdmission, Explanation};
pub use history::{CheckIn, CheckInPage, CheckInQuery, Happened};
pub use replay::{Decided, Fact, FactChange, Replay};
pub use undo::{Undone, UndoneBy};

use counters::ScanCounters;
use refusal_bound::RefusalBound;

/// Every scan: who was let in, who was refused, and what was taken back.
pub struct Admissions {
    ports: Arc<Ports>,
    events: Arc<Events>,
    scanners: Arc<Scanners>,
    tickets: Arc<Tickets>,
    sources: Arc<TicketSources>,
    refusals: RefusalBound,
    counters: ScanCounters,
    dry_runs: DryRuns,
}

/// An outcome, with the event in whose time zone it is shown.
pub struct Answered {
    /// Whether the ticket lets in, and what is shown of it.
    pub outcome: Outcome,
    /// The event at whose door it was decided.
    pub event: Arc<LiveEvent>,
}

impl Admissions {
    pub(super) fn new(
        ports: &Arc<Ports>,
        events: &Arc<Events>,
        scanners: &Arc<Scanners>,
        tickets: &Arc<Tickets>,
        sources: &Arc<TicketSources>,
    ) -> Self {
        Self {
            ports: Arc::clone(ports),
            events: Arc::clone(events),
            scanners: Arc::clone(scanners),
            tickets: Arc::clone(tickets),
            sources: Arc::clone(sources),
            refusals: RefusalBound::default(),
            counters: ScanCounters::default(),
            dry_runs: DryRuns::default(),
        }
    }

    /// Decides a scan. The outcome is on disk when this returns, but for a refusal beyond its scanner's bound, which follows
    /// within a second. After an error nobody was let in by this answer; what the store did is then unknown.
    pub async fn admit(&self, scan: &Scan) -> Result<Answered, DeskError> {
        retry(|| self.try_admit(scan)).await
    }

    /// Decides a scan; None if something that decided was changed before the commit.
    async fn try_admit(&self, scan: &Scan) -> Result<Option<Answered>, DeskError> {
        let event = self.events.live(scan.station.event)?;
        let (scanner, repeat) = try_join(self.scanner_of(scan), self.read_repeat(scan)).await?;
        let station = self.resolve(scan, event, scanner);
        let repeat = repeat.filter(|_| station.may_scan);
        if let Some(outcome) = self.repeated(scan, &station, repeat.as_ref()).await? {
            let event = station.event;
            return Ok(Some(Answered { outcome, event }));
        }
        let mut reads = self.find(scan, &station).await?;
        // Requires that nobody used or cancelled the ticket or revoked the scanner meanwhile.
        reads.guards.extend(station.unchanged());
        let facts = ScanFacts {
            now: self.ports.now(),
            scan,
            scanner: station.scanner(),
            event: &station.event.event,
            event_facts: &station.event.facts,
            found: reads.found,
        };
        let plan = self.plan(&facts, &facts.decide(), repeat.as_ref(), reads.guards);
        let outcome = self.commit(&facts, plan).await?;
        let event = station.event;
        Ok(outcome.map(|outcome| Answered { outcome, event }))
    }

    /// Returns the number of scans by outcome since the start. A repeated answer is not counted again.
    pub fn scan_counts(&self) -> Vec<ScanCount> {
        self.counters.all()
    }
}
