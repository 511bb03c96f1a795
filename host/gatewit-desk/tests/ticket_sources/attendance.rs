//! Which tickets of sources make attendees for `/tickets/*`.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use gatewit_domain::attendees::{
    AddonStatistics, AddonTypes, AttendeeRules, EmailAddress, NameQuestion, ShirtVariant,
    TicketReference,
};
use gatewit_domain::names::PreparedName;
use gatewit_domain::source::{SourceFault, SourceState, SourceTicket};

use crate::office::{count, has_address, named, office, on_order, refresh, status, told};
use crate::upstream::{Upstream, crowd, kind, ticket};
use crate::world::block_on;

/// The only message that the public gets about a ticketing system that does not answer.
const UNAVAILABLE: &str = "the ticketing system cannot be asked; try again in a moment";

fn in_state(reference: &str, name: &str, state: SourceState) -> SourceTicket {
    SourceTicket {
        state,
        ..ticket(reference, name)
    }
}

#[test]
fn cancelled_tickets_make_nobody_an_attendee_unless_states_are_never_looked_at() {
    let upstream = Upstream::new(500);
    upstream.put_all([
        in_state("AAAA-1", "Ada Valid", SourceState::Valid),
        in_state("AAAA-2", "Bob Pending", SourceState::Pending),
        in_state("AAAA-3", "Cid Blocked", SourceState::Blocked),
        in_state("AAAA-4", "Dee Canceled", SourceState::Canceled),
    ]);
    let strict = office(&upstream);
    let desk = strict.open_synced();
    assert_eq!(count(&desk), 3);
    assert_eq!(
        named(&desk, "AAAA-4", "Dee Canceled").unwrap(),
        "invalid ticket id"
    );
    assert!(!has_address(&desk, "dee.canceled@example.org"));
    assert!(on_order(&desk, "AAAA", "Dee Canceled").starts_with("No attendee named"));
    assert_eq!(on_order(&desk, "AAAA", "Bob Pending"), "AAAA-2");

    let lenient = office(&upstream).configured(|source| source.rules.canceled_attend = true);
    let desk = lenient.open_synced();
    assert_eq!(count(&desk), 4);
    assert_eq!(named(&desk, "AAAA-4", "Dee Canceled").unwrap(), "attendee");
    assert!(has_address(&desk, "dee.canceled@example.org"));
}

#[test]
fn of_two_names_alike_on_an_order_the_first_upstream_is_meant_and_of_two_the_same_the_last() {
    let upstream = Upstream::new(1);
    upstream.put_all([
        ticket("AAAA-10", "Robert Jonson"),
        ticket("AAAA-2", "Robert Johnston"),
        ticket("AAAA-3", "Ada Lovelace"),
        ticket("AAAA-1", "ADA LOVELACE"),
    ]);
    let office = office(&upstream);
    for desk in [office.open_synced(), office.open()] {
        assert_eq!(on_order(&desk, "aaaa", "Robert Johnson"), "AAAA-10");
        assert_eq!(on_order(&desk, "aaaa", "Ada Lovelace"), "AAAA-1");
    }
}

#[test]
fn references_orders_and_addresses_are_found_in_any_case() {
    let upstream = Upstream::new(500);
    let mut odd = ticket("abcd-3", "Spea Ker");
    odd.email = Some(" SPEA@Example.ORG".to_owned());
    upstream.put(odd);
    let desk = office(&upstream).open_synced();
    assert_eq!(named(&desk, " ABcd-3", "spea ker").unwrap(), "attendee");
    assert_eq!(on_order(&desk, "Abcd", "Spea Ker"), "ABCD-3");
    assert!(has_address(&desk, "Spea@example.org"));
}

