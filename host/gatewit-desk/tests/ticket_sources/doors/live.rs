//! Tickets that were sold just now are looked up when their code is scanned, and imported.

use std::sync::Arc;

use futures::FutureExt;
use gatewit_desk::{ConfiguredSource, Desk};
use gatewit_domain::attendees::{NameQuestion, TicketReference};
use gatewit_domain::id::TicketId;
use gatewit_domain::names::PreparedName;
use gatewit_domain::scan::{ManualCheckIn, Verdict};
use gatewit_domain::source::{SourceFault, SourceState, SourceTicket};
use serde_json::json;

use super::{ORGANIZER, attached, event, list, scanned, selling, series};
use crate::office::{Office, name, named, refresh};
use crate::upstream::{Upstream, crowd, ticket};
use crate::world::block_on;

const UNKNOWN: &str = "invalid_signature";

fn live_find(source: &mut ConfiguredSource) {
    source.live_find = true;
}

/// Returns an office that looks up codes, whose upstream has sold these tickets since it was read.
fn selling_now(tickets: &[SourceTicket]) -> (Office, Arc<Upstream>) {
    let (office, upstream) = selling(crowd(2));
    upstream.state().sold_now = tickets.to_vec();
    (office.configured(live_find), upstream)
}

fn look_ups(upstream: &Upstream) -> usize {
    upstream.state().found.len()
}

