//! An event as the admission decision sees it: time zones resolved, ids folded.

use gatewit_decision as decision;

use super::{Event, TicketType};
use crate::calendar::Calendar;
use crate::identifier::fold;

impl Event {
    /// Returns what decisions need of the event. It stays true until the event changes.
    pub fn facts(&self) -> decision::EventFacts {
        let calendar = &self.calendar;
        let days = calendar.days.iter().map(|day| decision::Day {
            id: day.id,
            starts: day.starts,
            ends: day.ends,
            dates: calendar.dates_of(day),
        });
        let zones = self.zones.iter().map(|zone| decision::Zone {
            id: zone.id.clone(),
            perimeter: zone.perimeter,
        });
        let points = self.scan_points.iter().map(|point| {
            let accepted = point.accepted_ticket_types.as_ref();
            let folded = |ids: &Vec<String>| ids.iter().map(|id| fold(id).into_owned()).collect();
            decision::ScanPoint {
                id: point.id.clone(),
                zone: point.zone.clone(),
                accepted_ticket_types: accepted.map(folded),
            }
        });
        let kinds = self.ticket_types.iter().map(|kind| kind.facts(calendar));
        decision::EventFacts {
            days: days.collect(),
            zones: zones.collect(),
            scan_points: points.collect(),
            ticket_types: kinds.collect(),
        }
    }
}

impl TicketType {
    /// Returns what decisions need of the type at an event with these days.
    pub fn facts(&self, calendar: &Calendar) -> decision::TicketType {
        let is_good = |day: &usize| self.is_good_for(*day, calendar);
        let days = (0..calendar.days.len()).filter(is_good);
        decision::TicketType {
            id: fold(&self.id).into_owned(),
            admits: self.admits,
            entries_max: self.entries_max(),
            days: self.days.is_some().then(|| days.collect()),
        }
    }
}
