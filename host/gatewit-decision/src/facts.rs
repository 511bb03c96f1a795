//! Everything that a decision depends on.

use std::borrow::Cow;
use std::ops::Range;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::refusal::{Inactive, Refusal, Replacement};

/// Everything that a decision depends on.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The moment of the scan.
    pub now: Timestamp,
    /// The event at whose door it happened.
    pub event: &'a EventFacts,
    /// Who scanned, and where.
    pub station: Station<'a>,
    /// What the presented code names.
    pub lookup: Lookup<TicketFacts<'a>>,
}

/// An event as its decisions need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFacts {
    /// In the order of the event. Windows and ticket types name a day by its index.
    pub days: Vec<Day>,
    /// At least one.
    pub zones: Vec<Zone>,
    /// Where tickets are scanned.
    pub scan_points: Vec<ScanPoint>,
    /// The types that the event itself defines.
    pub ticket_types: Vec<TicketType>,
}

/// Identifies a day within its event. Survives renaming and moving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DayId(pub u32);

/// A day of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Its entries are counted under this id.
    pub id: DayId,
    /// When it begins.
    pub starts: Timestamp,
    /// When it ends; not part of the day.
    pub ends: Timestamp,
    /// The whole calendar dates, in the event's time zone, of which it has a part.
    pub dates: Range<Timestamp>,
}

/// A part of the venue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Unique within the event.
    pub id: String,
    /// Whether its doors lead in from outside. The first zone's always do.
    pub perimeter: bool,
}

/// A place where tickets are scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanPoint {
    /// Unique within the event.
    pub id: String,
    /// The zone it is in; None: the first zone.
    pub zone: Option<String>,
    /// Ids of the ticket types let in here, folded; None: every type.
    pub accepted_ticket_types: Option<Vec<String>>,
}

/// A kind of ticket at an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TicketType {
    /// Folded, as in [`ScanPoint::accepted_ticket_types`].
    pub id: String,
    /// False for items that admit nobody.
    pub admits: bool,
    /// How many entries it allows on one day in one scope; None: any number.
    pub entries_max: Option<u32>,
    /// The days it is valid on, as indices; None: every day.
    pub days: Option<Vec<usize>>,
}

/// Who scans, and where. The default is an organizer at the desk.
#[derive(Clone, Debug, Default)]
pub struct Station<'a> {
    /// None: an organizer at the desk.
    pub scanner: Option<Scanner<'a>>,
    /// The id of its scan point.
    pub scan_point: Option<&'a str>,
    /// The id of its zone. Takes precedence over the scan point's own.
    pub zone: Option<&'a str>,
}

/// A scanner whose credentials were verified.
#[derive(Clone, Copy, Debug)]
pub struct Scanner<'a> {
    /// Whether it is the scanner and the device that the request names.
    pub is_as_claimed: bool,
    /// Whether it was revoked.
    pub is_revoked: bool,
    /// The scanner that its device became, if that revoked it.
    pub replaced_by: Option<&'a Replacement>,
}

/// The result of looking up a presented code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Lookup<T> {
    /// Not signed by the event it names, or not signed at all.
    Forged,
    /// No ticket has this code, or the scanner may not scan and the code was not looked up.
    Nothing,
    /// A ticket of another event.
    Elsewhere,
    /// A ticket of the event.
    Ticket(T),
}

/// A ticket and the data that its admission depends on.
#[derive(Clone, Debug)]
pub struct TicketFacts<'a> {
    /// Why its state prevents entry; None if it does not.
    pub inactive: Option<Inactive>,
    /// None if neither the event nor its source defines it.
    pub kind: Option<&'a TicketType>,
    /// When the ticket itself begins to be valid.
    pub valid_from: Option<Timestamp>,
    /// The first moment at which the ticket itself is no longer valid.
    pub valid_until: Option<Timestamp>,
    /// When doors are open for its holder; None if the strategy failed.
    pub windows: Option<&'a [Window]>,
    /// Its earlier entries, oldest first.
    pub entries: Vec<Entry<'a>>,
}

/// When doors are open on one day: from `opens`, until just before `closes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The day, as an index into the event's days.
    pub day: usize,
    /// The first moment.
    pub opens: Timestamp,
    /// The first moment at which doors are closed again.
    pub closes: Timestamp,
}

/// An earlier admission of a ticket.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The day it counts for.
    pub day: DayId,
    /// The id of its zone at that time.
    pub zone: &'a str,
    /// Whether the zone led in from outside at that time. Used if the zone no longer exists.
    pub from_outside: bool,
    /// When it was.
    pub at: Timestamp,
    /// Where it was, in the words of the person who scanned.
    pub location: Option<&'a str>,
}

impl Facts<'_> {
    /// Lists when doors are open for the ticket: on the days that it is valid on, and while it is valid itself.
    pub fn own_windows(&self) -> Vec<Window> {
        match &self.lookup {
            Lookup::Ticket(ticket) => ticket.own_windows(),
            Lookup::Forged | Lookup::Nothing | Lookup::Elsewhere => Vec::new(),
        }
    }
}

impl EventFacts {
    /// The type with this id, in any case.
    pub fn ticket_type(&self, folded_id: &str) -> Option<&TicketType> {
        self.ticket_types.iter().find(|kind| kind.id == folded_id)
    }

    pub(crate) fn scan_point(&self, id: &str) -> Option<&ScanPoint> {
        self.scan_points.iter().find(|point| point.id == id)
    }
}

impl Scanner<'_> {
    /// Checks that the scanner may scan, and that its claimed identity is the proven one.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.is_revoked {
            return Err(Refusal::ScannerRevoked {
                replaced_by: self.replaced_by.cloned(),
            });
        }
        match self.is_as_claimed {
            true => Ok(()),
            false => Err(Refusal::ScannerMismatch),
        }
    }
}

impl TicketType {
    pub(crate) fn is_good_for(&self, day: usize) -> bool {
        self.days.as_ref().is_none_or(|days| days.contains(&day))
    }
}

impl Window {
    /// Whether doors are open at `now`.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.opens <= now && now < self.closes
    }
}

impl TicketFacts<'_> {
    fn own_windows(&self) -> Vec<Window> {
        let windows = self.clamp_windows(self.windows.unwrap_or_default());
        let is_good = |window: &&Window| self.kind.is_some_and(|kind| kind.is_good_for(window.day));
        windows.iter().filter(is_good).copied().collect()
    }

    /// Limits the windows to the time in which the ticket itself is valid.
    pub(crate) fn clamp_windows<'w>(&self, windows: &'w [Window]) -> Cow<'w, [Window]> {
        if self.valid_from.is_none() && self.valid_until.is_none() {
            return windows.into();
        }
        let clamped = windows.iter().map(|window| Window {
            opens: self
                .valid_from
                .map_or(window.opens, |from| from.max(window.opens)),
            closes: self
                .valid_until
                .map_or(window.closes, |until| until.min(window.closes)),
            ..*window
        });
        clamped
            .filter(|window| window.opens < window.closes)
            .collect()
    }

    /// Returns when the ticket begins to be valid, if that is later than `now`.
    pub(crate) fn begins_after(&self, now: Timestamp) -> Option<Timestamp> {
        let from = self.valid_from.filter(|from| *from > now)?;
        self.valid_until
            .is_none_or(|until| from < until)
            .then_some(from)
    }
}