#[test]
fn a_code_that_nobody_knows_is_looked_up_taken_in_and_decided_like_any_other() {
    let (office, upstream) = selling_now(&[ticket("LIVE-1", "Late Buyer")]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    assert_eq!(scanned(&desk, summit, "code-T0001-1"), "in");
    assert_eq!(look_ups(&upstream), 0, "what is known is not looked up");
    assert_eq!(scanned(&desk, summit, " code-LIVE-1\n"), "in");
    assert_eq!(upstream.state().found, ["code-LIVE-1"]);
    for desk in [&desk, &office.open()] {
        assert_eq!(scanned(desk, summit, "code-LIVE-1"), "already_used");
        assert_eq!(series(&list(desk, summit, Some("late buyer"))), ["LIVE-1"]);
    }
    assert_eq!(look_ups(&upstream), 1);
}

#[test]
fn what_was_looked_up_is_held_to_its_state_and_its_type() {
    let sold = |reference: &str, state, type_id: &str| SourceTicket {
        state,
        type_id: type_id.to_owned(),
        ..ticket(reference, "Late Buyer")
    };
    let (office, _) = selling_now(&[
        sold("LIVE-1", SourceState::Pending, "regular"),
        sold("LIVE-2", SourceState::Canceled, "regular"),
        sold("LIVE-3", SourceState::Valid, "unheard-of"),
        sold("LIVE-4", SourceState::Valid, "regular"),
    ]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    for reference in ["LIVE-1", "LIVE-2", "LIVE-3"] {
        let code = format!("code-{reference}");
        assert_eq!(scanned(&desk, summit, &code), "not_active", "{reference}");
    }
    assert_eq!(scanned(&desk, summit, "code-LIVE-4"), "in");
}

#[test]
fn only_a_code_opens_a_door_whatever_else_the_ticketing_system_finds_by_it() {
    let (office, upstream) = selling_now(&[ticket("LIVE-1", "Late Buyer")]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    for text in [
        "LIVE-1",
        "LIVE",
        "late.buyer@example.org",
        "CODE-LIVE-1",
        "code-LIVE",
    ] {
        assert_eq!(scanned(&desk, summit, text), UNKNOWN, "{text}");
    }
    assert_eq!(
        (look_ups(&upstream), list(&desk, summit, None).len()),
        (6, 2)
    );
    let forged = format!("jwt {summit} {{}}");
    assert_eq!(scanned(&desk, summit, &forged), UNKNOWN);
    assert_eq!(look_ups(&upstream), 6, "a token is no code");
}

#[test]
fn a_code_longer_than_any_is_not_looked_up() {
    let (office, upstream) = selling_now(&[]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    for (length, asked) in [(1_000, 1), (1_001, 1)] {
        assert_eq!(scanned(&desk, summit, &"X".repeat(length)), UNKNOWN);
        assert_eq!(look_ups(&upstream), asked);
    }
}

#[test]
fn a_reference_is_looked_up_in_its_common_spelling_too_and_a_code_only_as_it_is() {
    let listed = |reference: &str| SourceTicket {
        codes: vec![reference.to_owned()],
        ..ticket(reference, "Late Buyer")
    };
    for (scanned_text, asked) in [
        ("]Q1refe\u{2013}1", &["refe\u{2013}1", "REFE-1"][..]),
        ("refe-1", &["refe-1", "REFE-1"]),
        ("REFE-1", &["REFE-1"]),
    ] {
        let (office, upstream) = selling_now(&[]);
        let desk = office.open_synced();
        let summit = attached(&desk);
        let sold = Arc::clone(&upstream);
        // The ticketing system compares references letter by letter.
        upstream.state().on_find = Some(Arc::new(move || {
            let mut state = sold.state();
            let is_next = state.found.len() + 1 == asked.len();
            state.sold_now = is_next.then(|| listed("REFE-1")).into_iter().collect();
        }));
        assert_eq!(scanned(&desk, summit, scanned_text), "in");
        assert_eq!(upstream.state().found, asked);
        assert_eq!(scanned(&desk, summit, "REFE-1"), "already_used");
    }
    let secret = SourceTicket {
        codes: vec!["SECRET".to_owned()],
        ..ticket("REFE-2", "Late Buyer")
    };
    let (office, upstream) = selling_now(&[secret]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    assert_eq!(scanned(&desk, summit, "secret"), UNKNOWN);
    assert_eq!(
        upstream.state().found,
        ["secret"],
        "no reference lacks a dash"
    );
    assert_eq!(scanned(&desk, summit, "refe-2"), UNKNOWN);
}

#[test]
fn only_sources_of_the_event_are_asked_and_only_those_that_are_looked_up_in() {
    let (office, asked) = selling_now(&[ticket("LIVE-1", "Late Buyer")]);
    let (still, other) = (Upstream::new(2), Upstream::new(2));
    let mut office = office.with("still", &still).with("other", &other);
    for (name, source) in &mut office.sources {
        source.live_find = name.as_str() != "still";
    }
    let desk = office.open_synced();
    let summit = event(&desk, json!({"ticketSources": ["still", "box-office"]}));
    let own = event(&desk, json!({"slug": "own"}));
    assert_eq!(scanned(&desk, own, "code-LIVE-1"), UNKNOWN);
    assert_eq!(scanned(&desk, summit, "code-LIVE-1"), "in");
    let look_ups = [&still, &asked, &other].map(|upstream| look_ups(upstream));
    assert_eq!(look_ups, [0, 1, 0]);
    assert_eq!(scanned(&desk, own, "code-LIVE-1"), UNKNOWN);
}

#[test]
fn a_look_up_that_fails_leaves_the_decision_to_what_is_known() {
    let (office, upstream) = selling_now(&[ticket("LIVE-1", "Late Buyer")]);
    upstream.state().find_fault = Some(SourceFault::Unavailable("it is down".into()));
    let desk = office.open_synced();
    let summit = attached(&desk);
    for _ in 0..3 {
        assert_eq!(scanned(&desk, summit, "code-LIVE-1"), UNKNOWN);
    }
    assert_eq!(look_ups(&upstream), 1);
    upstream.state().find_fault = None;
    office.clock.pass(6);
    assert_eq!(scanned(&desk, summit, "code-LIVE-1"), "in");
}

#[test]
fn a_ticket_that_was_looked_up_and_cannot_be_stored_leaves_the_decision_to_what_is_known() {
    let (office, _) = selling_now(&[ticket("LIVE-1", "Late Buyer")]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    let id = TicketId::of_source(summit, &name("box-office"), "LIVE-1");
    office
        .disk
        .put(&format!("tickets/{summit}/{id}"), "damaged");
    assert_eq!(scanned(&desk, summit, "code-LIVE-1"), UNKNOWN);
}

#[test]
fn a_door_waits_for_a_moment_only_and_the_look_up_goes_on_for_the_next_scan() {
    let (office, upstream) = selling_now(&[ticket("LIVE-1", "Late Buyer")]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    let answer = upstream.hold("code-LIVE-1");
    for _ in 0..2 {
        assert_eq!(scanned(&desk, summit, "code-LIVE-1"), UNKNOWN);
    }
    answer.send(()).unwrap();
    assert_eq!(scanned(&desk, summit, "code-LIVE-1"), "in");
    assert_eq!(look_ups(&upstream), 1);
}

/// Asks a question that is never answered.
fn ask_in_vain(desk: &Desk, reference: &str) {
    let question = NameQuestion {
        ticket: TicketReference::ask_leniently(reference).unwrap(),
        name: PreparedName::of("x"),
    };
    assert!(
        desk.sources
            .validate_name(&question)
            .now_or_never()
            .is_none()
    );
}

#[test]
fn a_door_finds_a_place_whatever_strangers_ask() {
    let (office, upstream) = selling_now(&[ticket("LIVE-1", "Late Buyer")]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    let strangers = ["AAAA-1", "BBBB-1"];
    let _unanswered = strangers.map(|text| upstream.hold(text));
    for text in strangers {
        ask_in_vain(&desk, text);
    }
    let busy = named(&desk, "CCCC-1", "x").unwrap_err();
    assert!(busy.contains("is being asked too much"), "{busy}");
    assert_eq!(scanned(&desk, summit, "code-LIVE-1"), "in");
}

#[test]
fn what_was_looked_up_outlasts_a_sync_that_does_not_know_it_yet_and_no_later_one() {
    let (office, upstream) = selling_now(&[ticket("LIVE-1", "Late Buyer")]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    // The ticket is looked up during a full sync that does not list it.
    upstream.state().digest = "sha256:2".to_owned();
    let during = Arc::clone(&desk);
    let looks_up = move || assert_eq!(scanned(&during, summit, "code-LIVE-1"), "in");
    *office.disk.meanwhile.lock().unwrap() = Some(Box::new(looks_up));
    refresh(&desk).unwrap();
    assert_eq!(scanned(&desk, summit, "code-LIVE-1"), "already_used");
    // The next sync lists the ticket, and the one after that no longer does.
    upstream.put(ticket("LIVE-1", "Late Buyer"));
    upstream.state().sold_now.clear();
    refresh(&desk).unwrap();
    assert_eq!(scanned(&desk, summit, "code-LIVE-1"), "already_used");
    upstream.delete("LIVE-1");
    upstream.state().digest = "sha256:3".to_owned();
    office.clock.pass(1);
    refresh(&desk).unwrap();
    assert_eq!(scanned(&desk, summit, "code-LIVE-1"), "not_active");
}

#[test]
fn what_was_looked_up_and_is_in_no_later_full_sync_is_gone() {
    let (office, upstream) = selling_now(&[ticket("LIVE-1", "Late Buyer")]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    assert_eq!(scanned(&desk, summit, "code-LIVE-1"), "in");
    upstream.state().sold_now.clear();
    upstream.state().digest = "sha256:2".to_owned();
    office.clock.pass(1);
    refresh(&desk).unwrap();
    assert_eq!(scanned(&desk, summit, "code-LIVE-1"), "not_active");
}

#[test]
fn staff_check_in_an_order_that_was_sold_just_now() {
    let (office, upstream) = selling_now(&[
        ticket("LIVE-1", "Late Buyer"),
        ticket("LIVE-2", "Her Guest"),
        ticket("LIVER-1", "Another"),
    ]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    let check_in = |order: &str| {
        let found = ManualCheckIn::Order(order.to_owned());
        block_on(
            desk.admissions
                .check_in_manually(&ORGANIZER, summit, &found, None),
        )
    };
    let answers = check_in("LIVE").unwrap();
    let verdicts: Vec<_> = answers
        .iter()
        .map(|answer| &answer.outcome.verdict)
        .collect();
    assert_eq!(verdicts, [&Verdict::ADMITTED; 2]);
    assert_eq!(look_ups(&upstream), 1);
    assert!(check_in("#LIVE").is_ok() && check_in("LIVE-2").is_ok());
    assert_eq!(look_ups(&upstream), 1, "what is known is not looked up");
    let unknown = check_in("NONE").err().unwrap().to_string();
    assert!(unknown.contains("has no ticket of the order"), "{unknown}");
    assert_eq!(series(&list(&desk, summit, Some("another"))), [""; 0]);
}

#[test]
fn staff_may_write_a_mark_and_a_position_with_an_order_that_was_sold_just_now() {
    for (order, sold, asked) in [
        ("#ORPO", "ORPO", &["ORPO"][..]),
        ("#1001", "#1001", &["1001", "#1001"]),
        (
            "\u{ff03}1001-2",
            "#1001",
            &["1001-2", "1001", "#1001-2", "#1001"],
        ),
        ("orpo\u{2011}1", "ORPO", &["ORPO-1", "ORPO"]),
        ("#2027-001", "2027-001", &["2027-001"]),
        ("#NONE-1", "ORPO", &["NONE-1", "NONE", "#NONE-1", "#NONE"]),
    ] {
        let (office, upstream) = selling_now(&[SourceTicket {
            order: sold.to_owned(),
            ..ticket("T-1", "Late Buyer")
        }]);
        let desk = office.open_synced();
        let summit = attached(&desk);
        let found = ManualCheckIn::parse(None, Some(order.to_owned())).unwrap();
        let answers = block_on(
            desk.admissions
                .check_in_manually(&ORGANIZER, summit, &found, None),
        );
        assert_eq!(answers.is_ok(), order != "#NONE-1", "{order}");
        assert_eq!(upstream.state().found, asked, "{order}");
    }
}
