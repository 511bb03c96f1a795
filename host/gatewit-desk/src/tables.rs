//! Every table of the store: its name, its key and its value. Values are JSON.

use std::collections::BTreeMap;
use std::fmt::Display;

use gatewit_domain::event::Event;
use gatewit_domain::id::{CheckInId, EventId, IssueId, ScannerId, TicketId};
use gatewit_domain::identifier::fold;
use gatewit_domain::scan::{CheckIn, Entries, IdempotencyKey, ManualCheckIn, Outcome};
use gatewit_domain::scanner::{Fingerprint, RegistrationToken, Scanner, TokenText};
use gatewit_domain::source::{LogPosition, SourceName, SourceRow, SourceType, SyncState};
use gatewit_domain::ticket::Ticket;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

mod table;
pub use table::{KeyText, Pages, Stored, Table};

/// Events.
pub const EVENTS: Table<Event, EventId> = Table::new("events");
/// By `{org}/{slug}`; a slug holds no slash.
pub const SLUGS: Table<EventId, String> = Table::new("slugs");
/// Tickets, issued here and imported.
pub const TICKETS: Table<Ticket, TicketId> = Table::new("tickets");
/// By `{event}/{ticket}`: an event's tickets in the order they were issued.
pub const EVENT_TICKETS: Table<(), EventTicket> = Table::new("event_tickets");
/// By `{event}/{folded order}/{ticket}`: the tickets of an order. Older versions did not fold.
pub const ORDERS: Table<(), OrderTicket> = Table::new("orders");
/// The events whose orders are all folded.
pub const FOLDED_ORDERS: Table<(), EventId> = Table::new("folded_orders");
/// A ticket's signed code.
pub const TICKET_TOKENS: Table<String, TicketId> = Table::new("ticket_tokens");
/// The short signed code for a ticket's QR code, if the full one is too long.
pub const COMPACT_TOKENS: Table<String, TicketId> = Table::new("compact_tokens");
/// By `{event}/{code}`.
pub const CREDENTIAL_CODES: Table<CodeHolder, String> = Table::new("credential_codes");
/// By `{event}/{ticket type in capitals}`: the last number used. Without a type, that of booking references.
pub const SERIES: Table<u64, String> = Table::new("series");
/// Registration tokens, used and expired ones, too.
pub const REGISTRATION_TOKENS: Table<RegistrationToken, TokenText> =
    Table::new("registration_tokens");
/// Scanners, revoked ones, too.
pub const SCANNERS: Table<Scanner, ScannerId> = Table::new("scanners");
/// By `{event}/{scanner}`: an event's scanners in the order they were registered.
pub const EVENT_SCANNERS: Table<(), EventScanner> = Table::new("event_scanners");
/// Set once an event has had a scanner. Its organization can then no longer change.
pub const HAD_SCANNERS: Table<(), EventId> = Table::new("had_scanners");
/// The active scanners of each device in an organization. There is one, except in `default`, which may have more for
/// events without a common organizer.
pub const DEVICES: Table<Vec<ScannerId>, Device> = Table::new("devices");
/// The number of a scanner's admitted scans.
pub const SCANNER_ADMITTED: Table<i64, ScannerId> = Table::new("scanner_admitted");
/// The number of a scanner's refused scans.
pub const SCANNER_REFUSED: Table<i64, ScannerId> = Table::new("scanner_refused");
/// When a scanner last scanned, to the second.
pub const SCANNER_SEEN: Table<Timestamp, ScannerId> = Table::new("scanner_seen");
/// A ticket's entries. Every admission reads and guards them.
pub const ENTRIES: Table<Entries, TicketId> = Table::new("entries");
/// By `{event}/{check-in}`: every scan, by time.
pub const CHECK_INS: Table<CheckIn, EventCheckIn> = Table::new("check_ins");
/// Answers stored for repeated requests, by `{who}/{key}`.
pub const IDEMPOTENCY: Table<IdempotentResponse, CallerKey> = Table::new("repeats");
/// The tickets of requests to check in without a code, by `{who}/{key}`.
pub const DESK_REQUESTS: Table<DeskRequest, CallerKey> = Table::new("desk_requests");
/// By `{event}/{issue}`: issues of more tickets than one commit writes.
pub const ISSUES: Table<Issue, EventIssue> = Table::new("issues");
/// The issues of requests under an idempotency key, by `{who}/{key}`.
pub const ISSUE_REQUESTS: Table<IssueRequest, CallerKey> = Table::new("issue_requests");
/// The state of a source's syncs.
pub const SOURCES: Table<SyncState, SourceName> = Table::new("sources");
/// A source's types, from its last complete sync.
pub const SOURCE_TYPES: Table<Vec<SourceType>, SourceName> = Table::new("source_types");
/// By `{source}/{log}/{row}`: a source's tickets, several in each row.
pub const SOURCE_ROWS: Table<SourceRow, LogRow> = Table::new("source_rows");
/// By `{event}/{code}`: the tickets of sources, by their ticketing systems' codes.
pub const TICKET_CODES: Table<CodeHolder, String> = Table::new("ticket_codes");
/// By `{event}/{source}`: the tickets whose ids an earlier version derived from a spelling of their reference, by the
/// folded reference. Absent until somebody has searched for them. The number is the version of the fold: raise it when
/// [`fold`](gatewit_domain::identifier::fold) changes, so that the search is repeated.
pub const SPELLED_IDS: Table<BTreeMap<String, TicketId>, EventSource> = Table::new("spelled_ids_2");
/// By `{event}/{source}`: how much of a source's log an event has imported.
pub const IMPORT_PROGRESS: Table<ImportProgress, EventSource> = Table::new("taken_in");

