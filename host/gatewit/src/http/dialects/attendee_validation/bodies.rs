//! What the contract's answers hold, under the names that its clients read.

use gatewit_domain::attendees;
use gatewit_domain::source::SourceType;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::schema;

/// The answer of `validate_attendee`. A failure repeats the request.
#[derive(Serialize, ToSchema)]
pub struct AttendeeAnswer {
    is_attendee: bool,
    /// The reason for a failure; empty for an attendee.
    hint: String,
    #[serde(flatten)]
    flags: AttendeeFlags,
    #[schema(value_type = Option<schema::OrderId>)]
    order_id: Option<String>,
    #[schema(value_type = Option<schema::TicketReference>)]
    ticket_id: Option<String>,
    name: String,
    #[schema(value_type = Option<schema::EmailAddress>)]
    email: Option<String>,
}

/// The answer of `validate_name`. It repeats the request in capitals.
#[derive(Serialize, ToSchema)]
pub struct NameAnswer {
    is_attendee: bool,
    /// The reason for a failure; empty for an attendee.
    hint: String,
    #[serde(flatten)]
    flags: AttendeeFlags,
    #[schema(value_type = schema::TicketReference)]
    ticket_id: String,
    name: String,
}

/// The built-in attributes of the attendee-validation contract, in the order of its answers.
#[derive(Serialize, ToSchema)]
pub struct AttendeeFlags {
    is_speaker: bool,
    is_keynote: bool,
    is_sponsor: bool,
    is_organizer: bool,
    is_volunteer: bool,
    is_remote: bool,
    is_onsite: bool,
    is_guest: bool,
    online_access: bool,
}

/// Whether the address belongs to an attendee.
#[derive(Serialize, ToSchema)]
pub struct EmailAnswer {
    pub valid: bool,
}

#[derive(Serialize, ToSchema)]
pub struct TicketTypes {
    pub ticket_types: Vec<TicketTypeRow>,
}

/// A ticket type, as the ticketing system lists it.
#[derive(Serialize, ToSchema)]
pub struct TicketTypeRow {
    /// A number if the ticketing system uses numbers, otherwise text.
    #[schema(value_type = Value, example = 819314)]
    id: Value,
    #[schema(example = "Conference")]
    title: String,
    #[schema(example = json!(["on_site", "online_access"]))]
    activities: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct TicketCount {
    #[schema(example = 1204)]
    pub ticket_count: usize,
}

/// The counts, named as in the contract.
#[derive(Serialize, ToSchema)]
pub struct AddonStatistics {
    onsite_tickets_sold: u64,
    /// How many tickets have a T-shirt.
    tshirt_purchased: u64,
    /// The difference of the two. Negative if T-shirts were added to other tickets.
    tshirt_not_purchased: i64,
    /// The most frequent first.
    tshirt_variants: Vec<ShirtVariant>,
}

/// A kind of T-shirt.
#[derive(Serialize, ToSchema)]
pub struct ShirtVariant {
    #[schema(example = "M")]
    variant_name: String,
    count: u64,
}

impl From<attendees::AttendeeAnswer> for AttendeeAnswer {
    fn from(answer: attendees::AttendeeAnswer) -> Self {
        Self {
            is_attendee: answer.is_attendee,
            hint: answer.hint,
            flags: answer.flags.into(),
            order_id: answer.order_id.map(|order| order.as_str().to_owned()),
            ticket_id: (answer.ticket_id).map(|ticket| ticket.as_str().to_owned()),
            name: answer.name,
            email: answer.email.map(|email| email.as_str().to_owned()),
        }
    }
}

impl From<attendees::NameAnswer> for NameAnswer {
    fn from(answer: attendees::NameAnswer) -> Self {
        Self {
            is_attendee: answer.is_attendee,
            hint: answer.hint,
            flags: answer.flags.into(),
            ticket_id: answer.ticket_id.as_str().to_owned(),
            name: answer.name,
        }
    }
}

impl From<attendees::AttendeeFlags> for AttendeeFlags {
    fn from(flags: attendees::AttendeeFlags) -> Self {
        Self {
            is_speaker: flags.is_speaker,
            is_keynote: flags.is_keynote,
            is_sponsor: flags.is_sponsor,
            is_organizer: flags.is_organizer,
            is_volunteer: flags.is_volunteer,
            is_remote: flags.is_remote,
            is_onsite: flags.is_onsite,
            is_guest: flags.is_guest,
            online_access: flags.online_access,
        }
    }
}

impl From<SourceType> for TicketTypeRow {
    fn from(kind: SourceType) -> Self {
        let number = kind.id.parse::<u64>().ok();
        let number = number.filter(|number| number.to_string() == kind.id);
        Self {
            id: number.map_or_else(|| kind.id.into(), Value::from),
            title: kind.name,
            activities: kind.activities,
        }
    }
}

impl From<attendees::AddonStatistics> for AddonStatistics {
    fn from(counts: attendees::AddonStatistics) -> Self {
        let variants = counts.tshirt_variants.into_iter();
        let variants = variants.map(|variant| ShirtVariant {
            variant_name: variant.variant_name,
            count: variant.count,
        });
        Self {
            onsite_tickets_sold: counts.onsite_tickets_sold,
            tshirt_purchased: counts.tshirt_purchased,
            tshirt_not_purchased: counts.tshirt_not_purchased,
            tshirt_variants: variants.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use gatewit_domain::attendees::{
        AttendeeFlags as Flags, AttendeeQuery, Finding, Sought, TicketReference,
    };
    use gatewit_domain::names::PreparedName;

    use super::*;

    #[test]
    fn each_flag_is_the_attribute_of_its_name() {
        for name in Flags::NAMES {
            let attributes = [(name.to_owned(), true), ("is_vip".to_owned(), true)];
            let flags = AttendeeFlags::from(Flags::of(&attributes));
            let flags = serde_json::to_value(flags).unwrap();
            let held = flags.as_object().unwrap().iter();
            let held: Vec<_> = held.filter(|(_, is_held)| **is_held == true).collect();
            assert_eq!(held, [(&name.to_owned(), &true.into())]);
        }
        let json = serde_json::to_string(&AttendeeFlags::from(Flags::default())).unwrap();
        let names = Flags::NAMES.map(|name| format!("\"{name}\":false"));
        assert_eq!(json, format!("{{{}}}", names.join(",")));
    }

    #[test]
    fn an_answer_has_its_keys_in_the_order_of_the_contract() {
        let query = AttendeeQuery {
            sought: Sought::of(None, Some(TicketReference::of("MH9CG-2"))).unwrap(),
            name: PreparedName::of(" Ada "),
        };
        let body =
            serde_json::to_string(&AttendeeAnswer::from(query.answer(&Finding::Unknown))).unwrap();
        assert!(
            body.starts_with(r#"{"is_attendee":false,"hint":"Invalid order ID"#),
            "{body}"
        );
        let end = r#""online_access":false,"order_id":null,"ticket_id":"MH9CG-2","name":"Ada","email":null}"#;
        assert!(body.ends_with(end), "{body}");
    }
}
