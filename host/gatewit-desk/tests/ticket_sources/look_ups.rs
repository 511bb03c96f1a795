//! Look-ups in the ticketing system for questions of `/tickets/*`, and how they are bounded.

use std::sync::Arc;

use futures::FutureExt;
use gatewit_desk::{Desk, NotAnswered};
use gatewit_domain::attendees::{EmailAddress, NameQuestion, TicketReference};
use gatewit_domain::names::PreparedName;
use gatewit_domain::source::{SourceFault, SourceState, SourceTicket};

use crate::office::{Office, ask, has_address, named, office, on_order, refresh};
use crate::upstream::{Upstream, ticket};
use crate::world::block_on;

const BUSY: &str = "the ticketing system is being asked too much; try again in a moment";

/// Returns a desk that looks up unknown tickets.
fn asking(upstream: &Arc<Upstream>) -> (Office, Arc<Desk>) {
    let office = office(upstream).configured(|source| source.live_find = true);
    let desk = office.open_synced();
    (office, desk)
}

fn found(upstream: &Upstream) -> Vec<String> {
    upstream.state().found.clone()
}

/// Asks for a ticket, and drops the request before there is an answer.
fn ask_and_go(desk: &Desk, reference: &str) {
    let question = NameQuestion {
        ticket: TicketReference::ask_leniently(reference).unwrap(),
        name: PreparedName::of("Late Buyer"),
    };
    assert!(
        desk.sources
            .validate_name(&question)
            .now_or_never()
            .is_none()
    );
}

#[test]
fn a_reference_an_order_and_an_address_are_looked_up_if_nobody_knows_them() {
    let upstream = Upstream::new(500);
    upstream.put(ticket("AAAA-1", "Ada One"));
    upstream.state().sold_now = vec![
        ticket("LIVE-1", "Late Buyer"),
        ticket("LIVE-2", "Her Guest"),
    ];
    let (_, desk) = asking(&upstream);
    assert_eq!(on_order(&desk, "live", "Her Guest"), "LIVE-2");
    assert_eq!(named(&desk, "LIVE-1", "Late Buyer").unwrap(), "attendee");
    assert!(has_address(&desk, "her.guest@example.org"));
    assert_eq!(
        found(&upstream),
        ["LIVE", "LIVE-1", "her.guest@example.org"]
    );
    // The ticketing system also finds tickets of other orders.
    assert_ne!(on_order(&desk, "LIVER", "Late Buyer"), "LIVE-1");
    assert_eq!(on_order(&desk, "AAAA", "Ada One"), "AAAA-1");
    assert_ne!(on_order(&desk, "AAAA", "Late Buyer"), "LIVE-1");
    assert_eq!(found(&upstream).len(), 4, "what is known is not looked up");
}

#[test]
fn a_mark_and_a_position_are_taken_off_what_is_looked_up() {
    for (order, looked_up) in [
        ("#live", "LIVE"),
        ("live\u{2013}1", "LIVE"),
        (" #LIVE-2", "LIVE"),
        ("LIVE-99", "LIVE"),
    ] {
        let upstream = Upstream::new(500);
        upstream.state().sold_now = vec![
            ticket("LIVE-1", "Late Buyer"),
            ticket("LIVE-2", "Her Guest"),
        ];
        let (_, desk) = asking(&upstream);
        let found = ask(&desk, Some(order), Some("#live-2"), "Her Guest").unwrap();
        let ticket = found.answer.ticket_id.unwrap();
        assert_eq!(
            (ticket.as_str(), &*found.about),
            ("LIVE-2", "LIVE"),
            "{order}"
        );
        assert_eq!(self::found(&upstream), [looked_up]);
    }
    let upstream = Upstream::new(500);
    upstream.state().sold_now = vec![ticket("REF-1", "Late Buyer")];
    let (_, desk) = asking(&upstream);
    let found = ask(&desk, None, Some("#ref-1"), "Late Buyer").unwrap();
    assert!(found.answer.is_attendee);
    assert_eq!(
        named(&desk, "#REF\u{2013}1", "Late Buyer").unwrap(),
        "attendee"
    );
    assert_eq!(self::found(&upstream), ["REF-1"]);
}

