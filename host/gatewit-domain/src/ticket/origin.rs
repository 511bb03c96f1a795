//! Where a ticket that a ticketing system sold comes from, and its codes there. `gatewit-api.md` §4.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identifier::{fold, is_same};
use crate::scanned::clean;
use crate::source::{SourceName, SourceState};

/// Where a ticket comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The configured source that lists it.
    pub source: SourceName,
    /// Its permanent identifier in the ticketing system, unique within the source.
    pub reference: String,
    /// The ticketing system's codes for the ticket. The first is the content of its QR code.
    pub codes: Vec<String>,
    /// Codes of this ticket that another ticket already has. A scan of one finds the other ticket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_codes: Vec<String>,
    /// Its state in the ticketing system at the last change; None: it no longer exists there.
    pub state: Option<SourceState>,
    /// The date of a series that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_event: Option<String>,
    /// The first moment at which it is valid; None: valid from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// The first moment at which it is no longer valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// When a look-up during a scan found it. None once a sync has reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_at: Option<Timestamp>,
}

/// A code as it is looked up. One that is the ticket's reference is compared as a reference: in any spelling.
pub fn code_of<'c>(reference: &str, code: &'c str) -> Cow<'c, str> {
    match is_same(reference, code) {
        true => fold(code),
        false => clean(code).into(),
    }
}

impl Origin {
    /// The codes as they are looked up.
    pub fn looked_up_codes(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let codes = self.codes.iter();
        codes.map(|code| code_of(&self.reference, code))
    }

    /// The codes as they are looked up, and as earlier versions filed them: references as they were spelled.
    pub fn code_spellings(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.codes
            .iter()
            .flat_map(|code| [code_of(&self.reference, code), clean(code).into()])
    }
}
