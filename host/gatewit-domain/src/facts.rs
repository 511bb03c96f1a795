//! What is known of a scan, in the domain's types, and as the admission decision sees it.

use std::sync::Arc;

use gatewit_decision::{
    Decision, EventFacts, Facts, Inactive, Lookup, Refusal, Scope, Station, TicketFacts, decide,
};
use jiff::Timestamp;

use crate::event::{Event, TicketType};
use crate::scan::{Entries, Entry, Scan, ScannedBy};
use crate::scanner::Scanner;
use crate::ticket::Ticket;
use crate::window::{StrategyError, WindowsAnswer};

/// Everything that is known of a scan.
pub struct ScanFacts<'a> {
    /// The time of the decision.
    pub now: Timestamp,
    /// The scan to decide on.
    pub scan: &'a Scan,
    /// None: an organizer at the desk.
    pub scanner: Option<&'a Scanner>,
    /// The event at whose door it happened.
    pub event: &'a Event,
    /// [`Event::facts`] of the event.
    pub event_facts: &'a EventFacts,
    /// What the code led to: a ticket, or the reason why none was found.
    pub found: Found,
}

/// The result of looking up what was presented.
pub type Found = Lookup<Box<FoundTicket>>;

/// A ticket and the data that its admission depends on.
pub struct FoundTicket {
    /// The ticket as stored, whatever its state and event.
    pub ticket: Ticket,
    /// Its entries, those undone left out.
    pub entries: Entries,
    /// The opening windows for its holder, or why the strategy gave none.
    pub windows: Result<Arc<WindowsAnswer>, StrategyError>,
    /// The ticket's type as its source defines it, if the event does not.
    pub source_type: Option<Arc<TicketType>>,
    /// Whether its source is configured. True for a ticket that was issued here.
    pub has_source: bool,
}

/// What was found, as decisions at an event see it, whatever their moment and place.
pub struct FoundFacts<'a> {
    event: &'a Event,
    event_facts: &'a EventFacts,
    found: &'a Found,
    of_source: Option<gatewit_decision::TicketType>,
}

impl<'a> FoundFacts<'a> {
    /// Prepares what was found for decisions. `event_facts` are the event's own.
    pub fn new(event: &'a Event, event_facts: &'a EventFacts, found: &'a Found) -> Self {
        let of_source = match found {
            Lookup::Ticket(held) => held.source_type.as_deref(),
            Lookup::Forged | Lookup::Nothing | Lookup::Elsewhere => None,
        };
        Self {
            event,
            event_facts,
            found,
            of_source: of_source.map(|kind| kind.facts(&event.calendar)),
        }
    }

    /// Returns everything that a decision at a moment and a place depends on.
    pub fn at<'f>(&'f self, now: Timestamp, station: Station<'f>) -> Facts<'f> {
        let lookup = match self.found {
            Lookup::Forged => Lookup::Forged,
            Lookup::Nothing => Lookup::Nothing,
            Lookup::Elsewhere => Lookup::Elsewhere,
            Lookup::Ticket(held) => {
                let own = self.event.ticket_type_at(&held.ticket.type_id);
                let own = own.map(|index| &self.event_facts.ticket_types[index]);
                Lookup::Ticket(held.facts(self.event, own.or(self.of_source.as_ref())))
            }
        };
        Facts {
            now,
            event: self.event_facts,
            station,
            lookup,
        }
    }
}

impl ScanFacts<'_> {
    /// Decides on admission.
    pub fn decide(&self) -> Decision {
        let found = FoundFacts::new(self.event, self.event_facts, &self.found);
        decide(&found.at(self.now, self.station()))
    }

    /// The id of the zone of the scan.
    pub fn zone(&self) -> &str {
        self.event_facts.zone_at(&self.station())
    }

    /// Whether the zone of the scan leads in from outside.
    pub fn is_from_outside(&self) -> bool {
        self.event_facts.scope_of(self.zone()) == Scope::Perimeter
    }

    fn station(&self) -> Station<'_> {
        let Some(scanner) = self.scanner else {
            return Station::default();
        };
        Station {
            scanner: Some(scanner_facts(self.scan, scanner)),
            scan_point: scanner.place.scan_point.as_deref(),
            zone: scanner.place.zone.as_deref(),
        }
    }
}

impl FoundTicket {
    /// The ticket's type at this event; None if it is not defined.
    pub fn kind<'k>(&'k self, event: &'k Event) -> Option<&'k TicketType> {
        let own = event.ticket_type(&self.ticket.type_id);
        own.or(self.source_type.as_deref())
    }

    /// Why its state prevents entry; None if it does not.
    pub fn inactive(&self, event: &Event) -> Option<Inactive> {
        match self.has_source && self.ticket.belongs_to(event) {
            true => self.ticket.inactive(),
            false => Some(Inactive::SourceDetached),
        }
    }

    fn facts<'f>(
        &'f self,
        event: &Event,
        kind: Option<&'f gatewit_decision::TicketType>,
    ) -> TicketFacts<'f> {
        let origin = self.ticket.origin.as_ref();
        let entries = self.entries.0.iter().map(Entry::facts);
        TicketFacts {
            inactive: self.inactive(event),
            kind,
            valid_from: origin.and_then(|origin| origin.valid_from),
            valid_until: origin.and_then(|origin| origin.valid_until),
            windows: self.windows.as_ref().ok().map(|answer| &*answer.windows),
            entries: entries.collect(),
        }
    }
}

/// Checks that the scanner may scan, and that its claimed identity is the proven one.
pub fn check_scanner(scan: &Scan, scanner: Option<&Scanner>) -> Result<(), Refusal> {
    scanner.map_or(Ok(()), |scanner| scanner_facts(scan, scanner).check())
}

fn scanner_facts<'s>(scan: &Scan, scanner: &'s Scanner) -> gatewit_decision::Scanner<'s> {
    let is_as_claimed = match &scan.station.by {
        ScannedBy::Scanner {
            claimed_scanner,
            claimed_fingerprint,
            ..
        } => {
            claimed_scanner.parse() == Ok(scanner.id)
                && *claimed_fingerprint == scanner.device_fingerprint.as_str()
        }
        ScannedBy::Organizer(_) => true,
    };
    gatewit_decision::Scanner {
        is_as_claimed,
        is_revoked: !scanner.is_active(),
        replaced_by: scanner.replaced_by(),
    }
}

#[cfg(test)]
mod tests;
