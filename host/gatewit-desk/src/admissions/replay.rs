//! Decides a recorded scan again, from its record, and compares what it read with what holds today.

use std::sync::Arc;

use gatewit_decision::{DayId, Decision, EventFacts, Lookup, Refusal, Window, decide};
use gatewit_domain::event::Event;
use gatewit_domain::facts::{Found, FoundFacts};
use gatewit_domain::id::{CheckInId, EventId};
use gatewit_domain::problem::CheckInCode;
use gatewit_domain::record::{Named, Record, ScanRecord};
use gatewit_domain::scan::Entry;
use gatewit_domain::window::WindowsAnswer;

use super::Admissions;
use crate::caller::Caller;
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::plugins::check_operator;
use crate::tables::{CHECK_INS, EVENT_REVISIONS, EventRevision, EventWindows, WINDOWS};

mod facts;

pub use facts::{Fact, FactChange};

use facts::{ReadFacts, changes};

/// A recorded scan, decided again.
pub struct Replay {
    /// The event of the scan.
    pub event: Arc<LiveEvent>,
    /// What was recorded.
    pub scan: Box<ScanRecord>,
    /// The decision from what the record holds and names; None if something that it names is not stored.
    pub again: Option<Decided>,
    /// What the record names and the store does not have as it was.
    pub lost: Vec<FactChange>,
    /// The decision at the same moment and place with the facts that hold today.
    pub today: Decided,
    /// The facts that hold no more.
    pub changed: Vec<FactChange>,
}

/// An outcome of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// None: admitted.
    pub refusal: Option<Refusal>,
    /// The day that decided.
    pub day: Option<DayId>,
}

impl Decided {
    fn new(decision: Decision, event: &EventFacts) -> Self {
        Self {
            refusal: decision.refusal,
            day: decision.day.map(|day| event.days[day].id),
        }
    }
}

impl Replay {
    /// The decision that was recorded.
    pub fn recorded(&self) -> Decided {
        Decided {
            refusal: self.scan.refusal().cloned(),
            day: self.scan.day,
        }
    }

    /// Whether the scan is decided again as it was recorded.
    pub fn is_same(&self) -> bool {
        self.again.as_ref() == Some(&self.recorded())
    }
}

/// What a record names, as the store has it.
struct Stored {
    event: Option<Event>,
    /// None if the record names no windows, or if they are not stored.
    windows: Option<WindowsAnswer>,
    entries: Vec<Entry>,
}

impl Admissions {
    /// Decides a recorded scan again, for operators.
    pub async fn replay(&self, caller: &Caller, id: CheckInId) -> Result<Replay, DeskError> {
        let place = CHECK_INS.get(self.ports.store(), &id).await?;
        let place = place.ok_or_else(|| DeskError::not_found("check-in", id))?;
        let place = place.value;
        let live = self.events.managed(caller, place.event)?;
        check_operator(caller)?;
        let Record::Scan(scan) = self.record(place.event, place.sequence).await? else {
            let words = format!(
                "check-in {id} is an undo, or stands for several refusals that were not recorded one by one"
            );
            return Err(DeskError::unacceptable(CheckInCode::NotAScan, words));
        };
        let stored = self.named_by(&scan, &live).await?;
        let found = self.found_today(&scan, place.sequence, &live).await?;
        let today = FoundFacts::new(&live.event, &live.facts, &found);
        let today = decide(&today.at(scan.at, scan.station()));
        let now = ReadFacts::today(&found, &live.event);
        let then = ReadFacts::recorded(&scan, stored.windows.as_ref());
        Ok(Replay {
            again: stored.decide_again(&scan),
            lost: stored.lost(&scan),
            today: Decided::new(today, &live.facts),
            changed: changes(&then, &now),
            scan,
            event: live,
        })
    }

