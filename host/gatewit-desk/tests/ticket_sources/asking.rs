//! Questions can be about any order or ticket of a source, however people write it.

use std::sync::Arc;

use gatewit_desk::{Desk, NotAnswered};
use gatewit_domain::attendees::FieldFault;
use gatewit_domain::source::{SourceState, SourceTicket};

use crate::office::{ask, named, office};
use crate::upstream::{Upstream, ticket};

const BAD_LENGTH: &str = "Order ID must be 4 to 16 characters";
const BAD_LETTERS: &str = "Order ID must be alphanumeric";
const BAD_TICKET: &str = "ticket_id must be in ORDER-POSITION format (e.g. MH9CG-2)";

fn on(order: &str, reference: &str) -> SourceTicket {
    SourceTicket {
        order: order.to_owned(),
        ..ticket(reference, "Ada Lovelace")
    }
}

/// Returns a desk over tickets of these orders and references.
fn desk(tickets: &[(&str, &str)]) -> Arc<Desk> {
    let upstream = Upstream::new(500);
    upstream.put_all(
        tickets
            .iter()
            .map(|(order, reference)| on(order, reference)),
    );
    office(&upstream).open_synced()
}

/// Returns the ticket that is found on an order (or the hint), and the order or ticket that the answer is about.
fn found_on(desk: &Desk, order: &str) -> (String, String) {
    let found = ask(desk, Some(order), None, "Ada Lovelace").expect(order);
    let ticket = found
        .answer
        .ticket_id
        .map(|ticket| ticket.as_str().to_owned());
    (ticket.unwrap_or(found.answer.hint), found.about)
}

#[track_caller]
fn check_malformed(
    desk: &Desk,
    order: Option<&str>,
    ticket: Option<&str>,
    expected: &[(&'static str, &'static str)],
) {
    let expected = expected
        .iter()
        .map(|(field, words)| FieldFault { field, words });
    match ask(desk, order, ticket, "Ada Lovelace") {
        Err(NotAnswered::Malformed(faults)) => assert_eq!(faults, Vec::from_iter(expected)),
        other => panic!("{order:?} {ticket:?}: {other:?}"),
    }
}

#[test]
fn what_a_source_holds_can_be_asked_about_whatever_its_form() {
    let tickets = [
        ("A1", "A1-1"),
        ("2027-001", "2027-001-1"),
        ("CREW_7", "CREW_7"),
        ("Späte Gäste / 3", "Gast 3"),
    ];
    let desk = desk(&tickets);
    for (order, reference) in tickets {
        let capitals = reference.to_uppercase();
        let about = order.to_uppercase();
        for written in [order, &order.to_lowercase(), &format!(" {order}\r\n")] {
            assert_eq!(found_on(&desk, written), (capitals.clone(), about.clone()));
        }
        let found = ask(&desk, None, Some(reference), "Ada Lovelace").unwrap();
        assert!(found.answer.is_attendee, "{reference}");
        assert_eq!(named(&desk, reference, "Ada Lovelace").unwrap(), "attendee");
    }
}

#[test]
fn a_mark_before_an_order_and_a_position_behind_a_known_one_are_understood() {
    let desk = desk(&[("MH9CG", "MH9CG-1"), ("MH9CG", "MH9CG-2"), ("A1", "A1-1")]);
    for order in [
        "#MH9CG",
        "mh9cg-1",
        "#mh9cg-2",
        " # MH9CG",
        "MH9CG-99",
        "]Q1MH9CG\u{1d}",
    ] {
        let (ticket, about) = found_on(&desk, order);
        assert_eq!((&*ticket, &*about), ("MH9CG-2", "MH9CG"), "{order}");
    }
    assert_eq!(found_on(&desk, "#a1").0, "A1-1");
    let found = ask(&desk, None, Some("#mh9cg-1"), "Ada Lovelace").unwrap();
    assert_eq!(
        (found.about.as_str(), found.answer.is_attendee),
        ("MH9CG-1", true)
    );
    assert_eq!(
        named(&desk, "#mh9cg-1", "Ada Lovelace").unwrap(),
        "attendee"
    );
}

#[test]
fn an_order_that_looks_like_a_position_of_another_is_itself() {
    let desk = desk(&[
        ("2027", "2027-1"),
        ("2027-001", "2027-001-1"),
        ("#7", "7-1"),
        ("7", "7-2"),
    ]);
    assert_eq!(found_on(&desk, "2027-001").0, "2027-001-1");
    assert_eq!(found_on(&desk, "2027-002").0, "2027-1");
    assert_eq!(found_on(&desk, "#7").0, "7-1");
}

#[test]
fn a_mark_or_a_position_alone_does_not_mean_the_tickets_without_an_order() {
    let desk = desk(&[("", "GUEST-1")]);
    for order in ["#", "-1", "#-1"] {
        check_malformed(&desk, Some(order), None, &[("order_id", BAD_LENGTH)]);
    }
}

#[test]
fn what_is_unknown_and_malformed_is_told_field_by_field() {
    let desk = desk(&[("MH9CG", "MH9CG-1")]);
    check_malformed(&desk, Some("AAA"), None, &[("order_id", BAD_LENGTH)]);
    for order in [
        "#ZZZZ9",
        "ZZZZ9-1",
        "CREW_8",
        "MH9CG-",
        "MH9CG-x",
        "MH9CG-1-2",
    ] {
        check_malformed(&desk, Some(order), None, &[("order_id", BAD_LETTERS)]);
    }
    check_malformed(&desk, None, Some("MH9CG"), &[("ticket_id", BAD_TICKET)]);
    check_malformed(
        &desk,
        Some("MH9CG"),
        Some("x"),
        &[("ticket_id", BAD_TICKET)],
    );
    let both = [("order_id", BAD_LETTERS), ("ticket_id", BAD_TICKET)];
    check_malformed(&desk, Some("#ZZZZ9"), Some("x"), &both);
    // A well-formed order may be unknown.
    let words = "Invalid order ID, must be five alphanumeric chars like 'HLL1H'";
    assert_eq!(
        found_on(&desk, "ZZZZ9"),
        (words.to_owned(), "ZZZZ9".to_owned())
    );
}

#[test]
fn an_order_of_cancelled_tickets_is_known() {
    let upstream = Upstream::new(500);
    upstream.put(SourceTicket {
        state: SourceState::Canceled,
        ..on("A1", "A1-1")
    });
    let desk = office(&upstream).open_synced();
    assert!(found_on(&desk, "A1").0.starts_with("Invalid order ID"));
}
