//! The zones of an event, as an organizer writes them.

use super::checks::{LIST_MAX, NAME_MAX, invalid, text, unique};
use crate::event::Zone;
use crate::problem::Problem;

/// Reads an event's zones. The first always leads in from outside.
pub fn checked_zones(zones: Vec<Zone>) -> Result<Vec<Zone>, Problem> {
    if zones.len() > LIST_MAX {
        return Err(invalid(format!("zones must hold at most {LIST_MAX}")));
    }
    if zones.is_empty() {
        return Ok(vec![Zone::venue()]);
    }
    let one = |(index, zone): (usize, Zone)| {
        Ok(Zone {
            id: text("zones: id", zone.id, NAME_MAX)?,
            perimeter: zone.perimeter || index == 0,
        })
    };
    let zones: Vec<Zone> = zones
        .into_iter()
        .enumerate()
        .map(one)
        .collect::<Result<_, _>>()?;
    unique("zones", zones.iter().map(|zone| zone.id.as_str()))?;
    Ok(zones)
}
