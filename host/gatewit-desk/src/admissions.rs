//! Admission at the door: takes a scan, returns an outcome that is on disk.

use std::sync::Arc;

use gatewit_decision::Decision;
use gatewit_domain::facts::ScanFacts;
use gatewit_domain::id::ScannerId;
use gatewit_domain::scan::{CheckIn, Outcome, Scan, Verdict};

use crate::changes::{Changes, retry};
use crate::error::DeskError;
use crate::events::Events;
use crate::live_events::LiveEvent;
use crate::ports::Ports;
use crate::scanners::Scanners;
use crate::ticket_sources::TicketSources;
use crate::tickets::Tickets;

mod counters;
mod history;
mod manual_check_in;
mod presented;
mod record;
mod refusal_bound;
mod refusals;
mod repeats;
mod station;
mod undo;

pub use counters::ScanCount;
pub use history::{CheckInPage, CheckInQuery, ScanOutcome};
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
}

/// An outcome, with the event in whose time zone it is shown.
pub struct Answered {
    /// Whether the ticket lets in, and what is shown of it.
    pub outcome: Outcome,
    /// The event at whose door it was decided.
    pub event: Arc<LiveEvent>,
}

/// The outcome of a scan, and what to commit for it.
struct CommitPlan {
    outcome: Outcome,
    changes: Changes,
    /// The record of a refusal beyond its scanner's bound, written later together with others.
    beyond_bound: Option<(ScannerId, CheckIn)>,
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
        }
    }

    /// Decides a scan. The outcome is on disk when this returns; an error means that nothing was decided.
    pub async fn admit(&self, scan: &Scan) -> Result<Answered, DeskError> {
        retry(|| self.try_admit(scan)).await
    }

    /// Decides a scan; None if something that decided was changed before the commit.
    async fn try_admit(&self, scan: &Scan) -> Result<Option<Answered>, DeskError> {
        let station = self.resolve(scan).await?;
        let response = self.stored_response(scan, &station).await?;
        if let Some(outcome) = self.repeated(scan, &station, response.as_ref()).await? {
            let event = station.event;
            return Ok(Some(Answered { outcome, event }));
        }
        let presented = self.find(scan, &station).await?;
        let facts = ScanFacts {
            now: self.ports.now(),
            scan,
            scanner: station.scanner(),
            event: &station.event.event,
            event_facts: &station.event.facts,
            found: presented.found,
        };
        let decision = facts.decide();
        let mut plan = self.plan(&facts, &decision);
        if let Some(response) = &response {
            plan.changes.add(response.changes(scan, &plan.outcome));
        }
        if decision.refusal.is_none() {
            // Requires that nobody used or cancelled the ticket or revoked the scanner meanwhile. A refusal only has to be
            // true at the moment it was decided.
            plan.changes.guards.extend(presented.guards);
            plan.changes.guards.extend(station.unchanged());
        }
        let outcome = self.commit(scan, plan).await?;
        let event = station.event;
        Ok(outcome.map(|outcome| Answered { outcome, event }))
    }

    /// Prepares the record of a scan and what follows from it.
    fn plan(&self, facts: &ScanFacts, decision: &Decision) -> CommitPlan {
        let outcome = record::outcome(facts, decision);
        let check_in = record::check_in(facts, decision, &outcome);
        let refused = facts.scanner.filter(|_| decision.refusal.is_some());
        let beyond = refused.filter(|scanner| !self.refusals.take(scanner.id, facts.now));
        let mut changes = Changes::default();
        if beyond.is_none() {
            changes.writes = record::writes(facts, decision, &check_in);
        }
        CommitPlan {
            outcome,
            changes,
            beyond_bound: beyond.map(|scanner| (scanner.id, check_in)),
        }
    }

    /// Commits a plan; None if something that it depends on has changed.
    async fn commit(&self, scan: &Scan, plan: CommitPlan) -> Result<Option<Outcome>, DeskError> {
        if plan.beyond_bound.is_some() {
            // Fails as long as the store does: a refusal that cannot be recorded soon is not answered either.
            self.record_refusals().await?;
        }
        if !plan.changes.writes.is_empty() && !plan.changes.commit(self.ports.store()).await? {
            return Ok(None);
        }
        match (plan.beyond_bound, &plan.outcome.verdict) {
            (Some((scanner, check_in)), Verdict::Refused(refusal)) => {
                self.refusals.add(scanner, check_in, refusal.code());
            }
            (_, verdict) => self.counters.count(scan.contract, verdict),
        }
        Ok(Some(plan.outcome))
    }

    /// Returns the number of scans by outcome since the start. A repeated answer is not counted again.
    pub fn scan_counts(&self) -> Vec<ScanCount> {
        self.counters.all()
    }
}
