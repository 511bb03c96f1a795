//! A scan and what became of it.

use std::collections::BTreeMap;

use gatewit_decision::{DayId, Refusal};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::calendar::EventDay;
use crate::event::Event;
use crate::id::{CheckInId, EventId, ScannerId, TicketId};
use crate::identifier::{fold, is_outer};
use crate::plugin::PluginIdentity;
use crate::problem::{CheckInCode, Problem, RequestCode};
use crate::scanned::{SIGNED_BYTES_MAX, ScannedText, clean};

const LOCATION_MAX: usize = 200;

/// One scan, from any contract.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The code or ticket to decide on.
    pub presented: Presented,
    /// Determines how the scan is recorded and counted.
    pub contract: Contract,
    /// The event at whose door it happened.
    pub event_id: EventId,
    /// The scanner or organizer, which the decision checks first.
    pub by: ScannedBy,
    /// Recorded with the scan; None if the request named no location.
    pub location: Option<Location>,
    /// The key under which the answer is stored for 24 hours.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// What was presented to the scanner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Presented {
    /// Claims to be a signed ticket. A text that is not a token may still be one of a ticket's codes.
    Token(ScannedText),
    /// A text longer than any other code: a signed ticket or nothing. It is verified but never looked up.
    TooLong {
        /// Identifies the text.
        sha256: String,
        /// The text; None if it is longer than any signed ticket.
        #[serde(skip)]
        token: Option<Box<str>>,
    },
    /// No code: staff at the desk found the ticket themselves.
    Ticket(TicketId),
}

impl Presented {
    /// Reads a scanned text.
    pub fn scanned(text: &str) -> Self {
        if let Ok(code) = ScannedText::parse(text) {
            return Self::Token(code);
        }
        let text = clean(text);
        Self::TooLong {
            sha256: format!("{:x}", Sha256::digest(text)),
            token: (text.len() <= SIGNED_BYTES_MAX).then(|| text.into()),
        }
    }
}

/// The tickets that staff at the desk found themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ManualCheckIn {
    /// The ticket that staff chose.
    Ticket(TicketId),
    /// Every ticket of an order, as it was written but [folded](fold). It may mean
    /// [several](crate::identifier::order_meanings).
    Order(String),
}

impl ManualCheckIn {
    /// Reads a request that names either a ticket or an order.
    pub fn parse(ticket: Option<String>, order: Option<String>) -> Result<Self, Problem> {
        match (ticket, order) {
            (Some(ticket), None) => match clean(&ticket).parse() {
                Ok(id) => Ok(Self::Ticket(id)),
                Err(_) => {
                    let words = format!("ticketInstanceId: there is no ticket \"{ticket}\"");
                    Err(Problem::new(CheckInCode::UnknownTicket, words))
                }
            },
            (None, Some(order)) => match ScannedText::parse(&order) {
                Ok(order) => Ok(Self::Order(fold(order.as_str()).into_owned())),
                Err(error) => {
                    let words = format!("order: {error}");
                    Err(Problem::new(CheckInCode::UnknownOrder, words))
                }
            },
            _ => {
                let words = "name either ticketInstanceId or order";
                Err(Problem::new(CheckInCode::Invalid, words))
            }
        }
    }
}

/// The contract through which a scan came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contract {
    /// The contract of `event-check-in.txt` (`gatewit-api.md` §6).
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

/// The one who scans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScannedBy {
    /// A registered device.
    Scanner {
        /// The identity that its credentials prove.
        proof: ScannerProof,
        /// The identity that the request claims. It is compared, never trusted.
        claimed_scanner: String,
        /// The fingerprint that the request claims. It must equal the registered one exactly.
        claimed_fingerprint: String,
    },
    /// An organizer, by its identity.
    Organizer(String),
}

/// A scanner whose credentials were verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScannerProof {
    /// The scanner that the credentials were issued to.
    pub scanner_id: ScannerId,
    /// The event whose key signed the credentials.
    pub event_id: EventId,
}

/// A client's key for a scan, which makes repeated requests idempotent: 1 to 255 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Accepts any text of 1 to 255 characters. A longer or empty one is `invalid_idempotency_key`.
    pub fn parse(key: &str) -> Result<Self, Problem> {
        match key.chars().count() {
            1..=255 => Ok(Self(key.to_owned())),
            _ => Err(Problem::new(
                RequestCode::InvalidIdempotencyKey,
                "the idempotency key must have 1 to 255 characters",
            )),
        }
    }

    /// Derives the key of one of several scans of one request.
    pub fn for_one_of_many(&self, ticket: &TicketId) -> Self {
        Self(format!("{}/{ticket}", self.0))
    }

    /// The key as the client sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The location of a scan, in the words of the person who scans: at most 200 characters, without outer space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Location(String);

impl Location {
    /// Trims the text. Fails with `invalid_scan` if it is longer than 200 characters.
    pub fn parse(words: &str) -> Result<Self, Problem> {
        let words = words.trim_matches(is_outer);
        match words.chars().count() {
            0..=LOCATION_MAX => Ok(Self(words.to_owned())),
            _ => Err(Problem::new(
                CheckInCode::InvalidScan,
                format!("checkInLocation must have at most {LOCATION_MAX} characters"),
            )),
        }
    }

