//! A ticketing system's data: the host's types for `wit/ticketing-backend.wit`.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::plugin::{CallError, PluginWords};

mod run_limits;
mod sync_state;
pub use run_limits::{LimitExceeded, RunLimits, RunSize};
pub use sync_state::{LogPosition, Reader, RunUnderWay, Served, SourceRow, SyncState};

/// The type of tickets of which nobody says a type.
pub const GUEST_TYPE: &str = "guest";
const NAME_MAX: usize = 64;

/// The operator's name for a ticket source: `pretix`, `tito`, `guest-list`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SourceName(Arc<str>);

impl SourceName {
    /// Accepts 1 to 64 ASCII letters, digits, hyphens and underscores. The error is for the operator.
    pub fn parse(name: &str) -> Result<Self, String> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        match (1..=NAME_MAX).contains(&name.len()) && name.chars().all(is_plain) {
            true => Ok(Self(name.into())),
            false => Err(format!(
                "the name of a ticket source must have 1 to {NAME_MAX} letters, digits, hyphens and underscores, unlike {name:?}"
            )),
        }
    }

    /// The name as it stands in the configuration.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SourceName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::parse(&name)
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A kind of ticket on sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceType {
    /// Its id in the ticketing system. It never changes.
    pub id: String,
    /// The name that buyers see. It is shown at the door.
    pub name: String,
    /// The id of its category, if the ticketing system has categories.
    pub category: Option<String>,
    /// What it gives access to besides the event itself, such as `training`.
    pub activities: Vec<String>,
    /// False for items that admit nobody, such as a T-shirt.
    pub admits: bool,
    /// Names of days, dates (`2025-12-15`, or `--12-15` of any year) or weekdays; empty: every day.
    pub days: Vec<String>,
    /// Whether it calls itself a day pass.
    #[serde(default)]
    pub day_pass: bool,
}

impl SourceType {
    /// A type that its source does not describe, good for every day.
    pub fn undescribed(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            category: None,
            activities: vec!["on_site".to_owned()],
            admits: true,
            days: Vec::new(),
            day_pass: false,
        }
    }
}

/// Whether a ticket admits its holder, according to its ticketing system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SourceState {
    /// Paid or free, and valid.
    Valid,
    /// Not paid or not confirmed yet.
    Pending,
    /// Given back, refunded or voided.
    Canceled,
    /// Blocked by the organizer, though not given back.
    Blocked,
}

/// One ticket of a ticketing system. The store holds hundreds of thousands, so empty fields are not written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceTicket {
    /// Unique within the source and never changed, such as `ABCD-1`.
    pub reference: String,
    /// The order it was bought in, as its buyer knows it: `ABCD`.
    pub order: String,
    /// All codes that a scanner may read from it. The first is the content of its QR code.
    pub codes: Vec<String>,
    /// The [`SourceType::id`] of its type, which the source may not list.
    pub type_id: String,
    /// The name of the variation bought, if the type has some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variation: Option<String>,
    /// The reference of the ticket that this one is an add-on to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The date of a series that it is for, as the ticketing system numbers them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_event: Option<String>,
    /// Empty if unknown.
    pub holder_name: String,
    /// The holder's own address, never the buyer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether it admits its holder.
    pub state: SourceState,
    /// The first moment at which it is valid; None: valid from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// The first moment at which it is no longer valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// Attributes that strategies know by name, such as `is_speaker`. The last of several values counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, bool)>,
    /// Texts for the staff, in display order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<(String, String)>,
    /// Not stored: it changes on every fetch and would make each ticket look modified.
    #[serde(skip)]
    pub updated: Option<Timestamp>,
}

/// One page of a sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePage {
    /// New and changed tickets, or all of them in a full run. If one comes twice, the last counts.
    pub tickets: Vec<SourceTicket>,
    /// References of tickets that no longer exist.
    pub gone: Vec<String>,
    /// Orders whose tickets are all on this page. Any other tickets of theirs no longer exist.
    pub whole_orders: Vec<String>,
    /// The total over all pages of a full run, if the ticketing system counts it.
    pub total: Option<SourceTotal>,
    /// The next page, or the end of the run.
    pub next: Continuation,
}

/// A ticketing system's own count, which shows whether a full run missed any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceTotal {
    /// The number of tickets on all pages.
    Tickets(u32),
    /// Every page lists its orders in `whole_orders`.
    Orders(u32),
}

/// How a sync continues after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// This cursor fetches the next page of the same run.
    More(String),
    /// The last page. With a token, the next sync asks for changes since; without, it is a full sync.
    Done(Option<String>),
}

/// Why a ticketing system, or the plugin that speaks to it, did not answer.
///
/// It displays only the host's own text; [`SourceFault::words`] returns the plugin's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceFault {
    /// The ticketing system refuses the credentials. The operator is told, and no retry follows at once.
    #[error("the ticketing system refuses the credentials")]
    Unauthorized(PluginWords),
    /// Try again after this many seconds, if it said how many.
    #[error("the ticketing system has had too many requests")]
    RateLimited(Option<u32>),
    /// It is down, slow or answers nonsense. Another try may succeed.
    #[error("the ticketing system cannot answer")]
    Unavailable(PluginWords),
    /// Only the operator can help.
    #[error("the settings cannot work")]
    BadSettings(PluginWords),
    /// The event, or another thing that the settings name, does not exist there. A look-up has then found nothing.
    #[error("the ticketing system does not know it")]
    NotFound(PluginWords),
    /// The cursor is no longer valid: a full sync is due.
    #[error("a full sync is due")]
    StartOver(PluginWords),
    /// Any other failure of the plugin's own code.
    #[error("something went wrong that the plugin did not expect")]
    Unexpected(PluginWords),
    /// A file that the settings name cannot be read. The text is the host's.
    #[error("{0}")]
    Unreadable(String),
    /// The operator has configured the source otherwise, or not at all, since this began.
    #[error("it is configured otherwise, or not at all, since this was begun")]
    Withdrawn,
    /// The plugin was called and gave no answer. The text is what it wrote to its standard output and error before.
    #[error("the plugin failed: {0}")]
    Plugin(CallError, Option<PluginWords>),
}

impl From<CallError> for SourceFault {
    /// A failure of a plugin that wrote nothing.
    fn from(error: CallError) -> Self {
        Self::Plugin(error, None)
    }
}

impl SourceFault {
    /// Returns the plugin's own text.
    pub fn words(&self) -> Option<&PluginWords> {
        match self {
            Self::Unauthorized(words)
            | Self::Unavailable(words)
            | Self::BadSettings(words)
            | Self::NotFound(words)
            | Self::StartOver(words)
            | Self::Unexpected(words) => Some(words),
            Self::Plugin(error, output) => error.words().or(output.as_ref()),
            Self::RateLimited(_) | Self::Unreadable(_) | Self::Withdrawn => None,
        }
    }
}
