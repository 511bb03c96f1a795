//! Recorded scans, decided again with the windows of another component.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gatewit_decision::{EventFacts, Refusal, Window};
use gatewit_domain::digest::Digest;
use gatewit_domain::id::{CheckInId, EventId, TicketId};
use gatewit_domain::ports::TriedStrategy;
use gatewit_domain::record::{Named, Record, RecordedTicket, ScanRecord};
use gatewit_domain::scan::Entry;
use gatewit_domain::window::{DoorRule, Holder, StrategyName};
use jiff::Timestamp;

use crate::admissions::Admissions;
use crate::error::DeskError;
use crate::limits::PAGE;
use crate::live_events::LiveEvent;
use crate::tables::{
    EVENT_REVISIONS, EventRevision, EventWindows, RECORDS, StoredWindows, WINDOWS, of_event,
};
use crate::turns::Turns;

/// How many scans are told one by one.
const TOLD_MAX: usize = 20;

/// The recorded scans whose verdicts would differ.
pub struct ScanChanges {
    /// How many scans were decided again: those whose decision read windows.
    pub decided: usize,
    /// How many could not be: something that they name is not stored.
    pub undecided: usize,
    /// Whether there was time for all.
    pub is_complete: bool,
    /// How many verdicts differ, by the codes of the refusals before and after; None: admitted.
    pub counts: BTreeMap<(Option<&'static str>, Option<&'static str>), usize>,
    /// The first 20 scans whose verdicts differ.
    pub first: Vec<ChangedScan>,
}

/// A recorded scan whose verdict would differ.
pub struct ChangedScan {
    /// The event.
    pub live: Arc<LiveEvent>,
    /// The scan.
    pub id: CheckInId,
    /// When it was decided.
    pub at: Timestamp,
    /// The ticket.
    pub ticket: TicketId,
    /// The code of its refusal by the windows that it was decided with; None: admitted.
    pub from: Option<&'static str>,
    /// The code of its refusal by the windows of the component.
    pub to: Option<&'static str>,
}

/// What the records of an event name.
struct Archive<'a> {
    admissions: &'a Admissions,
    event: EventId,
    name: StrategyName,
    strategy: &'a dyn TriedStrategy,
    /// The event as of its revisions; None for those that are not stored.
    revisions: HashMap<u64, Option<(EventFacts, Arc<DoorRule>)>>,
    stored: HashMap<Digest, Option<StoredWindows>>,
    /// The component's answers; the inner None is a failure.
    answers: HashMap<(u64, Holder), Option<Vec<Window>>>,
    entries: HashMap<u64, Entry>,
}

impl Admissions {
    /// Decides an event's records again with the windows of a strategy, which is asked nothing new once it `ends`.
    pub(super) async fn decide_records(
        &self,
        live: &Arc<LiveEvent>,
        (name, strategy): (&StrategyName, &dyn TriedStrategy),
        ends: Timestamp,
        changes: &mut ScanChanges,
    ) -> Result<(), DeskError> {
        let mut archive = Archive {
            admissions: self,
            event: live.event.id,
            name: name.clone(),
            strategy,
            revisions: HashMap::new(),
            stored: HashMap::new(),
            answers: HashMap::new(),
            entries: HashMap::new(),
        };
        let mut turns = Turns::default();
        let mut pages = RECORDS.pages(self.ports.store(), &of_event(live.event.id), PAGE);
        while let Some(page) = pages.next().await? {
            for row in page {
                turns.step().await;
                if self.ports.now() >= ends {
                    changes.is_complete = false;
                    return Ok(());
                }
                let sequence = row.number()?;
                let Record::Scan(scan) = row.value else {
                    continue;
                };
                if let Some(ticket) = scan.ticket()
                    && let Some(windows) = ticket.windows
                {
                    archive.read(scan.event_revision, windows).await?;
                    if !archive.is_asked(scan.event_revision) {
                        continue;
                    }
                    match archive.verdicts(&scan, ticket, windows).await {
                        Some(verdicts) => changes.note(live, &scan, ticket.id, verdicts),
                        None => changes.undecided += 1,
                    }
                }
                let entry = scan.entry(sequence);
                archive.entries.extend(entry.map(|entry| (sequence, entry)));
            }
        }
        Ok(())
    }
}

