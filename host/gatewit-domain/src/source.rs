//! What a ticketing system says: the shapes of `wit/ticketing-backend.wit`, host side.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::TicketType;
use crate::plugin::PluginWords;

mod journal;
pub use journal::{LogPosition, Reader, RunUnderWay, Served, SourceJournal, SourceRow};

/// The type of tickets of which nobody says a type.
pub const GUEST_TYPE: &str = "guest";
const NAME_MAX: usize = 64;

/// What the operator calls a source of tickets: `pretix`, `tito`, `guest-list`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, example = "pretix")]
pub struct SourceName(Arc<str>);

impl SourceName {
    pub fn parse(name: &str) -> Result<Self, String> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        match (1..=NAME_MAX).contains(&name.len()) && name.chars().all(is_plain) {
            true => Ok(Self(name.into())),
            false => Err(format!(
                "the name of a ticket source must have 1 to {NAME_MAX} letters, digits, hyphens and underscores, unlike {name:?}"
            )),
        }
    }

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
    /// Its id in the ticketing system, the same for ever.
    pub id: String,
    pub name: String,
    pub category: Option<String>,
    pub activities: Vec<String>,
    /// False for what opens no door, a T-shirt say.
    pub admits: bool,
    /// Names of days, dates (`2025-12-15`, or `--12-15` of any year) or weekdays; empty: every day.
    pub days: Vec<String>,
    /// Whether it calls itself a day pass.
    #[serde(default)]
    pub day_pass: bool,
}

impl SourceType {
    /// A type that a source does not describe, good for every day.
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

    /// What the type is at the doors of an event that says nothing of it: one entry on each of its days.
    pub fn at_the_door(&self) -> TicketType {
        TicketType {
            id: self.id.clone(),
            name: self.name.clone(),
            allow_reentry: false,
            reentry_limit: None,
            days: (!self.days.is_empty()).then(|| self.days.clone()),
            admits: self.admits,
        }
    }
}

/// Whether a ticket lets its holder in, by its ticketing system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SourceState {
    Valid,
    Pending,
    Canceled,
    Blocked,
}

/// One ticket of a ticketing system. Hundreds of thousands lie in the store, so that what is empty is not written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceTicket {
    /// Unique within the source and the same for ever, such as `ABCD-1`.
    pub reference: String,
    pub order: String,
    /// Everything a scanner may read from it; the first is what its QR code holds.
    pub codes: Vec<String>,
    pub type_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variation: Option<String>,
    /// The reference of the ticket this one is an add-on of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_event: Option<String>,
    /// Empty if unknown.
    pub holder_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    pub state: SourceState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// The first moment it is good no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, bool)>,
    /// Texts for the staff, in the order to show them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<(String, String)>,
    /// Not kept: with every look at a ticket it would make another of it.
    #[serde(skip)]
    pub updated: Option<Timestamp>,
}

/// One page of a sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePage {
    pub tickets: Vec<SourceTicket>,
    /// References of tickets that exist no longer.
    pub gone: Vec<String>,
    /// Orders whose tickets are all on this page, so that others of theirs are gone.
    pub whole_orders: Vec<String>,
    /// How many all pages of a full run list together, if the ticketing system counts them.
    pub total: Option<SourceTotal>,
    pub next: Continuation,
}

/// How many a ticketing system counts, by which a full run is known to have missed none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceTotal {
    Tickets(u32),
    /// Every page lists its orders in `whole_orders`.
    Orders(u32),
}

/// How a sync goes on after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// There is more, by this cursor, within the same run.
    More(String),
    /// That was all. With a token, the next sync asks for what changed since; without, it is a full one.
    Done(Option<String>),
}

/// Why a ticketing system, or the plugin that speaks to it, did not answer.
///
/// It prints in the host's words alone; [`SourceFault::words`] are the plugin's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceFault {
    #[error("the ticketing system refuses the credentials")]
    Unauthorized(PluginWords),
    /// Try again after so many seconds, if it said how many.
    #[error("the ticketing system has had too many requests")]
    RateLimited(Option<u32>),
    #[error("the ticketing system cannot answer")]
    Unavailable(PluginWords),
    #[error("the settings cannot work")]
    BadSettings(PluginWords),
    #[error("the ticketing system does not know it")]
    NotFound(PluginWords),
    /// The cursor is good no longer: a full sync is due.
    #[error("a full sync is due")]
    StartOver(PluginWords),
    #[error("something went wrong that the plugin did not expect")]
    Unexpected(PluginWords),
    /// A file that the settings name cannot be read; in the host's words.
    #[error("{0}")]
    Unreadable(String),
    /// The plugin is not there, trapped, ran over a limit or answered nonsense; in the host's words.
    #[error("the plugin failed: {0}")]
    Plugin(String),
}

impl SourceFault {
    /// What the plugin says of it.
    pub fn words(&self) -> Option<&PluginWords> {
        match self {
            Self::Unauthorized(words)
            | Self::Unavailable(words)
            | Self::BadSettings(words)
            | Self::NotFound(words)
            | Self::StartOver(words)
            | Self::Unexpected(words) => Some(words),
            Self::RateLimited(_) | Self::Unreadable(_) | Self::Plugin(_) => None,
        }
    }
}
