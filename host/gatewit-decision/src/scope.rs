//! Where a scan happens, and which earlier entries count against it. `gatewit-api.md` §5.

use crate::facts::{Entry, EventFacts, Station, Zone};

/// Entries that count together: a ticket with one entry uses it once in each scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'z> {
    /// All zones that lead in from outside.
    Perimeter,
    /// A zone that lies inside.
    Inner(&'z str),
}

impl EventFacts {
    /// Finds a station's zone: the one it is bound to, else its scan point's, else the first.
    pub fn zone_at(&self, station: &Station) -> &str {
        let point = station.scan_point.and_then(|id| self.scan_point(id));
        let of_point = point.and_then(|point| point.zone.as_deref());
        let zone = station.zone.or(of_point).and_then(|id| self.zone(id));
        zone.or_else(|| self.zones.first())
            .map_or("", |zone| &zone.id)
    }

    /// Returns the scope of a zone of the event.
    pub fn scope_of<'z>(&self, zone: &'z str) -> Scope<'z> {
        self.scope(zone, true)
    }

    /// Returns the scope of an entry. An entry from outside stays one when its zone is renamed, so that nobody gets in
    /// twice. An inner zone with a new id is a different zone.
    pub(crate) fn scope_of_entry<'e>(&self, entry: &Entry<'e>) -> Scope<'e> {
        self.scope(entry.zone, entry.from_outside)
    }

    fn scope<'z>(&self, zone: &'z str, if_gone: bool) -> Scope<'z> {
        let is_outer = self.zone(zone).map_or(if_gone, |zone| zone.perimeter);
        match is_outer {
            true => Scope::Perimeter,
            false => Scope::Inner(zone),
        }
    }

    fn zone(&self, id: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.id == id)
    }
}
