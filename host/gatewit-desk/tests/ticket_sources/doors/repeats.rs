//! Requests sent again under their key: the first answer, about the tickets as they are now, however the request is
//! written.

use gatewit_desk::{DeskError, ShownTicket};
use gatewit_domain::id::TicketId;
use gatewit_domain::scan::{
    IdempotencyKey, Location, ManualCheckIn, Outcome, ScannedBy, TicketSummary,
};
use gatewit_domain::ticket::{TicketAction, TicketChange};
use serde_json::{Value, json};

use super::races::{DEVICE, Gate, gate};
use super::{ORGANIZER, patch};
use crate::world::block_on;

fn key() -> IdempotencyKey {
    IdempotencyKey::parse("key-1").unwrap()
}

/// Changes everything about the gate's ticket that a repeat may tell.
fn change_ticket(gate: &Gate) {
    let change = TicketChange {
        attendee_name: Some("Grace Hopper".to_owned()),
        attendee_email: Some(Some("grace@example.org".to_owned())),
        ..TicketChange::default()
    };
    let id = gate.ticket.ticket.id;
    block_on(gate.desk.tickets.change(&ORGANIZER, id, change)).unwrap();
    let types = json!([{"id": "vip", "name": "Very important"}]);
    patch(&gate.desk, gate.event, json!({ "ticketTypes": types })).unwrap();
    gate.office.clock.pass(60);
}

/// Returns an answer that was given before the ticket changed, with the ticket's current details.
fn changed(first: Outcome) -> Outcome {
    let before = first.ticket.unwrap();
    assert_eq!(before.attendee_name, "Ada Lovelace");
    Outcome {
        ticket: Some(TicketSummary {
            type_name: "Very important".to_owned(),
            attendee_name: "Grace Hopper".to_owned(),
            attendee_email: Some("grace@example.org".to_owned()),
            ..before
        }),
        ..first
    }
}

#[test]
fn a_repeat_tells_the_ticket_as_it_is_now_and_all_else_as_it_was() {
    let gate = gate();
    let first = gate.answer(Some("key-1"));
    change_ticket(&gate);
    gate.act(TicketAction::Cancel);
    assert_eq!(gate.answer(Some("key-1")), changed(first));
}

#[test]
fn so_does_the_repeat_of_a_refusal() {
    let gate = gate();
    gate.act(TicketAction::Cancel);
    let first = gate.answer(Some("key-1"));
    change_ticket(&gate);
    gate.act(TicketAction::Reinstate);
    assert_eq!(gate.answer(Some("key-1")), changed(first));
}

#[test]
fn so_does_a_repeat_at_the_desk() {
    let gate = gate();
    let found = ManualCheckIn::Ticket(gate.ticket.ticket.id);
    let check_in = || {
        let (event, key) = (gate.event, key());
        let answers = gate
            .desk
            .admissions
            .check_in_manually(&ORGANIZER, event, &found, Some(&key));
        block_on(answers).unwrap().remove(0).outcome
    };
    let first = check_in();
    change_ticket(&gate);
    assert_eq!(check_in(), changed(first));
}

#[test]
fn a_repeat_about_a_ticket_that_is_gone_gets_the_first_verdict() {
    let gate = gate();
    let first = gate.answer(Some("key-1"));
    let ticket = gate.ticket.ticket.id;
    let key = format!("tickets/{}/{ticket}", gate.event);
    gate.office.disk.delete(&key);
    let without_details = Outcome {
        ticket: None,
        ..first
    };
    assert_eq!(gate.answer(Some("key-1")), without_details);
}

#[test]
fn a_repeat_may_write_the_scanner_and_the_location_differently() {
    let gate = gate();
    let token = gate.ticket.token.as_deref().unwrap();
    let scan = |scanner: &str, location: &str| {
        let mut scan = gate.scan_of(token, DEVICE);
        scan.station.by = ScannedBy::Scanner {
            proof: gate.proof(),
            claimed_scanner: scanner.to_owned(),
            claimed_fingerprint: DEVICE.to_owned(),
        };
        scan.station.location = Some(Location::parse(location).unwrap());
        scan.idempotency = Some(key());
        block_on(gate.desk.admissions.admit(&scan)).map(|answered| answered.outcome)
    };
    let id = gate.proof().scanner_id.to_string();
    let first = scan(&id, "Gate A").unwrap();
    let others = [
        (&*id, " Gate A\r\n"),
        (&id.to_uppercase(), "Gate A"),
        (&id.replace('-', ""), "\u{feff}Gate A\u{200b}"),
    ];
    for (scanner, location) in others {
        assert_eq!(scan(scanner, location).unwrap(), first, "{scanner}");
    }
    let elsewhere = scan(&id, "Gate B").unwrap_err();
    assert!(matches!(elsewhere, DeskError::Conflict(_)), "{elsewhere}");
}

