//! One reference, one type, one holder, however they are spelled.

use super::races::gate;
use super::*;
use crate::upstream::kind;

/// A ticket whose code is its reference, as on a list without codes.
fn listed(reference: &str, name: &str) -> SourceTicket {
    SourceTicket {
        codes: vec![reference.to_owned()],
        ..ticket(reference, name)
    }
}

/// Lists these tickets and no others.
fn list_anew(upstream: &Upstream, tickets: impl IntoIterator<Item = SourceTicket>) {
    for ticket in upstream.tickets() {
        upstream.delete(&ticket.reference);
    }
    upstream.put_all(tickets);
}

#[test]
fn a_reference_that_is_spelled_anew_is_the_same_ticket() {
    let (office, upstream) = selling([listed("abcd-1", "Ada"), listed("abcd-2", "Bob")]);
    upstream.state().tells_changes = false;
    let desk = office.open_synced();
    let summit = attached(&desk);
    assert_eq!(scanned(&desk, summit, "ABCD\u{2013}1"), "in");
    list_anew(
        &upstream,
        [listed("ABCD-1", "Ada"), listed("Abcd\u{2011}2 ", "Bob")],
    );
    refresh(&desk).unwrap();
    for code in ["abcd-1", "ABCD-1", " Abcd\u{2212}1"] {
        assert_eq!(scanned(&desk, summit, code), "already_used", "{code}");
    }
    assert_eq!(scanned(&desk, summit, "abcd-2"), "in");
    assert_eq!(scanned(&desk, summit, "ABCD-2"), "already_used");
    assert_eq!(list(&desk, summit, None).len(), 2);
    upstream.delete("ABCD-1");
    refresh(&desk).unwrap();
    assert_eq!(scanned(&desk, summit, "abcd-1"), "not_active");
}

#[test]
fn a_code_is_compared_to_the_letter_though_references_are_not() {
    let coded = |reference: &str, code: &str| SourceTicket {
        codes: vec![code.to_owned()],
        ..ticket(reference, "Ada")
    };
    let (office, _) = selling([
        coded("A-1", "SECRET"),
        coded("A-2", "secret"),
        coded("A-3", "Q"),
    ]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    assert_eq!(scanned(&desk, summit, "q"), "invalid_signature");
    assert_eq!(scanned(&desk, summit, "a-3"), "invalid_signature");
    assert_eq!(scanned(&desk, summit, "Secret"), "invalid_signature");
    assert_eq!(scanned(&desk, summit, "secret"), "in");
    assert_eq!(scanned(&desk, summit, "SECRET"), "in");
}

#[test]
fn a_type_is_compared_without_case_and_outer_space() {
    let of = |reference, type_id: &str| SourceTicket {
        type_id: type_id.to_owned(),
        ..ticket(reference, "Ada")
    };
    let (office, upstream) = selling([
        of("A-1", " Workshop"),
        of("A-2", "worksop"),
        of("A-3", "GUEST"),
    ]);
    let mut workshop = kind("workshop", "Workshop");
    workshop.days = vec!["tuesday".to_owned()];
    upstream.state().types = vec![workshop];
    let desk = office.open_synced();
    let summit = attached(&desk);
    let scans =
        |desk: &Desk| ["code-A-1", "code-A-2", "code-A-3"].map(|code| scanned(desk, summit, code));
    assert_eq!(scans(&desk), ["wrong_day", "not_active", "not_active"]);
    office.clock.set("2025-12-16T06:00:00Z");
    assert_eq!(scans(&desk), ["in", "not_active", "not_active"]);
}

#[test]
fn where_the_event_lists_types_and_the_source_does_not_a_ticket_is_of_one_of_them() {
    let of = |reference, type_id: &str| SourceTicket {
        type_id: type_id.to_owned(),
        ..ticket(reference, "Ada")
    };
    let (office, upstream) = selling([
        of("A-1", "Workshop "),
        of("A-2", "worksop"),
        of("A-3", "guest"),
    ]);
    upstream.state().types = Vec::new();
    let desk = office.open_synced();
    let types = json!([{"id": "workshop", "days": ["tuesday"]}]);
    let fields = json!({"ticketSources": ["box-office"], "ticketTypes": types});
    let summit = event(&desk, fields);
    let scans =
        |event| ["code-A-1", "code-A-2", "code-A-3"].map(|code| scanned(&desk, event, code));
    assert_eq!(scans(summit), ["wrong_day", "not_active", "in"]);
    let warned = list(&desk, summit, None);
    let warned = warned
        .iter()
        .find(|shown| shown.ticket.series == "A-2")
        .unwrap();
    assert!(
        warned.warnings[0].contains("worksop"),
        "{:?}",
        warned.warnings
    );
    let warnings = desk
        .events
        .warnings(&block_on(async { desk.events.managed(&ORGANIZER, summit) }).unwrap());
    assert_eq!(
        warnings,
        [
            "the source \"box-office\" has tickets of types that neither it nor the event lists: the event refuses them \
             (1); add the types to ticketTypes, or correct the tickets"
        ]
    );
    // Nobody lists types: all of them are good.
    let fair = event(
        &desk,
        json!({"slug": "fair", "ticketSources": ["box-office"]}),
    );
    assert_eq!(scans(fair), ["in", "in", "in"]);
}

#[test]
fn an_event_stored_with_types_that_are_the_same_when_compared_survives_a_start() {
    let gate = gate();
    gate.office.disk.edit("events/", |event| {
        let types = event["ticketTypes"].as_array_mut().unwrap();
        let mut same = types[0].clone();
        same["id"] = json!("VIP");
        types.push(same);
    });
    let desk = gate.office.open();
    let token = gate.ticket.token.as_deref().unwrap();
    assert_eq!(scanned(&desk, gate.event, token), "in");
    patch(&desk, gate.event, json!({"name": "Another"})).unwrap();
    // Declared once more like this, it stays as it is stored.
    let types = json!([{"id": "vip"}, {"id": "VIP"}]);
    let declared = two_days(json!({"slug": "summit", "ticketTypes": types}));
    let refused = desk.events.check_declared(&declared).unwrap_err();
    assert!(refused.to_string().contains("twice"), "{refused}");
    assert!(desk.events.has_declared(&declared));
}
