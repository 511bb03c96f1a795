//! Which ticket a code of a ticketing system names.

use gatewit_desk::DeskError;
use gatewit_domain::source::{SourceState, SourceTicket};
use gatewit_domain::ticket::{TicketAction, TicketChange};
use serde_json::json;

use super::{ORGANIZER, act, attached, event, id_of, list, patch, scan, scanned, selling};
use crate::office::refresh;
use crate::upstream::{crowd, ticket};
use crate::world::block_on;

#[test]
fn a_code_belongs_to_one_ticket_and_follows_what_the_source_says_of_it() {
    let with = |reference: &str, codes: &[&str]| SourceTicket {
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        ..ticket(reference, reference)
    };
    let (office, upstream) = selling([
        with("AAAA-1", &["one", "AAAA-1"]),
        with("AAAA-2", &["two"]),
        with("AAAA-3", &["two", "three"]),
    ]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    let holder = |code| scan(&desk, summit, code).ticket.map(|ticket| ticket.series);
    assert_eq!(holder("AAAA-1").as_deref(), Some("AAAA-1"));
    assert_eq!(
        holder("two").as_deref(),
        Some("AAAA-2"),
        "the first keeps it"
    );
    assert_eq!(holder("three").as_deref(), Some("AAAA-3"));
    let qr_codes: Vec<_> = list(&desk, summit, Some("AAAA-1"))
        .into_iter()
        .map(|shown| (shown.code, shown.token))
        .collect();
    assert_eq!(qr_codes, [("one".into(), None)]);
    let warnings = |reference| list(&desk, summit, Some(reference)).remove(0).warnings;
    assert!(warnings("AAAA-2").is_empty());
    let taken = "another ticket has the code \"two\" as well: a scan of it finds that ticket";
    assert_eq!(warnings("AAAA-3"), [taken]);
    // The tickets swap codes, as generated references may, and one code is new.
    upstream.put_all([with("AAAA-1", &["two"]), with("AAAA-2", &["one", "four"])]);
    refresh(&desk).unwrap();
    assert_eq!(holder("one").as_deref(), Some("AAAA-2"));
    assert_eq!(holder("two").as_deref(), Some("AAAA-1"));
    assert_eq!(holder("four").as_deref(), Some("AAAA-2"));
    assert!(warnings("AAAA-2").is_empty());
    assert_eq!(warnings("AAAA-3"), [taken], "\"two\" is still another's");
    assert_eq!(
        holder("AAAA-1"),
        None,
        "a code that is given up is nobody's"
    );
}

#[test]
fn a_code_that_is_told_twice_of_one_ticket_is_nobody_elses() {
    let twice = SourceTicket {
        codes: vec!["one".to_owned(), "one".to_owned()],
        ..ticket("AAAA-1", "Ada One")
    };
    let (office, _) = selling([twice]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    assert!(list(&desk, summit, None)[0].warnings.is_empty());
    assert_eq!(scanned(&desk, summit, "one"), "in");
}

#[test]
fn a_code_that_a_ticket_of_the_event_bears_is_not_taken_over() {
    let (office, upstream) = selling([]);
    let desk = office.open_synced();
    let summit = event(
        &desk,
        json!({"ticketTypes": [{"id": "vip"}], "ticketSources": ["box-office"]}),
    );
    block_on(desk.events.publish(&ORGANIZER, summit)).unwrap();
    let issue = |code: &str| {
        let draft = json!({"ticketTypeId": "vip", "attendeeName": "Vip", "credentialCode": code});
        let draft = serde_json::from_value(draft).unwrap();
        block_on(desk.tickets.issue(&ORGANIZER, summit, draft, None))
    };
    let vip = issue("NFC-1").unwrap();
    upstream.put(SourceTicket {
        codes: vec![
            "NFC-1".to_owned(),
            vip.ticket.id.to_string(),
            "own".to_owned(),
        ],
        ..ticket("AAAA-1", "Ada One")
    });
    refresh(&desk).unwrap();
    assert_eq!(
        scanned(&desk, summit, "NFC-1"),
        "invalid_signature",
        "no scan point matches it"
    );
    assert_eq!(scanned(&desk, summit, "own"), "in");
    assert_eq!(scanned(&desk, summit, vip.token.as_deref().unwrap()), "in");
    let refused = issue("own").err().unwrap();
    assert!(matches!(refused, DeskError::Conflict(_)), "{refused}");
}

#[test]
fn a_source_that_is_attached_under_another_name_gets_the_codes_of_the_detached_one() {
    let (office, upstream) = selling(crowd(2));
    let desk = office.with("renamed", &upstream).open_synced();
    let summit = attached(&desk);
    patch(&desk, summit, json!({"ticketSources": ["renamed"]})).unwrap();
    assert_eq!(scanned(&desk, summit, "code-T0002-1"), "in");
}

#[test]
fn a_code_that_a_withdrawn_ticket_had_is_the_living_ones_from_the_first_sync_on() {
    let coded = |reference: &str, code: &str, state| SourceTicket {
        codes: vec![code.to_owned()],
        state,
        ..ticket(reference, reference)
    };
    let (office, _) = selling([
        coded("AAAA-1", "one", SourceState::Canceled),
        coded("AAAA-2", "one", SourceState::Valid),
        coded("AAAA-3", "two", SourceState::Valid),
        coded("AAAA-4", "two", SourceState::Canceled),
    ]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    for (code, reference) in [("one", "AAAA-2"), ("two", "AAAA-3")] {
        let holder = scan(&desk, summit, code).ticket.map(|ticket| ticket.series);
        assert_eq!(holder.as_deref(), Some(reference));
    }
}

#[test]
fn a_ticket_that_is_withdrawn_upstream_leaves_its_code_to_the_one_that_replaces_it() {
    let coded = |reference: &str, state| SourceTicket {
        codes: vec!["one".to_owned()],
        state,
        ..ticket(reference, reference)
    };
    let (office, upstream) = selling([coded("AAAA-1", SourceState::Valid)]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    let holder = |code| scan(&desk, summit, code).ticket.map(|ticket| ticket.series);
    upstream.put_all([
        coded("AAAA-1", SourceState::Canceled),
        coded("AAAA-2", SourceState::Valid),
    ]);
    refresh(&desk).unwrap();
    assert_eq!(holder("one").as_deref(), Some("AAAA-2"));
    let reinstated = |reference: &str| {
        let id = id_of(summit, reference);
        block_on(desk.tickets.act(&ORGANIZER, id, TicketAction::Reinstate)).err()
    };
    let refused = reinstated("AAAA-1");
    assert!(
        matches!(refused, Some(DeskError::Conflict(_))),
        "{refused:?}"
    );
    act(&desk, summit, "AAAA-2", TicketAction::Cancel);
    assert!(reinstated("AAAA-1").is_none());
    assert_eq!(holder("one").as_deref(), Some("AAAA-1"));
    // Reading the source again changes nothing.
    upstream.state().digest = "sha256:2".to_owned();
    refresh(&desk).unwrap();
    assert_eq!(holder("one").as_deref(), Some("AAAA-1"));
}

#[test]
fn the_code_of_a_cancelled_badge_is_free_for_a_ticket_of_a_source_and_back() {
    let (office, upstream) = selling([]);
    let desk = office.open_synced();
    let fields = json!({"ticketTypes": [{"id": "vip"}], "ticketSources": ["box-office"]});
    let summit = event(&desk, fields);
    block_on(desk.events.publish(&ORGANIZER, summit)).unwrap();
    let issue = || {
        let draft = json!({"ticketTypeId": "vip", "attendeeName": "Vip", "credentialCode": "one"});
        let draft = serde_json::from_value(draft).unwrap();
        block_on(desk.tickets.issue(&ORGANIZER, summit, draft, None))
    };
    let badge = issue().unwrap().ticket.id;
    block_on(desk.tickets.act(&ORGANIZER, badge, TicketAction::Cancel)).unwrap();
    upstream.put(SourceTicket {
        codes: vec!["one".to_owned()],
        ..ticket("AAAA-1", "Ada One")
    });
    refresh(&desk).unwrap();
    assert_eq!(scanned(&desk, summit, "one"), "in");
    assert!(issue().is_err());
    act(&desk, summit, "AAAA-1", TicketAction::Refund);
    issue().unwrap();
    assert_eq!(
        scanned(&desk, summit, "one"),
        "invalid_signature",
        "a badge now"
    );
}

#[test]
fn what_a_source_says_of_a_ticket_is_changed_there() {
    let (office, _) = selling([ticket("AAAA-1", "Ada One")]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    let change = TicketChange {
        attendee_name: Some("Bob Two".to_owned()),
        ..TicketChange::default()
    };
    let id = id_of(summit, "AAAA-1");
    let refused = block_on(desk.tickets.change(&ORGANIZER, id, change)).err();
    let Some(DeskError::Conflict(problem)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(problem.code.as_str(), "ticket_of_source");
    assert!(problem.message.contains("\"box-office\": change it there"));
}
