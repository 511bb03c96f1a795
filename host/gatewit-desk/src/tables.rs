//! Every table of the store: its name, its key and its value. Values are JSON, but for records and what derives from them.

use std::sync::Arc;

use gatewit_decision::{DayId, Window};
use gatewit_domain::digest::Digest;
use gatewit_domain::event::Event;
use gatewit_domain::id::{CheckInId, EventId, IssueId, ScannerId, TicketId};
use gatewit_domain::instant;
use gatewit_domain::plugin::{KeptPlugin, PluginEvent, PluginIdentity};
use gatewit_domain::ports::Write;
use gatewit_domain::record::Record;
use gatewit_domain::scan::{Entry, ManualCheckIn};
use gatewit_domain::scanner::{RegistrationToken, Scanner, TokenText};
use gatewit_domain::source::{LogPosition, SourceName, SourceRow, SourceType, SyncState};
use gatewit_domain::ticket::Ticket;
use gatewit_domain::window::Holder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::applied_config::AppliedConfig;

mod archive;
mod codec;
mod keys;
mod table;
pub use archive::{DERIVED, RowError, exported, imported};
pub use codec::{Binary, Codec, Json};
pub use keys::{
    CallerKey, Device, EventCode, EventIssue, EventRecord, EventRevision, EventScanner,
    EventSeries, EventSource, EventTicket, EventWindows, KeyText, LogRow, OrderTicket,
    PluginNumber, ScanKey, TicketEntry, of_event, slug_key,
};
pub use table::{Pages, Stored, Table, last_part};

/// The tables that every scan reads: a store on disk keeps them in memory.
pub const RESIDENT: &[&str] = &[
    TICKETS.name(),
    CREDENTIAL_CODES.name(),
    TICKET_CODES.name(),
    SCANNERS.name(),
    EVENT_MARKS.name(),
];

/// Events.
pub const EVENTS: Table<Event, EventId> = Table::new("events");
/// By `{event}/{revision}`: an event as of each of its revisions, without its key, so that a scan can be decided again.
pub const EVENT_REVISIONS: Table<Event, EventRevision> = Table::new("event_revisions");
/// The revision of each event. Every scan guards it.
pub const EVENT_MARKS: Table<u64, EventId> = Table::new("event_marks");
/// The deleted events, for good. A commit that adds to an event guards that it is not among them, or the event's mark, or a
/// row of the event that is deleted before those which the commit writes.
pub const EVENT_DELETIONS: Table<EventDeletion, EventId> = Table::new("event_deletions");
/// By [`slug_key`].
pub const SLUGS: Table<EventId, String> = Table::new("slugs");
/// By `{event}/{ticket}`: tickets, issued here and imported, in the order they were issued.
pub const TICKETS: Table<Ticket, EventTicket> = Table::new("tickets");
/// The event of a ticket of which only the id is known.
pub const TICKET_EVENTS: Table<EventId, TicketId> = Table::new("ticket_events");
/// By `{event}/{folded order}/{ticket}`: the tickets of an order.
pub const ORDERS: Table<(), OrderTicket> = Table::new("orders");
/// By `{event}/{ticket}`: a ticket's signed code.
pub const TICKET_TOKENS: Table<Arc<str>, EventTicket> = Table::new("ticket_tokens");
/// By `{event}/{ticket}`: the short signed code for a ticket's QR code, if the full one is too long.
pub const COMPACT_TOKENS: Table<Arc<str>, EventTicket> = Table::new("compact_tokens");
/// By `{event}/{code}`.
pub const CREDENTIAL_CODES: Table<CodeHolder, EventCode> = Table::new("credential_codes");
/// By `{event}/{ticket type in capitals}`: the last number used. Without a type, that of booking references.
pub const SERIES: Table<u64, EventSeries> = Table::new("series");
/// Registration tokens, used and expired ones, too.
pub const REGISTRATION_TOKENS: Table<RegistrationToken, TokenText> =
    Table::new("registration_tokens");
