//! When and where a ticket would be let in: the search for what is nearest to a scan that is refused.

use jiff::Timestamp;

use crate::decide::{check_scan_point, decide};
use crate::facts::{Facts, Lookup, Station, TicketFacts};
use crate::scope::Scope;

/// Where a ticket is scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The id of the scan point.
    pub scan_point: Option<&'a str>,
    /// The id of the zone. Takes precedence over the scan point's own.
    pub zone: Option<&'a str>,
}

/// A moment and a place at which no rule refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nearest<'a> {
    /// The moment.
    pub at: Timestamp,
    /// The place.
    pub place: Place<'a>,
}

/// Tries every moment at which a decision may change, at each place of the event: one moment an item, None if all places
/// refuse. The first that is not None is the nearest.
///
/// The moments from that of the facts on come first, the earliest before the others; then those before it, the latest
/// before the others. The place of the facts is tried before the scan points, and these before the zones, in the order
/// of the event.
pub fn nearest<'f>(facts: &'f Facts<'f>) -> impl Iterator<Item = Option<Nearest<'f>>> {
    let ticket = match &facts.lookup {
        Lookup::Ticket(ticket) => Some(ticket),
        Lookup::Forged | Lookup::Nothing | Lookup::Elsewhere => None,
    };
    let places = ticket.map_or_else(Vec::new, |ticket| distinct_places(facts, ticket));
    let moments = ticket.map_or_else(Vec::new, |ticket| moments(facts, ticket));
    let mut trial = facts.clone();
    moments.into_iter().map(move |at| {
        trial.now = at;
        let mut places = places.iter();
        let place = places.find(|place| {
            trial.station = place.station(facts);
            decide(&trial).refusal.is_none()
        });
        place.map(|place| Nearest { at, place: *place })
    })
}

impl<'a> Place<'a> {
    /// The station at this place, with the scanner of the facts.
    fn station(&self, facts: &Facts<'a>) -> Station<'a> {
        Station {
            scanner: facts.station.scanner,
            scan_point: self.scan_point,
            zone: self.zone,
        }
    }
}

/// Lists the moments at which a decision may change, in the order of [`nearest`].
fn moments(facts: &Facts, ticket: &TicketFacts) -> Vec<Timestamp> {
    let now = facts.now;
    let days = facts.event.days.iter();
    let of_days = days.flat_map(|day| [day.starts, day.ends]);
    let windows = ticket.windows.unwrap_or_default().iter();
    let of_windows = windows.flat_map(|window| [window.opens, window.closes]);
    let of_ticket = [ticket.valid_from, ticket.valid_until];
    let changes = of_days.chain(of_windows);
    let changes = changes.chain(of_ticket.into_iter().flatten());
    let mut moments: Vec<_> = changes.chain([now]).collect();
    moments.sort_unstable();
    moments.dedup();
    let first = moments.partition_point(|at| *at < now);
    let before: Vec<_> = moments.drain(..first).collect();
    moments.extend(before.into_iter().rev());
    moments
}

/// Lists the places in the order of [`nearest`], without those that refuse the ticket's type. Of places that no decision
/// tells apart, it lists the first: those in which the ticket has the same earlier entries.
fn distinct_places<'f>(facts: &'f Facts<'f>, ticket: &TicketFacts<'f>) -> Vec<Place<'f>> {
    let event = facts.event;
    let asked = Place {
        scan_point: facts.station.scan_point,
        zone: facts.station.zone,
    };
    let points = event.scan_points.iter().map(|point| Place {
        scan_point: Some(&*point.id),
        zone: None,
    });
    let zones = event.zones.iter().map(|zone| Place {
        scan_point: None,
        zone: Some(&*zone.id),
    });
    let scopes_of_entries = ticket.entries.iter();
    let scopes_of_entries: Vec<_> = scopes_of_entries
        .map(|entry| event.scope_of_entry(entry))
        .collect();
    let mut known: Vec<Option<Scope>> = Vec::new();
    let places = [asked].into_iter().chain(points).chain(zones);
    let distinct = places.filter(|place| {
        let station = place.station(facts);
        let accepts = |kind| check_scan_point(event, &station, kind).is_ok();
        if !ticket.kind.is_some_and(accepts) {
            return false;
        }
        let scope = Some(event.scope_of(event.zone_at(&station)));
        let scope = scope.filter(|scope| scopes_of_entries.contains(scope));
        let is_new = !known.contains(&scope);
        known.push(scope);
        is_new
    });
    distinct.collect()
}

#[cfg(test)]
mod tests;
