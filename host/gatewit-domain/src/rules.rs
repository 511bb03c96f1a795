//! The one admission decision: every rule of `gatewit-api.md` §5, pure.

use std::sync::Arc;

use jiff::Timestamp;

use crate::event::{Event, TicketType};
use crate::identifier::is_same;
use crate::scan::{Entries, Entry, Refusal, Scan, ScannedBy};
use crate::scanner::{Place, Scanner};
use crate::ticket::{Inactive, Ticket};
use crate::window::{StrategyError, Window, WindowsAnswer};

/// Everything that a decision depends on.
pub struct Facts<'a> {
    pub now: Timestamp,
    pub scan: &'a Scan,
    /// None: an organizer at the desk.
    pub scanner: Option<&'a Scanner>,
    pub event: &'a Event,
    pub found: Found,
}

/// The result of looking up the presented code.
pub enum Found {
    /// Not signed by the event it names, or not signed at all.
    Forged,
    /// No ticket has this code, or the scanner may not scan and the code was not looked up.
    Nothing,
    /// A ticket of another event.
    Elsewhere,
    /// A ticket of the scanner's event.
    Ticket(Box<Held>),
}

/// A ticket and the data that its admission depends on.
pub struct Held {
    pub ticket: Ticket,
    pub entries: Entries,
    pub windows: Result<Arc<WindowsAnswer>, StrategyError>,
    /// The ticket's type as its source defines it, if the event does not.
    pub source_type: Option<Arc<TicketType>>,
}

/// The decision of the rules, and the day that decided, as an index into the event's days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// None: admitted.
    pub refusal: Option<Refusal>,
    pub day: Option<usize>,
}

impl Facts<'_> {
    /// Decides on admission. The first rule that fails gives the refusal.
    pub fn decide(&self) -> Decision {
        let refused = |refusal| Decision {
            refusal: Some(refusal),
            day: None,
        };
        if let Err(refusal) = check_scanner(self.scan, self.scanner) {
            return refused(refusal);
        }
        let (held, kind) = match self.check_ticket() {
            Ok(found) => found,
            Err(refusal) => return refused(refusal),
        };
        let Ok(answer) = &held.windows else {
            return refused(Refusal::StrategyFailed);
        };
        let day = match self.choose_day(held, &answer.windows, kind) {
            Ok(day) => day,
            Err(refusal) => return refused(refusal),
        };
        Decision {
            refusal: self.check_entry(day, kind, &held.entries).err(),
            day: Some(day),
        }
    }

    fn check_ticket(&self) -> Result<(&Held, &TicketType), Refusal> {
        let held = match &self.found {
            Found::Forged => return Err(Refusal::InvalidSignature),
            Found::Nothing => return Err(Refusal::NotFound),
            Found::Elsewhere => return Err(Refusal::WrongEvent),
            Found::Ticket(held) => held,
        };
        match held.check_active(self.event) {
            Ok(kind) => Ok((held, kind)),
            Err(why) => Err(Refusal::NotActive { why: Some(why) }),
        }
    }

    /// Finds the day that a scan is for, among the windows of the ticket's holder.
    fn choose_day(
        &self,
        held: &Held,
        of_holder: &[Window],
        kind: &TicketType,
    ) -> Result<usize, Refusal> {
        let calendar = &self.event.calendar;
        let windows = held.ticket.narrow(of_holder);
        let is_good = |day: usize| kind.is_good_for(day, calendar);
        let has_open_window = |day: usize| {
            let mut windows = windows.iter();
            windows.any(|window| window.day == day && window.is_open(self.now))
        };
        let mut todays = (0..calendar.days.len())
            .filter(|&day| calendar.is_today(&calendar.days[day], self.now) || has_open_window(day))
            .peekable();
        if todays.peek().is_some() && !todays.any(is_good) {
            return Err(Refusal::WrongDay);
        }
        let open = (0..calendar.days.len()).filter(|&day| is_good(day) && has_open_window(day));
        let in_turn = self.in_turn(open.collect());
        let has_entry_left = |day: &&usize| self.has_entry_left(**day, kind, &held.entries);
        if let Some(day) = in_turn.iter().find(has_entry_left).or(in_turn.first()) {
            return Ok(*day);
        }
        // No window ever opens for this holder, so nothing has expired.
        if !of_holder.iter().any(|window| is_good(window.day)) {
            return Err(Refusal::WrongDay);
        }
        let windows = windows.iter().filter(|window| is_good(window.day));
        Err(self.closed(windows, &held.ticket))
    }

    /// Sorts the days with open doors by priority. A running day, the first if several overlap, decides alone.
    /// Otherwise late grace precedes early opening.
    fn in_turn(&self, open: Vec<usize>) -> Vec<usize> {
        let days = &self.event.calendar.days;
        let (mut late, rest): (Vec<_>, Vec<_>) = open
            .into_iter()
            .partition(|&day| days[day].ends <= self.now);
        let (early, running): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .partition(|&day| self.now < days[day].starts);
        if let Some(first) = running.first() {
            return vec![*first];
        }
        late.sort_by_key(|&day| std::cmp::Reverse(days[day].ends));
        late.extend(early);
        late
    }

    /// Returns not open if a window opens later or the ticket becomes valid later, else expired.
    fn closed<'w>(&self, windows: impl Iterator<Item = &'w Window>, ticket: &Ticket) -> Refusal {
        let opens = windows.map(|window| window.opens);
        let next = opens.filter(|opens| *opens > self.now).min();
        match next.or_else(|| ticket.begins_after(self.now)) {
            Some(opens_at) => Refusal::NotOpen { opens_at },
            None => Refusal::Expired,
        }
    }

    /// Runs the checks that need the day: earlier entries, then the scan point.
    fn check_entry(&self, day: usize, kind: &TicketType, entries: &Entries) -> Result<(), Refusal> {
        if !self.has_entry_left(day, kind, entries) {
            let latest = self.earlier_entries(day, entries).next_back();
            let latest = latest.expect("a day without entries has one left");
            return Err(Refusal::AlreadyUsed {
                at: latest.at,
                location: latest.location.clone(),
            });
        }
        let point = self
            .scanner
            .and_then(|scanner| scanner.place.scan_point.as_deref());
        let Some(point) = point else {
            return Ok(());
        };
        // A scanner whose scan point was removed accepts no ticket types.
        let point = self
            .event
            .scan_point(point)
            .ok_or(Refusal::TicketTypeNotAccepted)?;
        let accepted = point.accepted_ticket_types.as_ref();
        let is_accepted =
            |types: &Vec<String>| types.iter().any(|accepted| is_same(accepted, &kind.id));
        match accepted.is_none_or(is_accepted) {
            true => Ok(()),
            false => Err(Refusal::TicketTypeNotAccepted),
        }
    }

    /// Whether one more entry is allowed on the day, in the zone of the scan.
    fn has_entry_left(&self, day: usize, kind: &TicketType, entries: &Entries) -> bool {
        let used = self.earlier_entries(day, entries).count();
        kind.entries_max().is_none_or(|max| used < max as usize)
    }

    /// Lists the entries in the same scope as the scan, oldest first.
    fn earlier_entries<'e>(
        &self,
        day: usize,
        entries: &'e Entries,
    ) -> impl DoubleEndedIterator<Item = &'e Entry> {
        let scope = self.event.scope_of(self.zone());
        let of_day = entries.on(self.event.calendar.days[day].id);
        of_day.filter(move |entry| self.event.scope_of_entry(entry) == scope)
    }

    /// The id of the zone of the scan.
    pub fn zone(&self) -> &str {
        let place = self.scanner.map(|scanner| &scanner.place);
        self.event.zone_at(place.unwrap_or(&Place::default()))
    }
}

