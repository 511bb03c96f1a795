//! Decisions that the published cases do not cover.

use gatewit_domain::attendees::{
    Attendee, AttendeeQuery, Finding, OrderId, Sought, TicketReference,
};
use gatewit_domain::names::{NameMatching, PreparedName};
use serde_json::{Value, json};

use crate::fixtures::{cases, pretix, tito};
use crate::replay::attendee;

/// Asks for an attendee among the tickets of the pretix fixture.
fn ask(request: &Value) -> (u64, Value) {
    let attendees = pretix(&cases()["fixtures"]["pretix_main"]);
    attendee(request, &attendees).unwrap_or_else(|refusal| refusal)
}

#[test]
fn an_order_decides_whatever_ticket_is_named_with_it() {
    let (status, body) =
        ask(&json!({"order_id": "ZZZZ9", "ticket_id": "aaaa2-1", "name": "Ada Lovelace"}));
    assert_eq!((status, &body["ticket_id"]), (404, &json!("AAAA2-1")));
    assert_eq!(
        body["hint"],
        "Invalid order ID, must be five alphanumeric chars like 'HLL1H'"
    );
    let (status, body) =
        ask(&json!({"order_id": "AAAA3", "ticket_id": "AAAA2-1", "name": "Ada Lovelace"}));
    assert_eq!(status, 404);
    assert_eq!(
        body["hint"],
        "No attendee named 'Ada Lovelace' found on order AAAA3"
    );
    assert_eq!(
        (&body["order_id"], &body["ticket_id"]),
        (&json!("AAAA3"), &json!("AAAA2-1"))
    );
}

#[test]
fn a_ticket_alone_is_asked_for_its_own_name_and_never_for_others_of_its_order() {
    let (status, body) = ask(&json!({"ticket_id": "AAAA2-1", "name": "Robert Johnson"}));
    assert_eq!(status, 404);
    assert_eq!(
        body["hint"],
        "No attendee named 'Robert Johnson' found on order AAAA2"
    );
    assert_eq!(
        (&body["order_id"], &body["ticket_id"]),
        (&json!(null), &json!("AAAA2-1"))
    );
    let (status, _) = ask(&json!({"ticket_id": "AAAA2-2", "name": "Rob Johnson"}));
    assert_eq!(status, 406);
    let (status, _) = ask(&json!({"ticket_id": "AAAA2-3", "name": "\u{200b}"}));
    assert_eq!(status, 404, "a ticket without a name is nobody's");
}

#[test]
fn of_two_tickets_of_one_name_the_last_is_meant_and_both_tell_who_that_is() {
    let fixture = cases()["fixtures"]["pretix_main"].clone();
    let mut attendees = pretix(&fixture);
    let guest = attendees
        .iter_mut()
        .find(|attendee| attendee.reference.as_str() == "CCCC3-1");
    guest.expect("it is in the fixture").flags.is_guest = true;
    for question in [
        json!({"order_id": "CCCC3", "name": "SAME NAME"}),
        json!({"order_id": "CCCC3", "name": "Same  Name"}),
        json!({"ticket_id": "CCCC3-1", "name": "Same Name"}),
        json!({"ticket_id": "CCCC3-2", "name": "Same Name"}),
    ] {
        let (status, body) = attendee(&question, &attendees).unwrap_or_else(|refusal| refusal);
        let flags = ["is_guest", "is_speaker", "is_sponsor"].map(|flag| body[flag] == true);
        assert_eq!((status, flags), (200, [true, true, false]), "{question}");
    }
    let (_, body) = ask(&json!({"order_id": "CCCC3", "name": "SAME NAME"}));
    assert_eq!(body["ticket_id"], "CCCC3-2");
    // A different name is a different person, however similar.
    let (_, body) = ask(&json!({"order_id": "DDDD2", "name": "Robert Johnston"}));
    assert_eq!(body["is_speaker"], false);
}

