//! The fields of a ticket issued here that an organizer may change. `gatewit-api.md` §4.

use std::collections::BTreeMap;

use super::{TEXT_MAX, Ticket, check_details, email_of, optional, text};
use crate::problem::Problem;
use crate::scanned::clean;

/// Fields of a ticket to set. Absent fields stay unchanged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TicketChange {
    /// 1 to 200 characters.
    pub attendee_name: Option<String>,
    /// `Some(None)` removes it.
    pub attendee_email: Option<Option<String>>,
    /// The code on a badge or wristband, unique within the event. `Some(None)` removes it.
    pub credential_code: Option<Option<String>>,
    /// Text shown to staff. Replaces all existing details.
    pub details: Option<BTreeMap<String, String>>,
}

impl TicketChange {
    /// Checks each field and trims it.
    pub fn check(mut self) -> Result<Self, Problem> {
        let name = self.attendee_name.as_deref();
        self.attendee_name = name
            .map(|name| text("attendeeName", name, TEXT_MAX))
            .transpose()?;
        if let Some(Some(address)) = &mut self.attendee_email {
            *address = email_of(address)?;
        }
        if let Some(code) = &mut self.credential_code {
            *code = optional("credentialCode", code.as_deref().map(clean))?;
        }
        if let Some(details) = &self.details {
            check_details(details)?;
        }
        Ok(self)
    }
}

impl Ticket {
    /// Sets the fields that a checked change names.
    pub fn apply(&mut self, change: TicketChange) {
        if let Some(name) = change.attendee_name {
            self.attendee_name = name;
        }
        if let Some(email) = change.attendee_email {
            self.attendee_email = email;
        }
        if let Some(code) = change.credential_code {
            self.credential_code = code;
        }
        if let Some(details) = change.details {
            self.details = details;
        }
    }
}
