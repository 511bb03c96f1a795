//! A scan and what became of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::calendar::DayId;
use crate::id::{CheckInId, EventId, ScannerId, TicketId};
use crate::identifier::fold;
use crate::plugin::PluginIdentity;
use crate::problem::{DeskError, Problem};
use crate::scanned::{ScannedText, clean};
use crate::scanner::Replacement;
use crate::ticket::Inactive;

/// One scan, whichever contract it came by.
#[derive(Clone, Debug)]
pub struct Scan {
    pub presented: Presented,
    pub contract: Contract,
    /// The event at whose door it happened.
    pub event_id: EventId,
    pub by: ScannedBy,
    /// Where, in the words of whoever scans.
    pub location: Option<String>,
    /// Under which the answer is remembered for 24 hours.
    pub repeat_key: Option<RepeatKey>,
}

/// What was held before the scanner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Presented {
    /// Said to be a signed ticket. A text that is no token at all may still be a code that a ticket bears.
    Token(ScannedText),
    /// More text than any code has; its digest tells it from another.
    TooLong { sha256: String },
    /// No code at all: staff at the desk found the ticket by themselves.
    Ticket(TicketId),
}

impl Presented {
    /// Takes what a reader scanned.
    pub fn scanned(text: &str) -> Self {
        match ScannedText::parse(text) {
            Ok(code) => Self::Token(code),
            Err(_) => Self::TooLong {
                sha256: format!("{:x}", Sha256::digest(clean(text))),
            },
        }
    }
}

/// What staff at the desk found by themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FoundAtDesk {
    Ticket(TicketId),
    /// Every ticket of a booking reference, which is [folded](fold).
    Order(String),
}

impl FoundAtDesk {
    /// Reads a request that names either a ticket or an order.
    pub fn parse(ticket: Option<String>, order: Option<String>) -> Result<Self, DeskError> {
        match (ticket, order) {
            (Some(ticket), None) => match clean(&ticket).parse() {
                Ok(id) => Ok(Self::Ticket(id)),
                Err(_) => {
                    let words = format!("ticketInstanceId: there is no ticket \"{ticket}\"");
                    Err(DeskError::unacceptable("unknown_ticket", words))
                }
            },
            (None, Some(order)) => match ScannedText::parse(&order) {
                Ok(order) => Ok(Self::Order(fold(order.as_str()).into_owned())),
                Err(error) => {
                    let words = format!("order: {error}");
                    Err(DeskError::unacceptable("unknown_order", words))
                }
            },
            _ => {
                let words = "name either ticketInstanceId or order";
                Err(DeskError::unacceptable("invalid_check_in_request", words))
            }
        }
    }
}

/// The contract a scan came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contract {
    EventCheckIn,
    /// Checked in without a code (`gatewit-api.md` §12).
    Desk,
}

impl Contract {
    /// The name in records and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::EventCheckIn => "event-check-in",
            Self::Desk => "desk",
        }
    }
}

/// Who scans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScannedBy {
    Scanner {
        /// As its credentials prove.
        proof: ScannerProof,
        /// As the request says: compared, never trusted.
        claimed_scanner: String,
        claimed_fingerprint: String,
    },
    /// An organizer, by its identity.
    Organizer(String),
}

/// A scanner whose credentials were verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScannerProof {
    pub scanner_id: ScannerId,
    pub event_id: EventId,
}

/// A client's name for a scan, so that asking again does nothing twice: 1 to 255 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RepeatKey(String);

impl RepeatKey {
    pub fn parse(key: &str) -> Result<Self, Problem> {
        match key.chars().count() {
            1..=255 => Ok(Self(key.to_owned())),
            _ => Err(Problem::new(
                "invalid_idempotency_key",
                "the idempotency key must have 1 to 255 characters",
            )),
        }
    }