#[test]
fn what_is_malformed_stays_so_if_the_ticketing_system_has_no_meaning_of_it() {
    let upstream = Upstream::new(500);
    let (_, desk) = asking(&upstream);
    let malformed = |order: Option<&str>, ticket: Option<&str>| {
        let answer = ask(&desk, order, ticket, "Late Buyer");
        let is_malformed = matches!(answer, Err(NotAnswered::Malformed(_)));
        assert!(is_malformed, "{order:?} {ticket:?}: {answer:?}");
    };
    malformed(Some("#NONE"), None);
    malformed(Some("NONE-1"), None);
    malformed(None, Some("#NONE-1"));
    assert_eq!(found(&upstream), ["NONE", "NONE-1"]);
    for order in [
        "CREW_7", "#CREW_7", "#", "AAA", "#AAA-1", "NONE-1-2", "NONE-x",
    ] {
        malformed(Some(order), None);
    }
    malformed(None, Some("#NONE"));
    malformed(Some("OTHER"), Some("x"));
    assert_eq!(
        found(&upstream).len(),
        2,
        "no meaning of them is well-formed"
    );
}

/// Asks about an order: whether somebody is an attendee, or else why there is no answer.
fn about_order(desk: &Desk, order: &str) -> Result<bool, String> {
    match ask(desk, Some(order), None, "Late Buyer") {
        Ok(found) => Ok(found.answer.is_attendee),
        Err(error) => Err(error.to_string()),
    }
}

fn malformed() -> Result<bool, String> {
    Err(NotAnswered::Malformed(Vec::new()).to_string())
}

#[test]
fn what_is_malformed_stays_so_while_the_ticketing_system_is_down() {
    let upstream = Upstream::new(500);
    // Of a known order without attendees, a ticket may have been sold just now.
    upstream.put(SourceTicket {
        order: "CREW_7".to_owned(),
        state: SourceState::Canceled,
        ..ticket("T-1", "Late Buyer")
    });
    let (_, desk) = asking(&upstream);
    upstream.state().find_fault = Some(SourceFault::Unavailable("it is down".into()));
    for order in ["NONE-1", "#NONE-1", "#AAA", "CREW_8"] {
        assert_eq!(about_order(&desk, order), malformed(), "{order}");
    }
    // The mark is the only fault of these, and they may exist.
    let unavailable = about_order(&desk, "HASHO").unwrap_err();
    assert_ne!(Err(unavailable.clone()), malformed());
    for order in ["#HASHO", "CREW_7", "CREW_7-1"] {
        assert_eq!(
            about_order(&desk, order),
            Err(unavailable.clone()),
            "{order}"
        );
    }
    let ticket = ask(&desk, None, Some("#HASHO-1"), "Late Buyer").unwrap_err();
    assert_eq!(ticket.to_string(), unavailable);
}

#[test]
fn what_is_malformed_stays_so_while_the_ticketing_system_is_asked_too_much() {
    let upstream = Upstream::new(500);
    let (_, desk) = asking(&upstream);
    let _unanswered = ["LIVE-1", "LIVE-2"].map(|text| upstream.hold(text));
    for text in ["LIVE-1", "LIVE-2"] {
        ask_and_go(&desk, text);
    }
    assert_eq!(about_order(&desk, "NONE-1"), malformed());
    assert_eq!(about_order(&desk, "#HASHO"), Err(BUSY.to_owned()));
}

#[test]
fn an_address_with_a_unicode_domain_is_looked_up_in_both_spellings() {
    let upstream = Upstream::new(500);
    let (_, desk) = asking(&upstream);
    let spellings = ["id@b\u{fc}cher.example", "id@xn--bcher-kva.example"];
    assert!(!has_address(&desk, spellings[1]));
    assert_eq!(found(&upstream), spellings);
    assert!(!has_address(&desk, "id@example.org"));
    assert_eq!(found(&upstream)[2..], ["id@example.org"]);
}

