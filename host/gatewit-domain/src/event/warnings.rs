//! Settings of an event that are allowed but rarely intended: overlapping days, and doors that never open during their
//! day.

use std::collections::BTreeMap;

use gatewit_decision::Window;
use jiff::Timestamp;

use super::{Event, TicketType};
use crate::calendar::EventDay;

/// How many warnings of each kind are shown.
const SHOWN_MAX: usize = 20;

/// Windows that do not overlap their day, with the ticket types they apply to.
#[derive(Default)]
pub struct MissedDays(BTreeMap<(usize, Timestamp, Timestamp), Vec<String>>);

impl Event {
    /// Lists days that begin before an earlier day has ended.
    pub fn overlaps(&self) -> Vec<String> {
        let mut overlaps = Vec::new();
        let mut last: Option<&EventDay> = None;
        for day in &self.calendar.days {
            if let Some(before) = last.filter(|before| day.starts < before.ends) {
                overlaps.push(format!(
                    "\"{}\" starts at {}, before \"{}\" ends at {}: a scan in between counts for the first of them alone",
                    day.name,
                    self.calendar.rfc3339(day.starts),
                    before.name,
                    self.calendar.rfc3339(before.ends),
                ));
            }
            last = last.filter(|last| day.ends <= last.ends).or(Some(day));
        }
        shortened(overlaps)
    }
}

impl MissedDays {
    /// Adds the days that have windows for this holder, none of which overlaps the day. Without a type, the holder's
    /// ticket has none.
    pub fn add(&mut self, event: &Event, kind: Option<&TicketType>, windows: &[Window]) {
        let calendar = &event.calendar;
        let days = calendar.days.iter().enumerate();
        for (index, day) in
            days.filter(|(index, _)| kind.is_none_or(|kind| kind.is_good_for(*index, calendar)))
        {
            let of_day = || windows.iter().filter(|window| window.day == index);
            let meets = |window: &Window| window.opens < day.ends && day.starts < window.closes;
            if of_day().any(meets) {
                continue;
            }
            for window in of_day() {
                let missed = self.0.entry((index, window.opens, window.closes));
                let kind = kind.map(|kind| kind.id.clone());
                missed.or_default().extend(kind);
            }
        }
    }

    /// Describes each window of these, for the organizer: the first twenty, then how many more there are.
    pub fn warnings(&self, event: &Event) -> Vec<String> {
        let print = |at| event.calendar.rfc3339(at);
        let warnings = self.0.iter().map(|((day, opens, closes), types)| {
            let day = &event.calendar.days[*day];
            let whose = match types.len() == event.ticket_types.len() {
                true => String::new(),
                false => format!(" to tickets of the types {}", types.join(", ")),
            };
            format!(
                "the doors of \"{}\" are open{whose} from {} to {}, at no time between its start at {} and its end at {}",
                day.name,
                print(*opens),
                print(*closes),
                print(day.starts),
                print(day.ends),
            )
        });
        shortened(warnings.collect())
    }
}

/// Returns the first of many warnings, and how many more there are.
fn shortened(mut warnings: Vec<String>) -> Vec<String> {
    let more = warnings.len().saturating_sub(SHOWN_MAX);
    if more > 0 {
        warnings.truncate(SHOWN_MAX);
        warnings.push(format!("and {more} more like these"));
    }
    warnings
}
