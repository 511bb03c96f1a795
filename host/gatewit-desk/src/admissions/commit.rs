//! Makes a decision true: what is committed for it, under which guards.

use gatewit_decision::{Decision, Lookup};
use gatewit_domain::facts::ScanFacts;
use gatewit_domain::id::EventId;
use gatewit_domain::ports::Guard;
use gatewit_domain::record::{Record, RefusalsRecord};
use gatewit_domain::scan::Outcome;

use super::Admissions;
use super::record::{outcome, scan_record, summary};
use super::repeats::RepeatRead;
use crate::changes::Changes;
use crate::error::DeskError;
use crate::live_events::mark_seen;
use crate::tables::RECORDS;

/// The outcome of a scan, and what to commit for it.
pub(super) struct CommitPlan {
    outcome: Outcome,
    write: Written,
}

/// How a scan is recorded.
enum Written {
    /// By a record of its own.
    Now(Changes),
    /// Later, together with other refusals of its scanner.
    Together(EventId, RefusalsRecord),
}

impl Admissions {
    /// Prepares the record of a scan. `guards` hold as long as an admission may be committed.
    pub(super) fn plan(
        &self,
        facts: &ScanFacts,
        decision: &Decision,
        repeat: Option<&RepeatRead>,
        guards: Vec<Guard>,
    ) -> CommitPlan {
        let record = scan_record(facts, decision, repeat.map(|repeat| repeat.of(facts.scan)));
        let ticket = match &facts.found {
            Lookup::Ticket(held) => Some(summary(&held.ticket, held.kind(facts.event))),
            _ => None,
        };
        let scanner_name = facts
            .scanner
            .map(|scanner| scanner.name.as_str().to_owned());
        let outcome = outcome(&record, facts.event, ticket, scanner_name);
        // A refusal only has to be true at the moment it was decided.
        let mut changes = Changes::default();
        if decision.refusal.is_none() {
            changes.guards = guards;
        }
        // At the event as it was decided about, and not after its deletion.
        changes.guards.push(mark_seen(facts.event));
        changes.guards.extend(repeat.map(RepeatRead::unchanged));
        let bounded = (facts.scanner).filter(|_| decision.refusal.is_some() && repeat.is_none());
        if let Some(scanner) = bounded
            && !self.refusals.take(scanner.id, facts.now)
            && let Some(together) = RefusalsRecord::of(&record)
        {
            let write = Written::Together(facts.event.id, together);
            return CommitPlan { outcome, write };
        }
        let record = Record::Scan(Box::new(record));
        changes.writes = vec![RECORDS.append(facts.event.id, &record)];
        CommitPlan {
            outcome,
            write: Written::Now(changes),
        }
    }

    /// Commits a plan; None if something that it depends on has changed.
    pub(super) async fn commit(
        &self,
        facts: &ScanFacts<'_>,
        plan: CommitPlan,
    ) -> Result<Option<Outcome>, DeskError> {
        match plan.write {
            Written::Now(changes) => {
                if !changes.commit(self.ports.store()).await? {
                    return Ok(None);
                }
                self.counters
                    .count(facts.scan.station.contract, &plan.outcome.verdict);
            }
            Written::Together(event, refusals) => {
                // Fails as long as the store does: a refusal that cannot be recorded soon is not answered either.
                self.record_refusals().await?;
                self.refusals.add(event, refusals);
            }
        }
        Ok(Some(plan.outcome))
    }
}