    /// Reads what a record names.
    async fn named_by(&self, scan: &ScanRecord, live: &LiveEvent) -> Result<Stored, DeskError> {
        let (store, event) = (self.ports.store(), live.event.id);
        let revision = EventRevision(event, scan.event_revision);
        let revision = EVENT_REVISIONS.get(store, &revision).await?;
        let revision = revision.map(|stored| stored.value);
        let digest = scan.ticket().and_then(|ticket| ticket.windows);
        let windows = match digest {
            Some(digest) => WINDOWS.get(store, &EventWindows(event, digest)).await?,
            None => None,
        };
        let windows = windows.and_then(|stored| {
            let rule = revision.as_ref()?.door_rule();
            let plugin = stored.value.plugins.into_iter().next()?;
            let (holder, windows) = (stored.value.holder, stored.value.windows);
            Some(WindowsAnswer::new(rule.digest(), &holder, windows, plugin))
        });
        Ok(Stored {
            event: revision,
            windows,
            entries: self.entries_named_by(scan, event).await?,
        })
    }

    /// Reads the entries that a record names, oldest first.
    async fn entries_named_by(
        &self,
        scan: &ScanRecord,
        event: EventId,
    ) -> Result<Vec<Entry>, DeskError> {
        let mut entries = Vec::new();
        for sequence in scan.ticket().map_or(&[][..], |ticket| &ticket.entries) {
            if let Record::Scan(earlier) = self.record(event, *sequence).await? {
                entries.extend(earlier.entry(*sequence));
            }
        }
        Ok(entries)
    }

    /// Finds the ticket of a scan as it is today, with the entries that it had made before the scan.
    async fn found_today(
        &self,
        scan: &ScanRecord,
        sequence: u64,
        live: &LiveEvent,
    ) -> Result<Found, DeskError> {
        let ticket = match &scan.found {
            Lookup::Forged => return Ok(Lookup::Forged),
            Lookup::Nothing => return Ok(Lookup::Nothing),
            Lookup::Elsewhere => return Ok(Lookup::Elsewhere),
            Lookup::Ticket(ticket) => self.tickets.stored(live.event.id, ticket.id).await?,
        };
        let Some(ticket) = ticket else {
            return Ok(Lookup::Nothing);
        };
        let ticket = ticket.value;
        let mut entries = self.read_entries(live.event.id, ticket.id).await?.entries;
        entries.0.retain(|entry| entry.sequence < sequence);
        let windows = self.events.unkept_windows_of(live, &ticket).await;
        Ok(self.held(live, ticket, entries, windows))
    }
}

impl Stored {
    /// Decides from what the record holds and names; None if some of it is not stored.
    fn decide_again(&self, scan: &ScanRecord) -> Option<Decided> {
        let names_windows = scan.ticket().is_some_and(|ticket| ticket.windows.is_some());
        if names_windows && self.windows.is_none() {
            return None;
        }
        let event = self.event.as_ref()?.facts();
        let windows: Option<&[Window]> = self.windows.as_ref().map(|answer| &*answer.windows);
        let decision = scan.decide_again(Named {
            event: &event,
            windows,
            entries: self.entries.iter().map(Entry::facts).collect(),
        });
        Some(Decided::new(decision, &event))
    }

    /// Lists what the record names and the store does not have as it was.
    fn lost(&self, scan: &ScanRecord) -> Vec<FactChange> {
        let mut lost = Vec::new();
        if self.event.is_none() {
            lost.push(FactChange {
                fact: Fact::Event,
                then: format!("revision {}", scan.event_revision),
                now: "not stored".to_owned(),
            });
        }
        let named = scan.ticket().and_then(|ticket| ticket.windows);
        let stored = self.windows.as_ref().map(|answer| answer.digest);
        if let Some(named) = named.filter(|named| Some(*named) != stored) {
            lost.push(FactChange {
                fact: Fact::Windows,
                then: format!("answer {named}"),
                now: stored.map_or("not stored".to_owned(), |stored| format!("answer {stored}")),
            });
        }
        lost
    }
}
