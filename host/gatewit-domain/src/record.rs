//! What happened at an event: one record for each scan, undo or burst of refusals, numbered in the order of commits.
//!
//! A record holds, or names by digest, all that a decision read, so that the scan can be decided again. Entries, counts
//! and repeated answers are what the records add up to. Nothing changes a record. Those that were imported from an export of
//! version 1 are of revision 0 and lack entries and windows, which were not kept.

use std::collections::BTreeMap;
use std::fmt;

use gatewit_decision::{
    DayId, Decision, Entry, EventFacts, Facts, Inactive, Lookup, Refusal, Scanner, Station,
    TicketFacts, TicketType, Window, decide,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{CheckInId, ScannerId, TicketId};
use crate::instant;
use crate::scan::{self, Contract, IdempotencyKey, Verdict};

/// Something that happened at an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Record {
    /// A scan was decided.
    Scan(Box<ScanRecord>),
    /// Several refusals of one scanner, recorded together.
    Refusals(RefusalsRecord),
    /// An admission was taken back.
    Undo(UndoRecord),
}

/// A decided scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScanRecord {
    /// `checkInId` in the contracts.
    pub id: CheckInId,
    /// The time of the decision, by the server's clock.
    #[serde(with = "instant")]
    pub at: Timestamp,
    /// The scanner or organizer.
    pub by: RecordedBy,
    /// The contract through which the scan came.
    pub contract: Contract,
    /// The id of the zone it took place in.
    pub zone: String,
    /// Whether that zone led in from outside.
    pub from_outside: bool,
    /// The id of the scanner's scan point; None if it is bound to none.
    pub scan_point: Option<String>,
    /// The location that the scanner gave.
    pub location: Option<String>,
    /// The revision of the event that decided.
    pub event_revision: u64,
    /// What the presented code led to.
    pub found: Lookup<RecordedTicket>,
    /// Admission, or the reason for the refusal.
    pub verdict: Verdict,
    /// The day that decided; None if the decision came before any day's windows.
    pub day: Option<DayId>,
    /// Set if the scan may be sent again.
    pub repeat: Option<Repeat>,
}

/// What the decision read of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedTicket {
    /// The ticket.
    pub id: TicketId,
    /// Why its state prevented entry.
    pub inactive: Option<Inactive>,
    /// The id of its type, as the event or the source spells it.
    pub type_id: String,
    /// Its type as its source declared it, if the event did not.
    pub source_type: Option<TicketType>,
    /// When the ticket itself begins to be valid.
    pub valid_from: Option<Timestamp>,
    /// The first moment at which the ticket itself is no longer valid.
    pub valid_until: Option<Timestamp>,
    /// Names the windows of its holder; None if the strategy gave none.
    pub windows: Option<Digest>,
    /// The numbers of the records of its entries.
    pub entries: Vec<u64>,
}

/// How a request that may be sent again is recognized.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Repeat {
    /// The client's key for the request.
    pub key: IdempotencyKey,
    /// Tells requests under the same key apart.
    pub request: Digest,
}

/// The one who scanned or took back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordedBy {
    /// A registered device.
    Scanner(ScannerId),
    /// An organizer, by its identity.
    Organizer(String),
}

/// Several refusals of one scanner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusalsRecord {
    /// `checkInId` in the contracts.
    pub id: CheckInId,
    /// When they were recorded, at most a second after the first of them.
    #[serde(with = "instant")]
    pub at: Timestamp,
    /// The scanner that was refused.
    pub scanner: ScannerId,
    /// The contract of one of them.
    pub contract: Contract,
    /// The zone of one of them.
    pub zone: String,
    /// The scan point of one of them.
    pub scan_point: Option<String>,
    /// Their number by the code of their reason.
    pub by_reason: BTreeMap<String, u64>,
}

/// The undoing of an admission, which frees its entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UndoRecord {
    /// Its own id.
    pub id: CheckInId,
    /// The time of the undo, by the server's clock.
    #[serde(with = "instant")]
    pub at: Timestamp,
    /// The scanner or organizer that undid it.
    pub by: RecordedBy,
    /// As given by whoever undid it.
    pub reason: String,
    /// The scan that it takes back.
    pub undoes: CheckInId,
    /// The number of that scan's record.
    pub sequence: u64,
    /// The ticket that it had let in.
    pub ticket: TicketId,
    /// The day for which the entry counted.
    pub day: DayId,
    /// The scan's caller and key, if it may be sent again: its answer is void.
    pub repeat: Option<(RecordedBy, IdempotencyKey)>,
}