impl Default for ScanChanges {
    fn default() -> Self {
        Self {
            decided: 0,
            undecided: 0,
            is_complete: true,
            counts: BTreeMap::new(),
            first: Vec::new(),
        }
    }
}

impl ScanChanges {
    fn note(
        &mut self,
        live: &Arc<LiveEvent>,
        scan: &ScanRecord,
        ticket: TicketId,
        [from, to]: [Option<&'static str>; 2],
    ) {
        self.decided += 1;
        if from == to {
            return;
        }
        *self.counts.entry((from, to)).or_default() += 1;
        if self.first.len() < TOLD_MAX {
            self.first.push(ChangedScan {
                live: Arc::clone(live),
                id: scan.id,
                at: scan.at,
                ticket,
                from,
                to,
            });
        }
    }
}

impl Archive<'_> {
    /// Decides a scan with the windows that it names, and with those of the strategy; None if something is missing.
    async fn verdicts(
        &mut self,
        scan: &ScanRecord,
        ticket: &RecordedTicket,
        windows: Digest,
    ) -> Option<[Option<&'static str>; 2]> {
        let stored = self.stored.get(&windows)?.as_ref()?;
        let question = (scan.event_revision, stored.holder.clone());
        if !self.ask(&question).await {
            return None;
        }
        let (event, _) = self.revisions.get(&scan.event_revision)?.as_ref()?;
        let code = |windows: Option<&[Window]>| {
            let entries = ticket.entries.iter();
            let decision = scan.decide_again(Named {
                event,
                windows,
                entries: entries
                    .filter_map(|number| Some(self.entries.get(number)?.facts()))
                    .collect(),
            });
            decision.refusal.as_ref().map(Refusal::code)
        };
        let stored = self.stored.get(&windows).and_then(Option::as_ref);
        let answered = self.answers.get(&question).and_then(Option::as_deref);
        Some([code(stored.map(|stored| &*stored.windows)), code(answered)])
    }

    /// Whether the event had the strategy at a revision, as far as is known.
    fn is_asked(&self, revision: u64) -> bool {
        let stored = self.revisions.get(&revision).and_then(Option::as_ref);
        stored.is_none_or(|(_, rule)| rule.strategy == self.name)
    }

    /// Reads a revision of the event and an answer, unless they have been read.
    async fn read(&mut self, revision: u64, windows: Digest) -> Result<(), DeskError> {
        let store = self.admissions.ports.store();
        if !self.revisions.contains_key(&revision) {
            let key = EventRevision(self.event, revision);
            let stored = EVENT_REVISIONS.get(store, &key).await?;
            let event = stored.map(|stored| stored.value);
            let event = event.map(|event| (event.facts(), Arc::new(event.door_rule())));
            self.revisions.insert(revision, event);
        }
        if !self.stored.contains_key(&windows) {
            let key = EventWindows(self.event, windows);
            let stored = WINDOWS.get(store, &key).await?;
            self.stored
                .insert(windows, stored.map(|stored| stored.value));
        }
        Ok(())
    }

    /// Asks the strategy, unless it was asked; false if the rule is not stored.
    async fn ask(&mut self, question: &(u64, Holder)) -> bool {
        if self.answers.contains_key(question) {
            return true;
        }
        let (revision, holder) = question;
        let Some(Some((_, rule))) = self.revisions.get(revision) else {
            return false;
        };
        let answer = self.strategy.windows(rule, holder).await.ok();
        self.answers.insert(question.clone(), answer);
        true
    }
}