/// Issues a ticket under the key, with these fields changed.
fn issue(gate: &Gate, fields: Value) -> Result<ShownTicket, DeskError> {
    let mut draft = json!({
        "ticketTypeId": "vip", "attendeeName": "Ann", "attendeeEmail": "a@b.org",
        "bookingReference": "EVT-9", "credentialCode": "CC9",
    });
    for (name, value) in fields.as_object().unwrap() {
        draft[name] = value.clone();
    }
    let draft = serde_json::from_value(draft).unwrap();
    block_on(
        gate.desk
            .tickets
            .issue(&ORGANIZER, gate.event, draft, Some(&key())),
    )
}

fn issued(gate: &Gate, fields: Value) -> Result<TicketId, &'static str> {
    match issue(gate, fields) {
        Ok(shown) => Ok(shown.ticket.id),
        Err(DeskError::Conflict(problem) | DeskError::Unacceptable(problem)) => {
            Err(problem.code.as_str())
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_request_to_issue_is_the_same_however_its_fields_are_written() {
    let gate = gate();
    let first = issued(&gate, json!({})).unwrap();
    for fields in [
        json!({"credentialCode": "]Q1CC9\u{1d}"}),
        json!({"bookingReference": " EVT-9 "}),
        json!({"bookingReference": "evt\u{2013}9"}),
        json!({"attendeeEmail": " a@b.org "}),
        json!({"attendeeEmail": "Ann <a@b.org>"}),
        json!({"attendeeName": "\tAnn "}),
        json!({"ticketTypeId": " VIP "}),
    ] {
        assert_eq!(issued(&gate, fields.clone()), Ok(first), "{fields}");
    }
    for fields in [
        json!({"credentialCode": "cc9"}),
        json!({"bookingReference": "EVT-99"}),
        json!({"attendeeEmail": "b@b.org"}),
        json!({"attendeeName": "ann"}),
        json!({"ticketTypeId": "crew"}),
    ] {
        let refused = issued(&gate, fields.clone());
        assert_eq!(refused, Err("idempotency_mismatch"), "{fields}");
    }
    let invalid = issued(&gate, json!({"attendeeName": " "}));
    assert_eq!(invalid, Err("invalid_ticket_request"));
}

#[test]
fn a_request_to_issue_whose_type_is_gone_gets_its_first_answer() {
    let gate = gate();
    let first = issued(&gate, json!({})).unwrap();
    let types = json!([{"id": "crew"}]);
    patch(&gate.desk, gate.event, json!({ "ticketTypes": types })).unwrap();
    assert_eq!(issued(&gate, json!({})), Ok(first));
}

#[test]
fn a_ticket_is_of_its_type_as_the_event_spells_it() {
    let gate = gate();
    let shown = issue(&gate, json!({"ticketTypeId": " Vip\u{200b}"})).unwrap();
    let named = |shown: &ShownTicket| {
        let says = shown.token.clone().unwrap();
        (
            shown.ticket.type_id.clone(),
            says.contains(r#""ticketTypeId":"vip""#),
        )
    };
    assert_eq!(named(&shown), ("vip".to_owned(), true));
    // The gate's own ticket is the first of the series.
    assert_eq!(shown.ticket.series, "VIP-0002");
    // A ticket as an older version stored it is signed again when it is read.
    let id = shown.ticket.id;
    for table in ["tickets", "ticket_tokens"] {
        gate.office
            .disk
            .edit(&format!("{table}/{id}"), |row| match row.as_str() {
                Some(token) => {
                    let older =
                        token.replace(r#""ticketTypeId":"vip""#, r#""ticketTypeId":" Vip""#);
                    *row = older.into();
                }
                None => row["typeId"] = " Vip".into(),
            });
    }
    let again = block_on(gate.desk.tickets.get(&ORGANIZER, id)).unwrap();
    assert!(named(&again).1, "{:?}", again.token);
}