impl Record {
    /// The id that clients know it by.
    pub fn id(&self) -> CheckInId {
        match self {
            Self::Scan(scan) => scan.id,
            Self::Refusals(refusals) => refusals.id,
            Self::Undo(undo) => undo.id,
        }
    }
}

impl RefusalsRecord {
    /// The record of one scan's refusal; None if it was admitted, or no scanner scanned.
    pub fn of(scan: &ScanRecord) -> Option<Self> {
        Some(Self {
            id: scan.id,
            at: scan.at,
            scanner: scan.by.scanner()?,
            contract: scan.contract,
            zone: scan.zone.clone(),
            scan_point: scan.scan_point.clone(),
            by_reason: BTreeMap::from([(scan.refusal()?.code().to_owned(), 1)]),
        })
    }
}

impl ScanRecord {
    /// The ticket that was found.
    pub fn ticket(&self) -> Option<&RecordedTicket> {
        match &self.found {
            Lookup::Ticket(ticket) => Some(ticket),
            _ => None,
        }
    }

    /// Decides the scan again, from the record and what it names. The decision is the recorded one, however late, unless
    /// the record was imported from version 1.
    pub fn decide_again(&self, named: Named<'_>) -> Decision {
        let kind = self.ticket().and_then(|ticket| {
            let own = named.event.ticket_type(&ticket.type_id);
            own.or(ticket.source_type.as_ref())
        });
        let Named {
            event,
            windows,
            entries,
        } = named;
        let lookup = match &self.found {
            Lookup::Forged => Lookup::Forged,
            Lookup::Nothing => Lookup::Nothing,
            Lookup::Elsewhere => Lookup::Elsewhere,
            Lookup::Ticket(ticket) => Lookup::Ticket(TicketFacts {
                inactive: ticket.inactive,
                kind,
                valid_from: ticket.valid_from,
                valid_until: ticket.valid_until,
                windows,
                entries,
            }),
        };
        decide(&Facts {
            now: self.at,
            event,
            station: self.station(),
            lookup,
        })
    }

    /// Where it took place, and what was found out about the scanner.
    pub fn station(&self) -> Station<'_> {
        Station {
            scanner: self.by.scanner().map(|_| self.scanner_facts()),
            scan_point: self.scan_point.as_deref(),
            zone: Some(&self.zone),
        }
    }

    /// The entry that it made, if it admitted. `sequence` is the number of the record.
    pub fn entry(&self, sequence: u64) -> Option<scan::Entry> {
        if self.refusal().is_some() || self.ticket().is_none() {
            return None;
        }
        Some(scan::Entry {
            sequence,
            day: self.day?,
            zone: self.zone.clone(),
            from_outside: self.from_outside,
            at: self.at,
            location: self.location.clone(),
        })
    }

    /// What was found out about the scanner: nothing else refuses as these do.
    fn scanner_facts(&self) -> Scanner<'_> {
        let (is_revoked, replaced_by) = match self.refusal() {
            Some(Refusal::ScannerRevoked { replaced_by }) => (true, replaced_by.as_ref()),
            _ => (false, None),
        };
        Scanner {
            is_as_claimed: self.refusal() != Some(&Refusal::ScannerMismatch),
            is_revoked,
            replaced_by,
        }
    }

    /// The reason for a refusal; None if it was admitted.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.verdict {
            Verdict::Admitted { .. } => None,
            Verdict::Refused(refusal) => Some(refusal),
        }
    }
}

/// What a record names and does not hold.
pub struct Named<'a> {
    /// The event as of the record's revision.
    pub event: &'a EventFacts,
    /// The windows that the record names.
    pub windows: Option<&'a [Window]>,
    /// The entries that the record names.
    pub entries: Vec<Entry<'a>>,
}

impl RecordedBy {
    /// The scanner, if it was one.
    pub fn scanner(&self) -> Option<ScannerId> {
        match self {
            Self::Scanner(id) => Some(*id),
            Self::Organizer(_) => None,
        }
    }
}

impl fmt::Display for RecordedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scanner(id) => id.fmt(f),
            Self::Organizer(sub) => f.write_str(sub),
        }
    }
}