#[test]
fn a_type_without_the_wanted_activities_is_the_wrong_one() {
    let upstream = Upstream::new(500);
    let mut onsite = kind("regular", "Business");
    onsite.activities = vec!["on_site".to_owned()];
    upstream.state().types = vec![onsite, kind("party", "Social Event")];
    let of = |type_id: &str, reference, name| SourceTicket {
        type_id: type_id.to_owned(),
        ..ticket(reference, name)
    };
    upstream.put_all([
        of("regular", "AAAA-1", "Ada One"),
        of("party", "AAAA-2", "Soc Ial"),
        of("later", "AAAA-3", "Una Known"),
    ]);
    let rules = AttendeeRules {
        include_activities: Some(vec!["on_site".to_owned(), "online_access".to_owned()]),
        canceled_attend: false,
    };
    let desk = office(&upstream)
        .configured(|source| source.rules = rules)
        .open_synced();
    assert_eq!(named(&desk, "AAAA-1", "Ada One").unwrap(), "attendee");
    assert_eq!(
        named(&desk, "AAAA-2", "x").unwrap(),
        "invalid ticket type: Social Event"
    );
    assert_eq!(
        named(&desk, "AAAA-3", "x").unwrap(),
        "invalid ticket type: unknown"
    );
    assert!(has_address(&desk, "ada.one@example.org"));
    assert!(!has_address(&desk, "soc.ial@example.org"));
    assert_eq!(count(&desk), 3);
}

#[test]
fn a_shirt_makes_no_attendee_of_its_buyer_and_hides_no_ticket_on_the_order() {
    let upstream = Upstream::new(500);
    let mut shirt = kind("shirt", "T-shirt");
    shirt.admits = false;
    upstream.state().types = vec![kind("regular", "Regular"), shirt];
    let shirt = |reference, name| SourceTicket {
        type_id: "shirt".to_owned(),
        ..ticket(reference, name)
    };
    upstream.put_all([
        ticket("AAAA-1", "Ada Lovelace"),
        shirt("AAAA-2", "Ada Lovelace"),
        ticket("BBBB-1", "Robert Johnston"),
        shirt("BBBB-2", "Robert Johnson"),
        shirt("CCCC-1", "Shirt Only"),
    ]);
    let office = office(&upstream);
    for desk in [office.open_synced(), office.open()] {
        assert_eq!(on_order(&desk, "AAAA", "Ada Lovelace"), "AAAA-1");
        assert_eq!(on_order(&desk, "BBBB", "Robert Johnson"), "BBBB-1");
        let nobody = "No attendee named 'Shirt Only' found on order CCCC";
        assert_eq!(on_order(&desk, "CCCC", "Shirt Only"), nobody);
        assert_eq!(
            named(&desk, "CCCC-1", "Shirt Only").unwrap(),
            "invalid ticket type: T-shirt"
        );
        assert!(has_address(&desk, "ada.lovelace@example.org"));
        assert!(!has_address(&desk, "shirt.only@example.org"));
        assert_eq!(count(&desk), 5, "all are counted, as ever");
    }
}

#[test]
fn all_tickets_of_one_name_on_an_order_tell_what_their_holder_is() {
    let upstream = Upstream::new(500);
    let with = |reference, name, attribute: &str| SourceTicket {
        attributes: vec![(attribute.to_owned(), true)],
        ..ticket(reference, name)
    };
    upstream.put_all([
        with("AAAA-1", "Ada Lovelace", "is_speaker"),
        with("AAAA-2", "ada lovelace", "is_sponsor"),
        with("AAAA-3", "Grace Hopper", "is_guest"),
        with("BBBB-1", "Ada Lovelace", "is_volunteer"),
    ]);
    let desk = office(&upstream).open_synced();
    for reference in ["AAAA-1", "AAAA-2"] {
        let question = NameQuestion {
            ticket: TicketReference::ask_leniently(reference).unwrap(),
            name: PreparedName::of("Ada Lovelace"),
        };
        let flags = block_on(desk.sources.validate_name(&question))
            .unwrap()
            .answer
            .flags;
        assert!(flags.is_speaker && flags.is_sponsor, "{reference}");
        assert!(!flags.is_guest && !flags.is_volunteer, "{reference}");
    }
}

#[test]
fn attributes_that_are_called_like_parts_of_an_answer_change_none() {
    let upstream = Upstream::new(500);
    let mut guest = ticket("AAAA-1", "Gus Guest");
    let attributes = [
        ("hint", true),
        ("name", true),
        ("is_guest", true),
        ("is_guest", false),
        ("is_speaker", true),
    ];
    guest.attributes = attributes
        .map(|(name, is_true)| (name.to_owned(), is_true))
        .to_vec();
    upstream.put(guest);
    let desk = office(&upstream).open_synced();
    let question = NameQuestion {
        ticket: TicketReference::ask_leniently("AAAA-1").unwrap(),
        name: PreparedName::of("Gus Guest"),
    };
    let answer = block_on(desk.sources.validate_name(&question))
        .unwrap()
        .answer;
    assert_eq!(
        (answer.hint.as_str(), answer.name.as_str()),
        ("", "GUS GUEST")
    );
    assert!(answer.flags.is_speaker && !answer.flags.is_guest);
}