/// By `{event}/{scanner}`: scanners, revoked ones, too, in the order they were registered.
pub const SCANNERS: Table<Scanner, EventScanner> = Table::new("scanners");
/// The event of a scanner of which only the id is known.
pub const SCANNER_EVENTS: Table<EventId, ScannerId> = Table::new("scanner_events");
/// Set once an event has had a scanner. Its organization can then no longer change.
pub const HAD_SCANNERS: Table<(), EventId> = Table::new("had_scanners");
/// The active scanners of each device in an organization. There is one, except in `default`, which may have more for
/// events without a common organizer.
pub const DEVICES: Table<Vec<EventScanner>, Device> = Table::new("devices");
/// What happened at each event, in the order of commits. Appended, never changed.
pub const RECORDS: Table<Record, EventRecord, Binary> = Table::new("records");
/// By `{event}/{digest}`: the answers of strategies that records name. Written before the first such record, and again when
/// an answer comes back into use.
pub const WINDOWS: Table<StoredWindows, EventWindows> = Table::new("windows");
/// Derived: how often a ticket entered on which days. An admission reads and guards it.
pub const TICKET_ENTRIES: Table<TicketEntries, EventTicket, Binary> = Table::new("entries");
/// Derived: a ticket's entries, beneath its row of [`TICKET_ENTRIES`], so that one scan reads both.
pub const ENTRIES: Table<Entry, TicketEntry, Binary> = Table::new("entries");
/// Derived: the number of the record that answered a request which may be sent again.
pub const REPEATS: Table<u64, ScanKey, Binary> = Table::new("repeats");
/// Derived: where the record with an id is.
pub const CHECK_INS: Table<CheckInPlace, CheckInId, Binary> = Table::new("check_ins");
/// Derived: how much each scanner has scanned.
pub const SCANNER_SCANS: Table<ScannerScans, EventScanner, Binary> = Table::new("scanner_scans");
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
pub const TICKET_CODES: Table<CodeHolder, EventCode> = Table::new("ticket_codes");
/// What is kept of each plugin, by its name.
pub const PLUGINS: Table<KeptPlugin, String> = Table::new("plugins");
/// By `{plugin}/{number}`: what happened to a plugin, the latest last.
pub const PLUGIN_HISTORY: Table<PluginEvent, PluginNumber> = Table::new("plugin_history");
/// By `{event}/{source}`: how much of a source's log an event has imported.
pub const IMPORT_PROGRESS: Table<ImportProgress, EventSource> = Table::new("taken_in");

/// What the operator's files said when they were last applied, under the one key `files`.
pub const APPLIED_CONFIG: Table<AppliedConfig, String> = Table::new("applied_config");

/// The tables whose keys begin with the event and which nothing else refers to.
pub const OF_EVENT: &[&str] = &[
    EVENT_REVISIONS.name(),
    ORDERS.name(),
    TICKET_TOKENS.name(),
    COMPACT_TOKENS.name(),
    CREDENTIAL_CODES.name(),
    TICKET_CODES.name(),
    SERIES.name(),
    WINDOWS.name(),
    ENTRIES.name(),
    REPEATS.name(),
    SCANNER_SCANS.name(),
    ISSUES.name(),
    IMPORT_PROGRESS.name(),
];

/// Returns the writes of a new revision of an event.
pub fn event_rows(event: &Event) -> [Write; 3] {
    let without_key = Event {
        key: None,
        ..event.clone()
    };
    let revision = EventRevision(event.id, event.revision);
    [
        EVENTS.put(&event.id, event),
        EVENT_MARKS.put(&event.id, &event.revision),
        EVENT_REVISIONS.insert(&revision, &without_key),
    ]
}

/// The deletion of an event. Its id is never used again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDeletion {
    /// The organization it belonged to.
    pub org_id: String,
    /// When it was deleted.
    pub at: Timestamp,
    /// Whether all of its rows are gone.
    pub is_done: bool,
}

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

/// An answer of strategies, with its question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredWindows {
    /// The digest of the door rule that was asked about.
    pub rule: Digest,
    /// The holder that was asked about.
    pub holder: Holder,
    /// The code that answered.
    pub plugins: Vec<PluginIdentity>,
    /// Sorted by opening.
    pub windows: Vec<Window>,
    /// When the answer came into use last.
    pub at: Timestamp,
}

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckInPlace {
    /// The event it belongs to.
    pub event: EventId,
    /// Its number.
    pub sequence: u64,
    /// The number of the record that took it back.
    pub undone_by: Option<u64>,
}

/// How often a ticket has entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketEntries {
    /// The number of the record that changed them last.
    pub changed: u64,
    /// The number of entries on each day that has one.
    pub by_day: Vec<(DayId, u32)>,
}

impl TicketEntries {
    /// The days with an entry.
    pub fn days(&self) -> Vec<DayId> {
        self.by_day.iter().map(|(day, _)| *day).collect()
    }

    /// Adds entries on a day, or takes them away.
    pub fn count(&mut self, day: DayId, change: i32) {
        match self.by_day.iter_mut().find(|(of, _)| *of == day) {
            Some((_, count)) => *count = count.saturating_add_signed(change),
            None => self.by_day.push((day, 0_u32.saturating_add_signed(change))),
        }
        self.by_day.retain(|(_, count)| *count > 0);
    }
}

/// How much a scanner has scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScannerScans {
    /// How many of its scans were admitted.
    pub admitted: u64,
    /// How many of its scans were refused.
    pub refused: u64,
    /// When it last scanned.
    #[serde(with = "instant")]
    pub last_at: Timestamp,
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
