//! Days of a ticket source's types that match no day of the event.

use super::Event;
use crate::source::{SourceName, SourceType};

impl Event {
    /// Describes, for each type of a source, which of its days match no day of this event. Skips types that the event
    /// declares itself and types that admit nobody.
    pub fn unmatched_days(&self, source: &SourceName, types: &[SourceType]) -> Vec<String> {
        let types = types.iter();
        let types = types.filter(|kind| kind.admits && self.ticket_type(&kind.id).is_none());
        let unmatched = types.filter_map(|kind| {
            let days = kind.days.iter();
            let days = days.filter(|day| !self.calendar.has_day_called(day));
            let days: Vec<_> = days.map(|day| format!("{day:?}")).collect();
            let (id, name) = (&kind.id, &kind.name);
            (!days.is_empty()).then(|| {
                format!(
                    "the type {name:?} ({id}) of the ticket source {source} is good for {}, which no day of the event \
                     is called: rename the days, or name the type in ticketTypes",
                    days.join(", ")
                )
            })
        });
        unmatched.collect()
    }
}
