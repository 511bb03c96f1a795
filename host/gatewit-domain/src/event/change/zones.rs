//! The zones of an event, as an organizer writes them.

use gatewit_decision::Zone;
use serde::Deserialize;
use utoipa::ToSchema;

use super::checks::{LIST_MAX, NAME_MAX, invalid, text, unique};
use crate::problem::Problem;

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

/// Reads an event's zones. The first always leads in from outside.
pub fn checked_zones(changes: Vec<ZoneChange>) -> Result<Vec<Zone>, Problem> {
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
