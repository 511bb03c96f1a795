//! The events whose doors a caller stands at. `gatewit-api.md` §2.

use std::sync::Arc;

use gatewit_domain::id::EventId;
use gatewit_domain::problem::{Problem, RequestCode};

use super::Events;
use crate::caller::Caller;
use crate::error::DeskError;
use crate::live_events::LiveEvent;

impl Events {
    /// Finds an event that the caller manages or is staff of.
    pub(crate) fn attended(
        &self,
        caller: &Caller,
        id: EventId,
    ) -> Result<Arc<LiveEvent>, DeskError> {
        let live = self.live(id)?;
        match caller.may_attend(&live.event) {
            true => Ok(live),
            false => Err(DeskError::Forbidden(Problem::new(
                RequestCode::NotEventOrganizer,
                format!("only an organizer or the staff of event {id} may do this"),
            ))),
        }
    }
}
