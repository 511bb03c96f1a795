//! The rules in their order: the scanner, the ticket, the day, its entries, the scan point.

use crate::days::choose_day;
use crate::facts::{Entry, EventFacts, Facts, Lookup, Station, TicketFacts, TicketType};
use crate::refusal::{Inactive, Refusal};

/// The decision of the rules, and the day that decided, as an index into the event's days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// None: admitted.
    pub refusal: Option<Refusal>,
    /// None: a rule before those of the day refused.
    pub day: Option<usize>,
}

/// Decides on admission. The first rule that fails gives the refusal.
pub fn decide(facts: &Facts) -> Decision {
    match before_entry(facts) {
        Err(refusal) => Decision {
            refusal: Some(refusal),
            day: None,
        },
        Ok((ticket, kind, day)) => Decision {
            refusal: check_entry(facts, ticket, kind, day).err(),
            day: Some(day),
        },
    }
}

/// Runs the checks before those of the entry, and finds the day.
fn before_entry<'f>(
    facts: &'f Facts,
) -> Result<(&'f TicketFacts<'f>, &'f TicketType, usize), Refusal> {
    if let Some(scanner) = &facts.station.scanner {
        scanner.check()?;
    }
    let ticket = match &facts.lookup {
        Lookup::Forged => return Err(Refusal::InvalidSignature),
        Lookup::Nothing => return Err(Refusal::NotFound),
        Lookup::Elsewhere => return Err(Refusal::WrongEvent),
        Lookup::Ticket(ticket) => ticket,
    };
    let inactive = |why| Refusal::NotActive { why };
    let kind = check_active(ticket).map_err(inactive)?;
    let windows = ticket.windows.ok_or(Refusal::StrategyFailed)?;
    let has_entry_left = |day| has_entry_left(facts, ticket, kind, day);
    let day = choose_day(facts, ticket, kind, windows, has_entry_left)?;
    Ok((ticket, kind, day))
}

/// Returns the ticket's type if the ticket is valid for entry, else why it is not.
fn check_active<'t>(ticket: &'t TicketFacts) -> Result<&'t TicketType, Inactive> {
    if let Some(why) = ticket.inactive {
        return Err(why);
    }
    let kind = ticket.kind.ok_or(Inactive::UnknownType)?;
    match kind.admits {
        true => Ok(kind),
        false => Err(Inactive::AdmitsNobody),
    }
}

/// Runs the checks that need the day.
fn check_entry(
    facts: &Facts,
    ticket: &TicketFacts,
    kind: &TicketType,
    day: usize,
) -> Result<(), Refusal> {
    check_earlier_entries(facts, ticket, kind, day)?;
    check_scan_point(facts.event, &facts.station, kind)
}

fn check_earlier_entries(
    facts: &Facts,
    ticket: &TicketFacts,
    kind: &TicketType,
    day: usize,
) -> Result<(), Refusal> {
    if has_entry_left(facts, ticket, kind, day) {
        return Ok(());
    }
    let latest = earlier_entries(facts, ticket, day).next_back();
    let latest = latest.expect("a day without entries has one left");
    Err(Refusal::AlreadyUsed {
        at: latest.at,
        location: latest.location.map(str::to_owned),
    })
}

pub(crate) fn check_scan_point(
    event: &EventFacts,
    station: &Station,
    kind: &TicketType,
) -> Result<(), Refusal> {
    let Some(point) = station.scan_point else {
        return Ok(());
    };
    // A scanner whose scan point was removed accepts no ticket types.
    let point = event.scan_point(point);
    let accepts = |types: &Vec<String>| types.contains(&kind.id);
    match point {
        Some(point) if point.accepted_ticket_types.as_ref().is_none_or(accepts) => Ok(()),
        _ => Err(Refusal::TicketTypeNotAccepted),
    }
}

/// Whether one more entry is allowed on the day, in the zone of the scan.
fn has_entry_left(facts: &Facts, ticket: &TicketFacts, kind: &TicketType, day: usize) -> bool {
    let used = || earlier_entries(facts, ticket, day).count();
    kind.entries_max.is_none_or(|max| used() < max as usize)
}

/// Lists the entries in the same scope as the scan, oldest first.
fn earlier_entries<'f>(
    facts: &'f Facts,
    ticket: &'f TicketFacts,
    day: usize,
) -> impl DoubleEndedIterator<Item = &'f Entry<'f>> {
    let event = facts.event;
    let scope = event.scope_of(event.zone_at(&facts.station));
    let day = event.days[day].id;
    let of_day = ticket.entries.iter().filter(move |entry| entry.day == day);
    of_day.filter(move |entry| event.scope_of_entry(entry) == scope)
}