/// The ticket that a code belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CodeHolder {
    /// This ticket, and no other had it.
    Only(TicketId),
    /// A ticket that took the code over. As long as its issue is not done, the code belongs to the former holder.
    Successor {
        /// The ticket that has the code once its issue is done.
        ticket: TicketId,
        /// The ticket that had it before.
        former: TicketId,
    },
}

impl CodeHolder {
    /// A ticket, with the one that had the code before.
    pub fn new(ticket: TicketId, former: Option<TicketId>) -> Self {
        match former {
            Some(former) => Self::Successor { ticket, former },
            None => Self::Only(ticket),
        }
    }

    /// The ticket that claims the code.
    pub fn ticket(self) -> TicketId {
        match self {
            Self::Only(ticket) | Self::Successor { ticket, .. } => ticket,
        }
    }

    /// The ticket that had the code before, if there was one.
    pub fn former(self) -> Option<TicketId> {
        match self {
            Self::Only(_) => None,
            Self::Successor { former, .. } => Some(former),
        }
    }
}

/// How much of a source's log an event has imported, and how.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ImportProgress {
    /// The end of what was imported.
    #[serde(flatten)]
    pub up_to: LogPosition,
    /// A version number of the data stored for each ticket.
    #[serde(default)]
    pub reading: u32,
}

/// An answer given under an idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdempotentResponse {
    /// Identifies the request that it answered.
    pub request: String,
    /// The response.
    pub outcome: Outcome,
}

/// A request to check in without a code under an idempotency key, and the tickets that it named at that time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeskRequest {
    /// The event of the tickets.
    pub event_id: EventId,
    /// The ticket or order that staff named.
    pub found: ManualCheckIn,
    /// The tickets that this meant.
    pub tickets: Vec<TicketId>,
    /// When the request was first made.
    pub at: Timestamp,
}

/// The tickets of one request, which become visible all together or not at all. Their ids are from one moment, and they
/// carry the issue's id.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Issue {
    /// Its id.
    pub id: IssueId,
    /// The event of its tickets.
    pub event_id: EventId,
    /// Its progress.
    pub state: IssueState,
    /// The moment in the tickets' ids.
    pub at: Timestamp,
    /// The request under an idempotency key that it belongs to.
    pub request: Option<CallerKey>,
}

/// The progress of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum IssueState {
    /// Its tickets are being written; no reader sees them.
    Pending,
    /// Its tickets are all written; everyone sees them.
    Done,
    /// Its tickets are being deleted; no reader sees them.
    #[serde(rename = "takenBack")]
    RolledBack,
}

/// A request to issue tickets under an idempotency key, and the issue that it made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssueRequest {
    /// Identifies the request.
    pub request: String,
    /// The event of the tickets.
    pub event_id: EventId,
    /// The issue.
    pub issue: IssueId,
    /// The moment in the tickets' ids.
    pub at: Timestamp,
}

/// A ticket within its event.
pub struct EventTicket(pub EventId, pub TicketId);

/// A recorded scan within its event.
pub struct EventCheckIn(pub EventId, pub CheckInId);

/// A scanner within its event.
pub struct EventScanner(pub EventId, pub ScannerId);

/// A device within an organization.
pub struct Device(pub String, pub Fingerprint);

/// A ticket within its order, in any spelling of the order.
pub struct OrderTicket(pub EventId, pub String, pub TicketId);

/// One row of one of a source's logs.
pub struct LogRow(pub SourceName, pub LogPosition);

/// A source attached to an event.
pub struct EventSource(pub EventId, pub SourceName);

/// An issue within its event.
pub struct EventIssue(pub EventId, pub IssueId);

/// A stored answer: the caller it was given to, and the idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerKey(pub String, pub IdempotencyKey);

macro_rules! key_texts {
    ($($kind:ty: |$key:ident| $text:expr;)*) => {$(
        impl KeyText for $kind {
            fn text(&self) -> String {
                let $key = self;
                $text
            }
        }
    )*};
}

key_texts! {
    EventId: |id| id.to_string();
    TicketId: |id| id.to_string();
    ScannerId: |id| id.to_string();
    TokenText: |token| token.to_string();
    String: |text| text.clone();
    SourceName: |name| name.to_string();
    LogRow: |key| format!("{}/{:08x}/{:08x}", key.0, key.1.log, key.1.row);
    EventSource: |key| join_key(&key.0, &key.1);
    EventTicket: |key| join_key(&key.0, &key.1);
    EventCheckIn: |key| join_key(&key.0, &key.1);
    EventScanner: |key| join_key(&key.0, &key.1);
    EventIssue: |key| join_key(&key.0, &key.1);
    // Both are free text, so the first is prefixed with its length.
    Device: |key| format!("{}:{}/{}", key.0.len(), key.0, key.1.as_str());
    OrderTicket: |key| join_key(&join_key(&key.0, &fold(&key.1)), &key.2);
    CallerKey: |key| join_key(&key.0, &key.1.as_str());
}

/// Joins two parts of a key.
pub fn join_key(outer: &impl Display, inner: &impl Display) -> String {
    format!("{outer}/{inner}")
}