#[test]
fn one_of_several_addresses_is_enough() {
    let upstream = Upstream::new(500);
    upstream.put(ticket("AAAA-1", "Ada One"));
    let (_, desk) = asking(&upstream);
    let is_attendee = |text: &str| {
        let addresses = EmailAddress::parse_all(text).unwrap();
        block_on(desk.sources.is_attendee(&addresses)).unwrap()
    };
    assert!(is_attendee("nobody@example.com; ada.one@example.org"));
    assert!(
        found(&upstream).is_empty(),
        "what is known is not looked up"
    );
    upstream.state().sold_now = vec![ticket("LIVE-1", "Late Buyer")];
    assert!(is_attendee("nobody@example.com, late.buyer@example.org"));
    assert!(!is_attendee("nobody@example.com, nobody@example.net"));
}

#[test]
fn that_there_is_nothing_holds_for_seconds_and_what_was_found_for_a_minute() {
    let upstream = Upstream::new(500);
    let (office, desk) = asking(&upstream);
    for (seconds, look_ups) in [(0, 1), (9, 1), (1, 2)] {
        office.clock.pass(seconds);
        assert_ne!(named(&desk, "LIVE-1", "Late Buyer").unwrap(), "attendee");
        assert_eq!(found(&upstream).len(), look_ups);
    }
    upstream.state().sold_now = vec![ticket("LIVE-1", "Late Buyer")];
    for (seconds, look_ups) in [(10, 3), (59, 3), (1, 4)] {
        office.clock.pass(seconds);
        assert_eq!(named(&desk, "LIVE-1", "Late Buyer").unwrap(), "attendee");
        assert_eq!(found(&upstream).len(), look_ups);
    }
}

#[test]
fn answers_are_remembered_up_to_a_weight() {
    let upstream = Upstream::new(500);
    let heavy = SourceTicket {
        details: vec![("notice".to_owned(), "x".repeat(1_500_000))],
        ..ticket("LIVE-1", "Late Buyer")
    };
    upstream.state().sold_now = vec![heavy.clone()];
    let (_, desk) = asking(&upstream);
    let ask = |text: &str| named(&desk, text, "Late Buyer").unwrap();
    for text in ["LIVE-1", "LIVE-2", "LIVE-1", "LIVE-3", "LIVE-1"] {
        ask(text);
    }
    let forgotten = ["LIVE-1", "LIVE-2", "LIVE-3", "LIVE-1"];
    assert_eq!(found(&upstream), forgotten);
    // An answer that alone exceeds the limit is still returned, but not cached.
    upstream.state().sold_now = vec![heavy; 3];
    for _ in 0..2 {
        assert_ne!(ask("LIVE-4"), "attendee");
    }
    assert_eq!(found(&upstream)[4..], ["LIVE-4", "LIVE-4"]);
}

#[test]
fn a_look_up_goes_on_when_whoever_asked_is_gone_and_answers_the_next() {
    let upstream = Upstream::new(500);
    upstream.state().sold_now = vec![ticket("LIVE-1", "Late Buyer")];
    let (_, desk) = asking(&upstream);
    let answer = upstream.hold("LIVE-1");
    ask_and_go(&desk, "LIVE-1");
    ask_and_go(&desk, "LIVE-1");
    answer.send(()).unwrap();
    assert_eq!(named(&desk, "LIVE-1", "Late Buyer").unwrap(), "attendee");
    assert_eq!(found(&upstream), ["LIVE-1"]);
}

#[test]
fn places_of_questions_that_nobody_waits_for_any_more_are_free_again() {
    let upstream = Upstream::new(500);
    let (office, desk) = asking(&upstream);
    let answers = ["LIVE-1", "LIVE-2"].map(|text| upstream.hold(text));
    for text in ["LIVE-1", "LIVE-2"] {
        ask_and_go(&desk, text);
    }
    let ask = || named(&desk, "LIVE-3", "Late Buyer");
    assert_eq!(ask(), Err(BUSY.to_owned()));
    let [answer, never] = answers;
    answer.send(()).unwrap();
    assert!(ask().is_ok(), "one has been answered");
    office.clock.pass(11);
    let third = upstream.hold("LIVE-3");
    ask_and_go(&desk, "LIVE-3");
    assert_eq!(named(&desk, "LIVE-4", "x"), Err(BUSY.to_owned()));
    office.clock.pass(60);
    assert!(
        named(&desk, "LIVE-4", "x").is_ok(),
        "the others took too long"
    );
    drop((never, third));
    refresh(&desk).unwrap();
}