#[test]
fn a_person_is_the_same_however_their_name_is_spelled() {
    let fixture = cases()["fixtures"]["pretix_main"].clone();
    let is_united = |first: &str, second: &str| {
        let mut attendees = pretix(&fixture);
        for (reference, name) in [("CCCC3-1", first), ("CCCC3-2", second)] {
            let mut found = attendees.iter_mut();
            let ticket = found.find(|attendee| attendee.reference.as_str() == reference);
            let ticket = ticket.expect("it is in the fixture");
            ticket.name = PreparedName::of(name);
            ticket.flags.is_guest = reference == "CCCC3-1";
        }
        let question = json!({"ticket_id": "CCCC3-2", "name": second});
        let (status, body) = attendee(&question, &attendees).unwrap_or_else(|refusal| refusal);
        assert_eq!(status, 200, "{second}");
        body["is_guest"] == true
    };
    for (first, second) in [
        ("J\u{fc}rgen M\u{fc}ller", "Ju\u{308}rgen Mu\u{308}ller"),
        ("ada  lovelace", "ADA LOVELACE"),
        ("Ada\u{a0}Lovelace", "Ada\t Lovelace"),
        ("Anna\u{2013}Lena", "anna-lena"),
    ] {
        assert!(is_united(first, second), "{first} {second}");
        assert!(is_united(second, first), "{second} {first}");
    }
    for (first, second) in [
        ("J\u{fc}rgen M\u{fc}ller", "Jurgen Muller"),
        ("J\u{fc}rgen M\u{fc}ller", "Juergen Mueller"),
        ("Ada Lovelace", "AdaLovelace"),
    ] {
        assert!(!is_united(first, second), "{first} {second}");
    }
}

#[test]
fn what_admits_nobody_is_no_match_and_hides_no_ticket() {
    let fixture = cases()["fixtures"]["pretix_main"].clone();
    let mut attendees = pretix(&fixture);
    let shirt = |of: &str, name: &str| Attendee {
        reference: TicketReference::of(of),
        name: PreparedName::of(name),
        wrong_type: Some("T-Shirt".into()),
        admits: false,
        ..attendees[0].clone()
    };
    let shirts = [
        shirt("AAAA2-8", "Ada Lovelaec"),
        shirt("AAAA2-9", "Shirt Only"),
    ];
    attendees.extend(shirts);
    let ask = |question: Value| {
        let (status, body) = attendee(&question, &attendees).unwrap_or_else(|refusal| refusal);
        (status, body["ticket_id"].clone(), body["hint"].clone())
    };
    // The name on the shirt is also close to the name on the ticket.
    let (status, ticket, _) = ask(json!({"order_id": "AAAA2", "name": "Ada Lovelaec"}));
    assert_ne!((status, ticket), (200, json!("AAAA2-8")));
    let nobody = json!("No attendee named 'Shirt Only' found on order AAAA2");
    for question in [
        json!({"order_id": "AAAA2", "name": "Shirt Only"}),
        json!({"ticket_id": "AAAA2-9", "name": "Shirt Only"}),
    ] {
        let (status, _, hint) = ask(question);
        assert_eq!((status, hint), (404, nobody.clone()));
    }
}

#[test]
fn a_ticket_without_an_address_and_one_of_an_unknown_product_make_attendees() {
    let (status, body) = ask(&json!({"order_id": "BBBB5", "name": "Nora Nomail"}));
    assert_eq!((status, &body["email"]), (200, &json!(null)));
    let (status, body) = ask(&json!({"order_id": "BBBB9", "name": "Una Unknown"}));
    assert_eq!((status, &body["is_onsite"]), (200, &json!(false)));
}

#[test]
fn where_both_are_named_so_the_ticket_that_makes_an_attendee_is_meant() {
    let tickets = tito(&cases()["fixtures"]["tito_main"]);
    let of = |reference: &str, name: &str| {
        let found = tickets
            .iter()
            .find(|ticket| ticket.reference.as_str() == reference);
        Attendee {
            name: PreparedName::of(name),
            ..found.unwrap().clone()
        }
    };
    let (good, party) = (of("ABCD-1", "Ada Lovelace"), of("ABCD-9", "Ada Lovelace"));
    let sought = Sought::of(Some(OrderId::of("ABCD")), None).unwrap();
    let query = AttendeeQuery {
        sought,
        name: PreparedName::of("ada lovelace"),
    };
    let matching = NameMatching::default();
    for tickets in [[&good, &party], [&party, &good]] {
        let finding = query.find(&tickets, &matching);
        let Finding::Match { ticket, .. } = finding else {
            panic!("{finding:?}")
        };
        assert_eq!(ticket.reference, good.reference);
    }
    let finding = query.find(&[&party], &matching);
    assert_eq!(
        query.answer(&finding).hint,
        "invalid ticket type: Social Event"
    );
}
