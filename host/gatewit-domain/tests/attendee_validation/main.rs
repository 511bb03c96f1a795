//! The published cases of the attendee-validation contract that need neither HTTP nor a backend.

use gatewit_domain::names::{Likeness, NameMatching, PreparedName};
use serde_json::{Value, json};

use fixtures::{cases, rows, text};
use replay::{Answer, answer};

mod decisions;
mod fixtures;
mod replay;

/// Returns the expected answer: only the type and place for a 422, otherwise the whole body.
fn expected(expect: &Value) -> Answer {
    let status = expect["status"].as_u64().expect("a case has a status");
    let body = match status {
        422 => rows(&expect["json"]["detail"])
            .map(|error| json!({"type": error["type"], "loc": error["loc"]}))
            .collect(),
        _ => expect["json"].clone(),
    };
    (status, body)
}

#[test]
fn published_cases_of_validation_are_answered_the_same() {
    let cases = cases();
    let mut replayed = 0;
    for case in rows(&cases["cases"]) {
        let Some((status, mut body)) = answer(&cases, case) else {
            continue;
        };
        let mut expect = case["expect"].clone();
        if let Some(subset) = expect["json_subset"].as_object() {
            let keys = subset.clone();
            body.as_object_mut()
                .unwrap()
                .retain(|key, _| keys.contains_key(key));
            expect["json"] = keys.into();
        }
        assert_eq!((status, body), expected(&expect), "{}", case["id"]);
        replayed += 1;
    }
    assert_eq!(replayed, 32);
}

/// Checks a case in which the reference implementation answers differently.
#[track_caller]
fn check_differing(id: &str, status: u64, parts: &Value) {
    let cases = cases();
    let case = rows(&cases["differ"])
        .find(|case| case["id"] == id)
        .expect(id);
    let (found, body) = answer(&cases, case).expect("it is of validation");
    assert_eq!(found, status, "{id}: {body}");
    for (name, part) in parts.as_object().expect("parts are named") {
        assert_eq!(body[name], *part, "{id}: {name}");
    }
}

#[test]
fn a_ticket_alone_is_found_and_answered_with_its_order() {
    let parts = json!({"is_attendee": true, "order_id": "AAAA2", "ticket_id": "AAAA2-1"});
    check_differing("pretix: ticket_id alone", 200, &parts);
}

#[test]
fn attributes_are_true_or_false_and_write_over_nothing_else_in_an_answer() {
    let parts = json!({"hint": "", "is_guest": true, "online_access": false, "is_onsite": true});
    check_differing(
        "pretix: guest; by_ticket_id overrides category; stray keys",
        200,
        &parts,
    );
}

#[test]
fn codes_of_orders_and_tickets_that_are_longer_or_shorter_are_found() {
    let parts = json!({"is_attendee": true, "ticket_id": "CCCC6X-1"});
    check_differing("pretix: 6-char order code", 200, &parts);
    let parts = json!({"is_attendee": true, "ticket_id": "ABC-1"});
    check_differing("tito: 5-char reference rejected", 200, &parts);
}

#[test]
fn an_organiser_is_one_and_a_day_pass_sponsors_nothing() {
    let parts = json!({"is_organizer": true, "is_speaker": false});
    check_differing(
        "tito: organiser without organizer_speakers config",
        200,
        &parts,
    );
    let parts = json!({"is_attendee": true, "is_sponsor": false, "is_onsite": true});
    check_differing("tito: day pass sets is_sponsor", 200, &parts);
}

#[test]
fn an_unassigned_ticket_counts_and_one_of_an_unknown_type_is_of_the_wrong_type() {
    check_differing(
        "tito: unassigned state ignored",
        200,
        &json!({"is_attendee": true}),
    );
    let parts = json!({"is_attendee": false, "hint": "invalid ticket type: unknown"});
    check_differing("tito: unknown release", 406, &parts);
}

#[test]
fn references_and_addresses_are_compared_whole() {
    let parts = json!({"is_attendee": false, "hint": "invalid ticket id"});
    check_differing("tito: live search prefix accepted", 404, &parts);
    check_differing("tito: email da@example.org", 404, &json!({"valid": false}));
}

#[test]
fn published_pairs_of_names_are_judged_the_same() {
    let pairs: Value = serde_json::from_str(include_str!("../cases/name-pairs.json")).unwrap();
    let matching = NameMatching::default();
    for pair in rows(&pairs) {
        let stored = PreparedName::of(text(&pair["stored"]));
        let given = PreparedName::of(text(&pair["given"]));
        let ratio = matching.ratio(&stored, &given);
        assert!(
            (ratio - pair["ratio"].as_f64().unwrap()).abs() < 1e-6,
            "{pair}: {ratio}"
        );
        let likeness = matching.compare(&stored, &given);
        assert_eq!(pair["match"], likeness == Likeness::Same, "{pair}");
        assert_eq!(pair["close"], likeness == Likeness::Close, "{pair}");
    }
    assert_eq!(rows(&pairs).count(), 20);
}
