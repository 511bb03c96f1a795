//! Matches the days of a changed event with its previous days. Entries are stored by day, so no day may lose its
//! entries or take over another's.

use gatewit_decision::DayId;

use crate::calendar::{EventDay, EventZone};

/// Whether a new day is the same as an old one.
type IsSame<'a> = &'a dyn Fn(&EventDay, &EventDay) -> bool;

/// Gives each day the id of the old day it corresponds to, and returns the old days without a new one.
///
/// That is the day with the same hours; else with the same date and name; else with overlapping hours; else the only
/// day on its date; else the day with its name.
pub(super) fn identify(
    days: &mut [EventDay],
    old: Vec<EventDay>,
    zone: &EventZone,
    made: &mut u32,
) -> Vec<EventDay> {
    let zone = zone.time_zone();
    let date = |day: &EventDay| day.starts.to_zoned(zone.clone()).date();
    let only_on = |days: &[EventDay], day: &EventDay| {
        days.iter().filter(|other| date(other) == date(day)).count() == 1
    };
    let only_new: Vec<_> = days.iter().map(|day| only_on(days, day)).collect();
    let only_old: Vec<_> = old
        .iter()
        .filter(|day| only_on(&old, day))
        .map(|day| day.id)
        .collect();
    let same: [IsSame; 5] = [
        &|new, old| (new.starts, new.ends) == (old.starts, old.ends),
        &|new, old| date(new) == date(old) && new.name == old.name,
        &|new, old| new.starts < old.ends && old.starts < new.ends,
        &|new, old| date(new) == date(old) && only_old.contains(&old.id),
        &|new, old| new.name == old.name,
    ];
    let mut unclaimed = old;
    let mut ids = vec![None; days.len()];
    for (pass, is_same) in same.into_iter().enumerate() {
        for (index, day) in days.iter().enumerate() {
            let is_due = ids[index].is_none() && (pass != 3 || only_new[index]);
            let found = unclaimed.iter().position(|old| is_due && is_same(day, old));
            if let Some(found) = found {
                ids[index] = Some(unclaimed.remove(found).id);
            }
        }
    }
    for (day, id) in days.iter_mut().zip(ids) {
        day.id = id.unwrap_or_else(|| {
            *made += 1;
            DayId(*made)
        });
    }
    unclaimed
}
