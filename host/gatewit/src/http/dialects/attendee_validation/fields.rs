//! The fields of each request. All of them are checked before anything is answered.

use gatewit_domain::attendees::{
    Asked, AttendeeQuery, AttendeeQuestion, EmailAddress, NameQuery, NameQuestion, OrderId, Sought,
    TicketReference,
};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::question::{FromFields, ValidationError};

/// The most addresses in one question: each is a guess, and may be looked up in the ticketing systems.
const ADDRESSES_MAX: usize = 4;
const TOO_MANY_ADDRESSES: &str = "There must be at most four email addresses.";

type Fields = Map<String, Value>;

/// One of the two ids is required; if both are given, the order decides.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is read field by field")]
pub struct AttendeeRequest {
    #[schema(example = "MH9CG")]
    order_id: Option<String>,
    #[schema(example = "MH9CG-2")]
    ticket_id: Option<String>,
    #[schema(example = "Ada Lovelace")]
    name: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is read field by field")]
pub struct NameRequest {
    #[schema(example = "DROP-3")]
    ticket_id: String,
    #[schema(example = "Sam Smith")]
    name: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is read field by field")]
pub struct EmailRequest {
    #[schema(example = "ada@example.org")]
    email: String,
}

/// A request to `validate_email`.
pub struct EmailQuestion {
    /// People paste several. One that belongs to an attendee is enough.
    pub addresses: Vec<EmailAddress>,
}

impl FromFields for AttendeeQuestion {
    fn read(fields: &Fields) -> Result<Self, Vec<ValidationError>> {
        let order = optional(fields, "order_id", OrderId::ask);
        let ticket = optional(fields, "ticket_id", TicketReference::ask);
        let name = required(fields, "name", AttendeeQuery::parse_name);
        let (order, ticket, name) = match (order, ticket, name) {
            (Ok(order), Ok(ticket), Ok(name)) => (order, ticket, name),
            (order, ticket, name) => {
                let order = order.and_then(|order| well_formed(fields, "order_id", order));
                let ticket = ticket.and_then(|ticket| well_formed(fields, "ticket_id", ticket));
                return Err(errors([order.err(), ticket.err(), name.err()]));
            }
        };
        let sought = Sought::of(order, ticket);
        let sought = sought.map_err(|words| {
            let sent = Value::Object(fields.clone());
            vec![ValidationError::bad_value(&[], words, sent)]
        })?;
        Ok(Self { sought, name })
    }
}

impl FromFields for NameQuestion {
    fn read(fields: &Fields) -> Result<Self, Vec<ValidationError>> {
        let ticket = required(fields, "ticket_id", TicketReference::ask_leniently);
        let name = required(fields, "name", NameQuery::parse_name);
        match (ticket, name) {
            (Ok(ticket), Ok(name)) => Ok(Self { ticket, name }),
            (ticket, name) => {
                let ticket = ticket.and_then(|it| well_formed(fields, "ticket_id", Some(it)));
                Err(errors([ticket.err(), name.err(), None]))
            }
        }
    }
}

impl FromFields for EmailQuestion {
    fn read(fields: &Fields) -> Result<Self, Vec<ValidationError>> {
        let text = required(fields, "email", |text| Ok(text.to_owned()));
        let text = text.map_err(|error| vec![*error])?;
        let addresses = match EmailAddress::parse_all(&text) {
            Ok(addresses) if addresses.len() > ADDRESSES_MAX => Err(TOO_MANY_ADDRESSES),
            addresses => addresses,
        };
        match addresses {
            Ok(addresses) => Ok(Self { addresses }),
            Err(reason) => Err(vec![ValidationError::no_email(
                "email",
                reason,
                text.into(),
            )]),
        }
    }
}

type Checked<T> = Result<T, Box<ValidationError>>;
type Parse<T> = fn(&str) -> Result<T, &'static str>;

fn optional<T>(fields: &Fields, name: &str, parse: Parse<T>) -> Checked<Option<T>> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => text(name, value, parse).map(Some),
    }
}

fn required<T>(fields: &Fields, name: &str, parse: Parse<T>) -> Checked<T> {
    match fields.get(name) {
        None => {
            let sent = Value::Object(fields.clone());
            Err(ValidationError::missing(&[name], sent).into())
        }
        Some(value) => text(name, value, parse),
    }
}

fn text<T>(name: &str, value: &Value, parse: Parse<T>) -> Checked<T> {
    let Some(text) = value.as_str() else {
        return Err(ValidationError::no_text(name, value).into());
    };
    parse(text).map_err(|words| ValidationError::bad_value(&[name], words, value.clone()).into())
}

/// Reports a malformed id along with other errors: then nobody looks it up.
fn well_formed<T: Clone>(fields: &Fields, name: &str, asked: Option<Asked<T>>) -> Checked<()> {
    match asked.and_then(|asked| asked.fault()) {
        None => Ok(()),
        Some(words) => {
            let sent = fields.get(name).cloned().unwrap_or_default();
            Err(ValidationError::bad_value(&[name], words, sent).into())
        }
    }
}

fn errors(errors: [Option<Box<ValidationError>>; 3]) -> Vec<ValidationError> {
    errors.into_iter().flatten().map(|error| *error).collect()
}