    /// The key of one of several scans that one request makes.
    pub fn for_one_of_many(&self, ticket: &TicketId) -> Self {
        Self(format!("{}/{ticket}", self.0))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What became of a scan: an answer, on disk. The whole of it is remembered for repeats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub check_in_id: CheckInId,
    pub at: Timestamp,
    pub verdict: Verdict,
    /// The ticket, if one was found that this scanner may know of.
    pub ticket: Option<TicketSummary>,
    /// The name of the day that decided.
    pub day_name: Option<String>,
    /// None: an organizer at the desk.
    pub scanner_name: Option<String>,
}

/// What a scanner shows of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TicketSummary {
    pub id: TicketId,
    pub type_name: String,
    pub series: String,
    pub attendee_name: String,
    pub attendee_email: Option<String>,
    pub booking_reference: String,
}

/// In or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    Admitted,
    Refused(Refusal),
}

/// Why a scan was refused, in the order of `gatewit-api.md` §5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "reason",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Refusal {
    /// The credentials are another scanner's, or another device's.
    ScannerMismatch,
    ScannerRevoked {
        /// There if its device became another scanner.
        #[serde(default)]
        replaced_by: Option<Replacement>,
    },
    InvalidSignature,
    NotFound,
    WrongEvent,
    NotActive {
        /// None in a record of before this was told.
        #[serde(default)]
        why: Option<Inactive>,
    },
    WrongDay,
    NotOpen {
        opens_at: Timestamp,
    },
    Expired,
    StrategyFailed,
    /// Carries the latest entry.
    AlreadyUsed {
        at: Timestamp,
        location: Option<String>,
    },
    TicketTypeNotAccepted,
}

impl Refusal {
    /// The code of §5, the same in every contract, log and count.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ScannerMismatch => "scanner_mismatch",
            Self::ScannerRevoked { .. } => "scanner_revoked",
            Self::InvalidSignature => "invalid_signature",
            Self::NotFound => "not_found",
            Self::WrongEvent => "wrong_event",
            Self::NotActive { .. } => "not_active",
            Self::WrongDay => "wrong_day",
            Self::NotOpen { .. } => "not_open",
            Self::Expired => "expired",
            Self::StrategyFailed => "strategy_failed",
            Self::AlreadyUsed { .. } => "already_used",
            Self::TicketTypeNotAccepted => "ticket_type_not_accepted",
        }
    }
}

/// A ticket's entries, all of them: what decides whether one more is due.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Entries(pub Vec<Entry>);

/// One time a ticket was let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub check_in_id: CheckInId,
    pub day: DayId,
    /// The id of the zone, as it was then.
    pub zone: String,
    /// Whether the zone led in from outside then; counts if there is no such zone any more.
    pub from_outside: bool,
    pub at: Timestamp,
    pub location: Option<String>,
}

impl Entries {
    /// Lists the entries on one day, oldest first.
    pub fn on(&self, day: DayId) -> impl DoubleEndedIterator<Item = &Entry> {
        self.0.iter().filter(move |entry| entry.day == day)
    }
}

/// The record of one scan, kept for good. `gatewit-api.md` §12.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckIn {
    pub id: CheckInId,
    /// The event whose scanner scanned.
    pub event_id: EventId,
    pub ticket_id: Option<TicketId>,
    pub ticket_series: Option<String>,
    /// None: admitted; else why not.
    pub refusal: Option<Refusal>,
    /// Of a record that stands for several refusals of its scanner: their number by reason. Else empty.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refusals: BTreeMap<String, u64>,
    pub at: Timestamp,
    /// None: an organizer at the desk.
    pub scanner_id: Option<ScannerId>,
    /// Who checked in at the desk.
    #[serde(default)]
    pub organizer: Option<String>,
    pub contract: Contract,
    /// The id of the zone in which it was.
    pub zone: String,
    pub scan_point: Option<String>,
    pub location: Option<String>,
    pub day: Option<DayId>,
    /// The plugin whose windows decided.
    pub plugin: Option<PluginIdentity>,
    /// The name under which the answer is remembered.
    #[serde(default)]
    pub repeat_key: Option<RepeatKey>,
    /// There once an admission was taken back.
    #[serde(default)]
    pub undo: Option<Undo>,
}

/// An admission taken back: its entry is free again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Undo {
    pub at: Timestamp,
    /// The scanner or organizer that took it back.
    pub by: String,
    pub reason: String,
}