#[test]
fn tickets_of_all_sources_that_are_served_count() {
    let (one, other) = (Upstream::new(500), Upstream::new(500));
    one.put(ticket("AAAA-1", "Ada One"));
    other.put_all([ticket("AAAA-2", "Bob Two"), ticket("BBBB-1", "Cid Three")]);
    let desk = office(&one).with("guest-list", &other).open_synced();
    assert_eq!(count(&desk), 3);
    assert_eq!(on_order(&desk, "AAAA", "Ada One"), "AAAA-1");
    assert_eq!(on_order(&desk, "AAAA", "Bob Two"), "AAAA-2");
    assert!(has_address(&desk, "cid.three@example.org"));
    assert_eq!(desk.sources.ticket_types().unwrap().len(), 4);
}

#[test]
fn shirts_are_counted_by_ticket_and_by_size() {
    let upstream = Upstream::new(500);
    let mut types = vec![kind("regular", "Regular"), kind("shirt", "T-shirt")];
    types[0].category = Some("100".to_owned());
    upstream.state().types = types;
    let shirt = |reference, parent: Option<&str>, size: Option<&str>| SourceTicket {
        type_id: "shirt".to_owned(),
        parent: parent.map(str::to_owned),
        variation: size.map(str::to_owned),
        ..ticket(reference, "")
    };
    upstream.put_all(crowd(3));
    upstream.put_all([
        shirt("T0001-2", Some("T0001-1"), Some("M")),
        shirt("T0001-3", Some("T0001-1"), Some("L")),
        shirt("T0002-2", Some("T0002-1"), Some("L")),
        shirt("T0003-2", None, Some("Unknown (7)")),
        SourceTicket {
            state: SourceState::Canceled,
            ..shirt("T0003-3", Some("T0003-1"), Some("M"))
        },
    ]);
    let mut office = office(&upstream);
    let desk = office.open_synced();
    assert!(
        block_on(desk.sources.addon_statistics()).is_err(),
        "nothing says what to count"
    );
    office.addons = Some(AddonTypes {
        onsite_categories: vec!["100".to_owned()],
        shirt: "shirt".to_owned(),
    });
    let variant = |name: &str, count| ShirtVariant {
        variant_name: name.to_owned(),
        count,
    };
    let expected = AddonStatistics {
        onsite_tickets_sold: 3,
        tshirt_purchased: 2,
        tshirt_not_purchased: 1,
        tshirt_variants: vec![variant("L", 2), variant("M", 1), variant("Unknown (7)", 1)],
    };
    assert_eq!(
        block_on(office.open().sources.addon_statistics()).unwrap(),
        expected
    );
}

#[test]
fn what_is_not_known_is_looked_up_once_and_compared_whole() {
    let upstream = Upstream::new(500);
    upstream.put(ticket("AAAA-1", "Ada One"));
    upstream.state().sold_now = vec![ticket("LIVE-12", "Late Buyer")];
    let office = office(&upstream).configured(|source| source.live_find = true);
    let desk = office.open_synced();
    assert_eq!(named(&desk, "AAAA-1", "Ada One").unwrap(), "attendee");
    assert!(has_address(&desk, "ada.one@example.org"));
    assert_eq!(
        upstream.state().found,
        [""; 0],
        "what is known is not looked up"
    );
    for _ in 0..3 {
        assert_eq!(named(&desk, "LIVE-12", "Late Buyer").unwrap(), "attendee");
        assert_eq!(
            named(&desk, "LIVE-1", "Late Buyer").unwrap(),
            "invalid ticket id"
        );
        assert!(has_address(&desk, "late.buyer@example.org"));
        assert!(!has_address(&desk, "buyer@example.org"));
    }
    assert_eq!(upstream.state().found.len(), 4);
    office.clock.pass(61);
    named(&desk, "LIVE-1", "Late Buyer").unwrap();
    assert_eq!(upstream.state().found.len(), 5);
}

