//! Events as the configuration declares them: the fields of the API in snake_case.

use gatewit_desk::DEFAULT_ORGANIZATION;
use gatewit_domain::event;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{scalars, snake_case};
use crate::http::EventChange;

/// A declared event, identified by its slug.
#[derive(Debug)]
pub struct EventEntry(EventChange);

impl<'de> Deserialize<'de> for EventEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        snake_case::read(deserializer, "slug").map(Self)
    }
}

impl EventEntry {
    pub fn slug(&self) -> &str {
        self.0.slug.as_deref().unwrap_or_default()
    }

    pub fn org_id(&self) -> &str {
        self.0.org_id.as_deref().unwrap_or(DEFAULT_ORGANIZATION)
    }

    /// Takes the optional texts from the entry as it is written.
    pub(super) fn read_as_written(&mut self, written: &Value) {
        let text = |entry: &Value, key: &str| scalars::text(&entry[key]);
        let event = &mut self.0;
        event.name = text(written, "name");
        event.org_id = text(written, "org_id");
        event.timezone = text(written, "timezone");
        for (index, day) in event.days.iter_mut().flatten().enumerate() {
            day.day_name = text(&written["days"][index], "day_name");
        }
        for (index, kind) in event.ticket_types.iter_mut().flatten().enumerate() {
            kind.name = text(&written["ticket_types"][index], "name");
        }
        for (index, point) in event.scan_points.iter_mut().flatten().enumerate() {
            let written = &written["scan_points"][index];
            point.name = text(written, "name");
            point.zone = text(written, "zone");
        }
    }

    /// Whether it says who may manage it.
    pub fn has_organizers(&self) -> bool {
        let organizers = self.0.organizers.as_ref();
        organizers.is_some_and(|subs| !subs.is_empty())
    }
}

impl From<EventEntry> for event::EventChange {
    fn from(entry: EventEntry) -> Self {
        entry.0.into()
    }
}