    /// The trimmed text; empty if only space was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The answer to a scan, as stored. All of it is kept for repeated requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Identifies the record of the scan, and names it in an undo.
    pub check_in_id: CheckInId,
    /// The time of the decision, by the server's clock.
    pub at: Timestamp,
    /// Admission, or the reason for the refusal.
    pub verdict: Verdict,
    /// The ticket, if one was found and this scanner may see it.
    pub ticket: Option<TicketSummary>,
    /// The name of the day that decided.
    pub day_name: Option<String>,
    /// None: an organizer at the desk.
    pub scanner_name: Option<String>,
}

/// The data of a ticket that a scanner shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TicketSummary {
    /// `ticketInstanceId` in the contracts.
    pub id: TicketId,
    /// The name of its type at this event, or the type's id if no such type is known.
    pub type_name: String,
    /// Its number within its type, such as `VIP-0001`, or the reference in its ticketing system.
    pub series: String,
    /// Empty if unknown.
    pub attendee_name: String,
    /// None if unknown.
    pub attendee_email: Option<String>,
    /// The order it was bought with.
    pub booking_reference: String,
}

/// Admitted or refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// The scan is an entry, and on disk before the answer leaves.
    Admitted,
    /// The scan is no entry. The code of the reason is one of `gatewit-api.md` §5.
    Refused(Refusal),
}

impl Verdict {
    /// Whether the scanner, if there was one, was found active and on its own device.
    pub fn is_of_good_scanner(&self) -> bool {
        !matches!(
            self,
            Self::Refused(Refusal::ScannerMismatch | Refusal::ScannerRevoked { .. })
        )
    }
}

/// All entries of a ticket. They decide whether one more is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Entries(pub Vec<Entry>);

/// One admission of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The scan that admitted the ticket. An undo of it removes the entry.
    pub check_in_id: CheckInId,
    /// The day whose window decided. It keeps its id if the organizer moves or renames it.
    pub day: DayId,
    /// The id of the zone at that time.
    pub zone: String,
    /// Whether the zone led in from outside at that time. Used if the zone no longer exists.
    pub from_outside: bool,
    /// The time of admission.
    pub at: Timestamp,
    /// The location that the scanner gave; None if it gave none.
    pub location: Option<String>,
}

impl Entry {
    pub(crate) fn facts(&self) -> gatewit_decision::Entry<'_> {
        gatewit_decision::Entry {
            day: self.day,
            zone: &self.zone,
            from_outside: self.from_outside,
            at: self.at,
            location: self.location.as_deref(),
        }
    }
}

impl Entries {
    /// Lists the entries on one day, oldest first.
    pub fn on(&self, day: DayId) -> impl DoubleEndedIterator<Item = &Entry> {
        self.0.iter().filter(move |entry| entry.day == day)
    }
}

/// The record of one scan, kept forever. `gatewit-api.md` §12.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckIn {
    /// `checkInId` in the contracts.
    pub id: CheckInId,
    /// The event whose scanner scanned.
    pub event_id: EventId,
    /// None if no ticket was found.
    pub ticket_id: Option<TicketId>,
    /// The series of that ticket, for lists.
    pub ticket_series: Option<String>,
    /// The reason for a refusal; None: admitted.
    pub refusal: Option<Refusal>,
    /// If the record stands for several refusals of its scanner, their number by reason. Else empty.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refusals: BTreeMap<String, u64>,
    /// The time of the decision, by the server's clock.
    pub at: Timestamp,
    /// None: an organizer at the desk.
    pub scanner_id: Option<ScannerId>,
    /// The organizer who checked in at the desk.
    #[serde(default)]
    pub organizer: Option<String>,
    /// The contract through which the scan came.
    pub contract: Contract,
    /// The id of the zone it took place in.
    pub zone: String,
    /// The id of the scanner's scan point; None if it is bound to none.
    pub scan_point: Option<String>,
    /// The location that the scanner gave; None if it gave none.
    pub location: Option<String>,
    /// The day that decided; None if the decision came before any day's windows.
    pub day: Option<DayId>,
    /// The plugin whose windows decided.
    pub plugin: Option<PluginIdentity>,
    /// The key under which the answer is stored.
    #[serde(default, rename = "repeatKey")]
    pub idempotency_key: Option<IdempotencyKey>,
    /// Set once the admission was undone.
    #[serde(default)]
    pub undo: Option<Undo>,
}

impl CheckIn {
    /// The day of the scan: the day that decided it, else the running day, else the first day on the scan's date.
    pub fn day_of<'e>(&self, event: &'e Event) -> Option<&'e EventDay> {
        let days = &event.calendar.days;
        if let Some(id) = self.day {
            return days
                .iter()
                .chain(&event.former_days)
                .find(|day| day.id == id);
        }
        let is_running = |day: &&EventDay| (day.starts..day.ends).contains(&self.at);
        let is_today = |day: &&EventDay| event.calendar.is_today(day, self.at);
        days.iter()
            .find(is_running)
            .or_else(|| days.iter().find(is_today))
    }
}

/// The undoing of an admission, which frees its entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Undo {
    /// The time of the undo, by the server's clock.
    pub at: Timestamp,
    /// The scanner or organizer that undid it.
    pub by: String,
    /// As given by whoever undid it.
    pub reason: String,
}
