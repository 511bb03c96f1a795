//! Events with a record that cannot be read: nobody knows who entered, so they are closed. Others are served.

use std::collections::{HashMap, HashSet};

use gatewit_domain::id::EventId;
use gatewit_domain::ports::Store;
use gatewit_domain::problem::{EventCode, Problem};

use crate::error::DeskError;
use crate::tables::RECORDS;

/// The damaged events, with the number of the first record that cannot be read.
pub(super) struct DamagedEvents(HashMap<EventId, u64>);

impl DamagedEvents {
    /// Collects what the store found when it was opened, and logs it. Of deleted events it is of no interest.
    pub fn found_by(store: &dyn Store, deleted: &HashSet<EventId>) -> Self {
        let mut damaged = HashMap::new();
        for damage in store.damages() {
            let Ok(event) = RECORDS.event_of(&damage.prefix) else {
                tracing::error!(
                    sequence = damage.sequence,
                    "a record of no event cannot be read ({}); nothing else suffers from it",
                    damage.cause
                );
                continue;
            };
            if deleted.contains(&event) {
                continue;
            }
            tracing::error!(
                event.id = %event,
                sequence = damage.sequence,
                "event {event} is closed: its record {} cannot be read ({}); restore the data directory from a \
                 backup, import the last export into an empty one, or delete the event",
                damage.sequence,
                damage.cause
            );
            damaged.insert(event, damage.sequence);
        }
        Self(damaged)
    }

    /// Fails if the event is damaged.
    pub fn check(&self, event: EventId) -> Result<(), DeskError> {
        match self.0.get(&event) {
            None => Ok(()),
            Some(sequence) => Err(DeskError::Unavailable(Problem::new(
                EventCode::Damaged,
                format!(
                    "check-in is stopped: record {sequence} of event {event} cannot be read, so nobody knows who is \
                     in; call the operator of the server"
                ),
            ))),
        }
    }
}
