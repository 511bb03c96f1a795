//! Answers a request as the HTTP layer does, without HTTP.

use gatewit_domain::attendees::{
    Attendee, AttendeeFlags, AttendeeQuery, AttendeeQuestion, EmailAddress, FieldFault, Finding,
    NameQuery, NameQuestion, OrderId, Sought, TicketReference, is_attendee,
};
use gatewit_domain::names::NameMatching;
use serde_json::{Value, json};

use crate::fixtures::{pretix, text, tito};

/// The answer to a request: the status and the body, or for a refused request the status and the type and place of
/// its fault.
pub type Answer = (u64, Value);

fn refused(field: Option<&str>) -> Answer {
    let place: Vec<_> = ["body"].into_iter().chain(field).collect();
    (422, json!([{"type": "value_error", "loc": place}]))
}

fn missing(field: &str) -> Answer {
    (422, json!([{"type": "missing", "loc": ["body", field]}]))
}

fn of_order<'a>(attendees: &'a [Attendee], order: &OrderId) -> Vec<&'a Attendee> {
    let of_order = attendees.iter().filter(|attendee| attendee.order == *order);
    of_order.collect()
}

/// Returns a ticket together with all others of its order.
fn around<'a>(attendees: &'a [Attendee], ticket: &TicketReference) -> Vec<&'a Attendee> {
    let mut found = attendees.iter();
    let found = found.find(|attendee| attendee.reference == *ticket);
    found.map_or_else(Vec::new, |found| of_order(attendees, &found.order))
}

fn malformed(faults: Vec<FieldFault>) -> Answer {
    refused(faults.first().map(|fault| fault.field))
}

fn with_flags(mut body: Value, flags: AttendeeFlags) -> Value {
    for (name, is_held) in [
        ("is_speaker", flags.is_speaker),
        ("is_keynote", flags.is_keynote),
        ("is_sponsor", flags.is_sponsor),
        ("is_organizer", flags.is_organizer),
        ("is_volunteer", flags.is_volunteer),
        ("is_remote", flags.is_remote),
        ("is_onsite", flags.is_onsite),
        ("is_guest", flags.is_guest),
        ("online_access", flags.online_access),
    ] {
        body[name] = is_held.into();
    }
    body
}

pub fn attendee(request: &Value, attendees: &[Attendee]) -> Result<Answer, Answer> {
    let field = |name| request[name].as_str();
    let order = field("order_id").map(OrderId::ask).transpose();
    let order = order.map_err(|_| refused(Some("order_id")))?;
    let ticket = field("ticket_id").map(TicketReference::ask).transpose();
    let ticket = ticket.map_err(|_| refused(Some("ticket_id")))?;
    let name = field("name").ok_or_else(|| missing("name"))?;
    let name = AttendeeQuery::parse_name(name).map_err(|_| refused(Some("name")))?;
    let sought = Sought::of(order, ticket).map_err(|_| refused(None))?;
    let query = AttendeeQuestion { sought, name }.settle(
        |order| attendees.iter().any(|attendee| attendee.order == *order),
        |ticket| {
            attendees
                .iter()
                .any(|attendee| attendee.reference == *ticket)
        },
    );
    let query = query.map_err(malformed)?;
    let tickets = match &query.sought {
        Sought::Order { order, .. } => of_order(attendees, order),
        Sought::Ticket(ticket) => around(attendees, ticket),
    };
    let finding = query.find(&tickets, &NameMatching::default());
    let status = match finding {
        Finding::Match { .. } => 200,
        Finding::Near | Finding::WrongType(_) => 406,
        Finding::WrongName | Finding::Unknown => 404,
    };
    let answer = query.answer(&finding);
    let body = json!({
        "is_attendee": answer.is_attendee,
        "hint": answer.hint,
        "order_id": answer.order_id.as_ref().map(OrderId::as_str),
        "ticket_id": answer.ticket_id.as_ref().map(TicketReference::as_str),
        "name": answer.name,
        "email": answer.email.as_ref().map(EmailAddress::as_str),
    });
    Ok((status, with_flags(body, answer.flags)))
}

fn name(request: &Value, attendees: &[Attendee]) -> Result<Answer, Answer> {
    let ticket = TicketReference::ask_leniently(text(&request["ticket_id"]));
    let ticket = ticket.map_err(|_| refused(Some("ticket_id")))?;
    let name = NameQuery::parse_name(text(&request["name"])).map_err(|_| refused(Some("name")))?;
    let has_ticket = |ticket: &_| attendees.iter().any(|found| found.reference == *ticket);
    let query = NameQuestion { ticket, name }.settle(has_ticket);
    let query = query.map_err(malformed)?;
    let tickets = around(attendees, &query.ticket);
    let finding = query.find(&tickets, &NameMatching::default());
    let status = match finding {
        Finding::Match { .. } | Finding::Near | Finding::WrongName => 200,
        Finding::WrongType(_) => 406,
        Finding::Unknown => 404,
    };
    let answer = query.answer(&finding);
    let body = json!({
        "is_attendee": answer.is_attendee,
        "hint": answer.hint,
        "ticket_id": answer.ticket_id.as_str(),
        "name": answer.name,
    });
    Ok((status, with_flags(body, answer.flags)))
}

fn email(request: &Value, attendees: &[Attendee]) -> Result<Answer, Answer> {
    let address = EmailAddress::parse(text(&request["email"]));
    let address = address.map_err(|_| refused(Some("email")))?;
    let valid = is_attendee(&address, attendees);
    Ok((if valid { 200 } else { 404 }, json!({"valid": valid})))
}

/// Answers a request of the cases; None if it is not a validation request.
pub fn answer(cases: &Value, case: &Value) -> Option<Answer> {
    let attendees = match text(&case["backend"]) {
        "pretix" => pretix(&cases["fixtures"]["pretix_main"]),
        _ => tito(&cases["fixtures"]["tito_main"]),
    };
    let request = &case["request"]["json"];
    let answer = match text(&case["request"]["path"]) {
        "/tickets/validate_attendee/" => attendee(request, &attendees),
        "/tickets/validate_name/" => name(request, &attendees),
        "/tickets/validate_email/" => email(request, &attendees),
        _ => return None,
    };
    Some(answer.unwrap_or_else(|refusal| refusal))
}
