//! A scan of version 1, and the records that it becomes: one of the scan, and one of its undo.

use std::collections::BTreeMap;

use gatewit_decision::{DayId, Inactive, Lookup, Refusal, Replacement};
use gatewit_desk::tables::StoredWindows;
use gatewit_domain::digest::Digest;
use gatewit_domain::id::{CheckInId, EventId, ScannerId, TicketId};
use gatewit_domain::identifier::fold;
use gatewit_domain::plugin::PluginIdentity;
use gatewit_domain::record::{
    Record, RecordedBy, RecordedTicket, RefusalsRecord, Repeat, ScanRecord, UndoRecord,
};
use gatewit_domain::scan::{Contract, IdempotencyKey, Verdict};
use gatewit_domain::ticket::Ticket;
use gatewit_domain::window::Holder;
use jiff::Timestamp;
use serde::Deserialize;

/// A scan as it was stored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckIn {
    pub id: CheckInId,
    pub event_id: EventId,
    pub ticket_id: Option<TicketId>,
    refusal: Option<TaggedRefusal>,
    #[serde(default)]
    refusals: BTreeMap<String, u64>,
    pub at: Timestamp,
    scanner_id: Option<ScannerId>,
    organizer: Option<String>,
    contract: Contract,
    zone: String,
    scan_point: Option<String>,
    location: Option<String>,
    day: Option<DayId>,
    pub plugin: Option<PluginIdentity>,
    repeat_key: Option<IdempotencyKey>,
    undo: Option<Undo>,
}

#[derive(Deserialize)]
struct Undo {
    at: Timestamp,
    by: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(
    tag = "reason",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
enum TaggedRefusal {
    ScannerMismatch,
    ScannerRevoked {
        #[serde(default)]
        replaced_by: Option<Replacement>,
    },
    InvalidSignature,
    NotFound,
    WrongEvent,
    NotActive {
        #[serde(default)]
        why: Option<Inactive>,
    },
    WrongDay,
    NotOpen {
        opens_at: Timestamp,
    },
    Expired,
    StrategyFailed,
    AlreadyUsed {
        at: Timestamp,
        location: Option<String>,
    },
    TicketTypeNotAccepted,
}

impl CheckIn {
    fn by(&self) -> RecordedBy {
        match self.scanner_id {
            Some(scanner) => RecordedBy::Scanner(scanner),
            None => RecordedBy::Organizer(self.organizer.clone().unwrap_or_default()),
        }
    }

    /// Returns the record of its undo, whose number is still missing; None if it was not undone.
    pub fn undo_record(&self) -> Option<UndoRecord> {
        let undo = self.undo.as_ref()?;
        let scanner = self.scanner_id.filter(|id| undo.by.parse() == Ok(*id));
        Some(UndoRecord {
            id: CheckInId::new(undo.at),
            at: undo.at,
            by: match scanner {
                Some(scanner) => RecordedBy::Scanner(scanner),
                None => RecordedBy::Organizer(undo.by.clone()),
            },
            reason: undo.reason.clone(),
            undoes: self.id,
            sequence: 0,
            ticket: self.ticket_id?,
            day: self.day?,
            repeat: (self.repeat_key.clone()).map(|key| (self.by(), key)),
        })
    }

    /// Returns the record of the scan. `request` tells it from others under its key; the zone of an entry led in from
    /// outside unless `from_outside` says otherwise.
    pub fn record(
        self,
        ticket: Option<&Ticket>,
        request: Option<Digest>,
        from_outside: Option<bool>,
    ) -> Record {
        if let (false, Some(scanner)) = (self.refusals.is_empty(), self.scanner_id) {
            return Record::Refusals(RefusalsRecord {
                id: self.id,
                at: self.at,
                scanner,
                contract: self.contract,
                zone: self.zone,
                scan_point: self.scan_point,
                by_reason: self.refusals,
            });
        }
        let by = self.by();
        let refusal = self.refusal.map(Refusal::from);
        let found = match (ticket, &refusal) {
            (Some(ticket), _) => Lookup::Ticket(recorded_ticket(
                ticket,
                refusal.as_ref(),
                self.plugin.as_ref(),
            )),
            (None, Some(Refusal::InvalidSignature)) => Lookup::Forged,
            (None, Some(Refusal::WrongEvent)) => Lookup::Elsewhere,
            (None, _) => Lookup::Nothing,
        };
        let repeat = self.repeat_key.zip(request);
        Record::Scan(Box::new(ScanRecord {
            id: self.id,
            at: self.at,
            by,
            contract: self.contract,
            zone: self.zone,
            from_outside: from_outside.unwrap_or(true),
            scan_point: self.scan_point,
            location: self.location,
            event_revision: 0,
            found,
            verdict: refusal.map_or(Verdict::ADMITTED, Verdict::Refused),
            day: self.day,
            repeat: repeat.map(|(key, request)| Repeat { key, request }),
        }))
    }
}

fn recorded_ticket(
    ticket: &Ticket,
    refusal: Option<&Refusal>,
    plugin: Option<&PluginIdentity>,
) -> RecordedTicket {
    RecordedTicket {
        id: ticket.id,
        inactive: match refusal {
            Some(Refusal::NotActive { why }) => Some(*why),
            _ => None,
        },
        type_id: fold(&ticket.type_id).into_owned(),
        source_type: None,
        valid_from: None,
        valid_until: None,
        windows: plugin.map(answer),
        entries: Vec::new(),
    }
}

/// Names the answer of a plugin whose windows are not known.
pub(super) fn answer(plugin: &PluginIdentity) -> Digest {
    Digest::of(&[plugin.name.as_bytes(), plugin.digest.as_bytes()])
}

/// The answer of a plugin whose windows are not known. It answers no question of today.
pub(super) fn unknown_windows(plugin: &PluginIdentity, at: Timestamp) -> StoredWindows {
    StoredWindows {
        rule: Digest::of(&[]),
        holder: Holder {
            ticket_type: String::new(),
            attributes: Vec::new(),
        },
        plugins: vec![plugin.clone()],
        windows: Vec::new(),
        at,
    }
}

impl From<TaggedRefusal> for Refusal {
    fn from(refusal: TaggedRefusal) -> Self {
        match refusal {
            TaggedRefusal::ScannerMismatch => Self::ScannerMismatch,
            TaggedRefusal::ScannerRevoked { replaced_by } => Self::ScannerRevoked { replaced_by },
            TaggedRefusal::InvalidSignature => Self::InvalidSignature,
            TaggedRefusal::NotFound => Self::NotFound,
            TaggedRefusal::WrongEvent => Self::WrongEvent,
            TaggedRefusal::NotActive { why } => Self::NotActive {
                why: why.unwrap_or(Inactive::Cancelled),
            },
            TaggedRefusal::WrongDay => Self::WrongDay,
            TaggedRefusal::NotOpen { opens_at } => Self::NotOpen { opens_at },
            TaggedRefusal::Expired => Self::Expired,
            TaggedRefusal::StrategyFailed => Self::StrategyFailed,
            TaggedRefusal::AlreadyUsed { at, location } => Self::AlreadyUsed { at, location },
            TaggedRefusal::TicketTypeNotAccepted => Self::TicketTypeNotAccepted,
        }
    }
}
