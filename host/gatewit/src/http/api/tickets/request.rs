//! A ticket as organizers write it. Which values are acceptable is decided by the domain.

use std::collections::BTreeMap;

use gatewit_domain::ticket;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

/// One ticket, or several under `tickets` that are issued together or not at all.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum IssueRequest {
    Many { tickets: Vec<TicketDraft> },
    One(TicketDraft),
}

impl<'de> Deserialize<'de> for IssueRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut body = serde_json::Value::deserialize(deserializer)?;
        let request = match body.get_mut("tickets").map(serde_json::Value::take) {
            Some(tickets) => serde_json::from_value(tickets).map(|tickets| Self::Many { tickets }),
            None => serde_json::from_value(body).map(Self::One),
        };
        request.map_err(serde::de::Error::custom)
    }
}

/// A ticket as an organizer requests it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketDraft {
    #[schema(example = "vip")]
    ticket_type_id: String,
    #[schema(min_length = 1, max_length = 200, example = "John Doe")]
    attendee_name: String,
    #[schema(example = "john@example.com")]
    attendee_email: Option<String>,
    /// Default: `EVT-` and eight hex digits.
    #[schema(example = "EVT-A3F4B21C")]
    booking_reference: Option<String>,
    /// The code on a badge or wristband, unique within the event.
    #[schema(example = "NFC-1")]
    credential_code: Option<String>,
    /// Each is true or false. Strategies see them.
    #[serde(default)]
    #[schema(example = json!({"is_speaker": true}))]
    attributes: BTreeMap<String, bool>,
    /// Text shown to staff.
    #[serde(default)]
    #[schema(example = json!({"seat": "12"}))]
    details: BTreeMap<String, String>,
}

/// Fields of a ticket to set. Absent fields stay unchanged.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TicketChange {
    #[schema(min_length = 1, max_length = 200, example = "Jane Doe")]
    attendee_name: Option<String>,
    /// Null removes it.
    #[serde(deserialize_with = "named")]
    #[schema(value_type = Option<String>, example = "jane@example.com")]
    attendee_email: Option<Option<String>>,
    /// The code on a badge or wristband, unique within the event. Null removes it.
    #[serde(deserialize_with = "named")]
    #[schema(value_type = Option<String>, example = "NFC-2")]
    credential_code: Option<Option<String>>,
    /// Text shown to staff. Replaces all existing details.
    #[schema(example = json!({"seat": "12"}))]
    details: Option<BTreeMap<String, String>>,
}

/// Distinguishes a null field from an absent one.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl From<TicketDraft> for ticket::TicketDraft {
    fn from(draft: TicketDraft) -> Self {
        Self {
            ticket_type_id: draft.ticket_type_id,
            attendee_name: draft.attendee_name,
            attendee_email: draft.attendee_email,
            booking_reference: draft.booking_reference,
            credential_code: draft.credential_code,
            attributes: draft.attributes,
            details: draft.details,
        }
    }
}

impl From<TicketChange> for ticket::TicketChange {
    fn from(change: TicketChange) -> Self {
        Self {
            attendee_name: change.attendee_name,
            attendee_email: change.attendee_email,
            credential_code: change.credential_code,
            details: change.details,
        }
    }
}
