//! A scan and what became of it.

use gatewit_decision::{DayId, Refusal};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{CheckInId, EventId, ScannerId, TicketId};
use crate::identifier::{fold, is_outer};
use crate::instant;
use crate::problem::{CheckInCode, Problem, RequestCode};
use crate::scanned::{SIGNED_BYTES_MAX, ScannedText, clean};

const LOCATION_MAX: usize = 200;

/// One scan, from any contract.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Who scans, and where.
    pub station: Station,
    /// The code or ticket to decide on.
    pub presented: Presented,
    /// The moment for which it is decided.
    pub at: ScannedAt,
    /// What the scan is for.
    pub intent: Intent,
    /// The key under which the answer is repeated for 24 hours.
    pub idempotency: Option<IdempotencyKey>,
}

/// Who scans, and where, as the request says.
#[derive(Clone, Debug)]
pub struct Station {
    /// The scanner or organizer, which the decision checks first.
    pub by: ScannedBy,
    /// Determines how the scan is recorded and counted.
    pub contract: Contract,
    /// The event at whose door it is.
    pub event: EventId,
    /// Recorded with the scan; None if the request named no location.
    pub location: Option<Location>,
}

/// The moment for which a scan is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScannedAt {
    /// The moment at which the server decides.
    Now,
}

/// What a scan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// To let the holder in: an admission is an entry.
    Admit,
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

/// The answer to a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    Admitted {
        /// Why the server would have refused it, if somebody else had let the holder in before.
        conflict: Option<Refusal>,
    },
    /// The scan is no entry. The code of the reason is one of `gatewit-api.md` §5.
    Refused(Refusal),
}

impl Verdict {
    /// An admission that nothing speaks against.
    pub const ADMITTED: Self = Self::Admitted { conflict: None };

    /// Whether the scan is an entry.
    pub fn is_admitted(&self) -> bool {
        matches!(self, Self::Admitted { .. })
    }

    /// Whether the scanner, if there was one, was found active and on its own device.
    pub fn is_of_good_scanner(&self) -> bool {
        !matches!(
            self,
            Self::Refused(Refusal::ScannerMismatch | Refusal::ScannerRevoked { .. })
        )
    }
}

/// All entries of a ticket, oldest first. They decide whether one more is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries(pub Vec<Entry>);

/// One admission of a ticket, those undone left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The number of its record.
    pub sequence: u64,
    /// The day whose window decided. It keeps its id if the organizer moves or renames it.
    pub day: DayId,
    /// The id of the zone at that time.
    pub zone: String,
    /// Whether the zone led in from outside at that time. Used if the zone no longer exists.
    pub from_outside: bool,
    /// The time of admission.
    #[serde(with = "instant")]
    pub at: Timestamp,
    /// The location that the scanner gave; None if it gave none.
    pub location: Option<String>,
}

impl Entry {
    /// The entry as decisions see it.
    pub fn facts(&self) -> gatewit_decision::Entry<'_> {
        gatewit_decision::Entry {
            day: self.day,
            zone: &self.zone,
            from_outside: self.from_outside,
            at: self.at,
            location: self.location.as_deref(),
        }
    }
}