#[test]
fn look_ups_are_few_at_a_time_and_hold_up_nobody_else() {
    let upstream = Upstream::new(500);
    upstream.put(ticket("AAAA-1", "Ada One"));
    upstream.state().sold_now = vec![ticket("LIVE-1", "Late Buyer")];
    let desk = office(&upstream)
        .configured(|source| source.live_find = true)
        .open_synced();
    let (arrived, arrivals) = mpsc::channel();
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap();
    let (at_gate, arrived) = (Arc::clone(&gate), Mutex::new(arrived));
    upstream.state().on_find = Some(Arc::new(move || {
        arrived.lock().unwrap().send(()).unwrap();
        drop(at_gate.lock().unwrap());
    }));
    thread::scope(|scope| {
        let ask = |reference: &'static str| {
            let desk = &desk;
            scope.spawn(move || named(desk, reference, "Late Buyer"))
        };
        let (one, other) = (ask("LIVE-1"), ask("LIVE-2"));
        arrivals.recv().unwrap();
        arrivals.recv().unwrap();
        let same = ask("LIVE-1");
        let words = "the ticketing system is being asked too much; try again in a moment";
        assert_eq!(named(&desk, "LIVE-3", "x"), Err(words.to_owned()));
        assert_eq!(named(&desk, "AAAA-1", "Ada One").unwrap(), "attendee");
        drop(closed);
        let answers = [one, same, other].map(|asking| asking.join().unwrap().unwrap());
        assert_eq!(answers, ["attendee", "attendee", "invalid ticket id"]);
    });
    assert_eq!(
        upstream.state().found.len(),
        2,
        "one look-up for both who asked for the same"
    );
    assert_eq!(named(&desk, "LIVE-3", "x").unwrap(), "invalid ticket id");
}

#[test]
fn a_source_that_is_not_asked_live_is_not_asked() {
    let upstream = Upstream::new(500);
    upstream.state().sold_now = vec![ticket("LIVE-12", "Late Buyer")];
    let desk = office(&upstream).open_synced();
    assert_eq!(
        named(&desk, "LIVE-12", "Late Buyer").unwrap(),
        "invalid ticket id"
    );
    assert_eq!(upstream.state().found, [""; 0]);
}

#[test]
fn nothing_is_looked_up_while_the_ticketing_system_wants_rest() {
    let upstream = Upstream::new(500);
    upstream.state().find_fault = Some(SourceFault::RateLimited(Some(900)));
    let office = office(&upstream).configured(|source| source.live_find = true);
    let desk = office.open_synced();
    named(&desk, "LIVE-12", "x").unwrap_err();
    office.clock.pass(899);
    assert_eq!(named(&desk, "LIVE-13", "x"), Err(UNAVAILABLE.to_owned()));
    assert_eq!(upstream.state().found.len(), 1);
    upstream.state().find_fault = None;
    office.clock.pass(1);
    assert_eq!(named(&desk, "LIVE-13", "x").unwrap(), "invalid ticket id");
}

#[test]
fn a_look_up_that_fails_is_no_no_and_is_not_repeated_at_once() {
    let upstream = Upstream::new(500);
    upstream.state().find_fault = Some(SourceFault::Unavailable("it is down".into()));
    let office = office(&upstream).configured(|source| source.live_find = true);
    let desk = office.open_synced();
    for _ in 0..3 {
        assert_eq!(named(&desk, "LIVE-12", "x"), Err(UNAVAILABLE.to_owned()));
    }
    let trouble = status(&desk).find_trouble.map(|trouble| told(&trouble));
    let words = "the ticketing system cannot answer: it is down";
    assert_eq!(trouble.as_deref(), Some(words));
    assert_eq!(upstream.state().found.len(), 1);
    upstream.state().find_fault = None;
    office.clock.pass(6);
    assert_eq!(named(&desk, "LIVE-12", "x").unwrap(), "invalid ticket id");
    // "Not found" is an answer, not a failure.
    upstream.state().find_fault = Some(SourceFault::NotFound("no such ticket".into()));
    assert_eq!(named(&desk, "LIVE-13", "x").unwrap(), "invalid ticket id");
    let address = EmailAddress::parse("x@example.org").unwrap();
    assert!(!block_on(desk.sources.is_attendee(&[address])).unwrap());
    refresh(&desk).unwrap();
}
