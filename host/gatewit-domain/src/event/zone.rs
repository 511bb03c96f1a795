//! Zones of a venue: where a scan happens, and which earlier entries count against it. `gatewit-api.md` §3, §5.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Event;
use super::change::checks::{LIST_MAX, NAME_MAX, invalid, text, unique};
use crate::problem::Problem;
use crate::scan::Entry;
use crate::scanner::Place;

/// A part of the venue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Zone {
    #[schema(example = "venue")]
    pub id: String,
    /// Whether its doors lead in from outside. The first zone's always do.
    pub perimeter: bool,
}

/// A zone as an organizer writes it.
#[derive(Clone, Debug, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ZoneChange {
    #[schema(example = "venue")]
    pub id: String,
    /// Whether its doors lead in from outside. The first zone's always do. Default: false.
    #[serde(default)]
    pub perimeter: bool,
}

/// Entries that count together: a ticket with one entry uses it once in each scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'z> {
    /// All zones that lead in from outside.
    Perimeter,
    /// A zone that lies inside.
    Inner(&'z str),
}

impl Zone {
    /// The zone of an event that declares no zones.
    pub fn venue() -> Self {
        Self {
            id: "venue".to_owned(),
            perimeter: true,
        }
    }
}

impl Event {
    /// Finds a scanner's zone: the one it is bound to, else its scan point's, else the first.
    pub fn zone_at(&self, place: &Place) -> &str {
        let point = place.scan_point.as_deref();
        let of_point = point.and_then(|id| self.scan_point(id)?.zone.as_deref());
        let named = place.zone.as_deref().or(of_point);
        let zone = named.and_then(|id| self.zone(id));
        let zone = zone.or_else(|| self.zones.first());
        zone.map_or("", |zone| &zone.id)
    }

    /// Finds a zone of the event by its id.
    pub fn zone(&self, id: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.id == id)
    }

    /// Returns the scope of a zone of the event.
    pub fn scope_of<'z>(&self, zone: &'z str) -> Scope<'z> {
        self.scope(zone, true)
    }

    /// Returns the scope of an entry. An entry from outside stays one when its zone is renamed, so that nobody gets in
    /// twice. An inner zone with a new id is a different zone.
    pub fn scope_of_entry<'e>(&self, entry: &'e Entry) -> Scope<'e> {
        self.scope(&entry.zone, entry.from_outside)
    }

    fn scope<'z>(&self, zone: &'z str, if_gone: bool) -> Scope<'z> {
        let is_outer = self.zone(zone).map_or(if_gone, |zone| zone.perimeter);
        match is_outer {
            true => Scope::Perimeter,
            false => Scope::Inner(zone),
        }
    }
}

/// Reads an event's zones. The first always leads in from outside.
pub(super) fn checked_zones(changes: Vec<ZoneChange>) -> Result<Vec<Zone>, Problem> {
    if changes.len() > LIST_MAX {
        return Err(invalid(format!("zones must hold at most {LIST_MAX}")));
    }
    if changes.is_empty() {
        return Ok(vec![Zone::venue()]);
    }
    let one = |(index, change): (usize, ZoneChange)| {
        Ok(Zone {
            id: text("zones: id", change.id, NAME_MAX)?,
            perimeter: change.perimeter || index == 0,
        })
    };
    let zones: Vec<Zone> = changes
        .into_iter()
        .enumerate()
        .map(one)
        .collect::<Result<_, _>>()?;
    unique("zones", zones.iter().map(|zone| zone.id.as_str()))?;
    Ok(zones)
}