impl Held {
    /// Returns the ticket's type at this event if the ticket is valid for entry, else why it is not.
    fn check_active<'k>(&'k self, event: &'k Event) -> Result<&'k TicketType, Inactive> {
        if !event.has(&self.ticket) {
            return Err(Inactive::SourceDetached);
        }
        if let Some(why) = self.ticket.inactive() {
            return Err(why);
        }
        let kind = self.kind(event).ok_or(Inactive::UnknownType)?;
        match kind.admits {
            true => Ok(kind),
            false => Err(Inactive::AdmitsNobody),
        }
    }

    /// The ticket's type at this event; None if it is not defined.
    pub fn kind<'k>(&'k self, event: &'k Event) -> Option<&'k TicketType> {
        let own = event.ticket_type(&self.ticket.type_id);
        own.or(self.source_type.as_deref())
    }
}

/// Checks that the scanner may scan, and that its claimed identity is the proven one.
pub fn check_scanner(scan: &Scan, scanner: Option<&Scanner>) -> Result<(), Refusal> {
    let (
        Some(scanner),
        ScannedBy::Scanner {
            claimed_scanner,
            claimed_fingerprint,
            ..
        },
    ) = (scanner, &scan.by)
    else {
        return Ok(());
    };
    if !scanner.is_active() {
        return Err(Refusal::ScannerRevoked {
            replaced_by: scanner.replaced_by().cloned(),
        });
    }
    let is_same = claimed_scanner.parse() == Ok(scanner.id)
        && *claimed_fingerprint == scanner.device_fingerprint.as_str();
    match is_same {
        true => Ok(()),
        false => Err(Refusal::ScannerMismatch),
    }
}

#[cfg(test)]
mod tests;
