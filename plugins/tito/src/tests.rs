//! Tests with answers of Tito: the cassettes are written from Tito's documentation of both versions.

use gatewit_harness::Cassette;
use gatewit_sdk::testing::{Reply, Run};
use gatewit_sdk::{Fault, HttpError, Ticket, TicketState, Transport};

use crate::Tito;

const WHOLE: &str = include_str!("../tests/cassettes/whole.yaml");
const SETTINGS: &str = r#"{"account": "acme", "event": "conf", "token": "secret://TITO_TOKEN", "organizer_speakers": ["abcd-4"]}"#;

fn run(tito: impl Transport + 'static) -> Run<Tito> {
    Run::begin(SETTINGS, tito).unwrap()
}

/// A sync: releases and two pages of tickets.
fn whole() -> Cassette {
    Cassette::parse(WHOLE)
}

fn sync() -> Vec<Ticket> {
    let synced = run(whole()).sync(None).unwrap();
    assert_eq!((synced.token, synced.gone), (None, Vec::new()));
    synced.tickets
}

#[test]
fn a_ticket_is_read_whole() {
    let expected = Ticket {
        reference: "ABCD-1".to_owned(),
        order: "ABCD".to_owned(),
        codes: vec!["ti_p0001000".to_owned(), "ABCD-1".to_owned()],
        type_id: "1".to_owned(),
        variation: None,
        parent: None,
        sub_event: None,
        holder_name: "Ada Lovelace".to_owned(),
        email: Some("ada@example.org".to_owned()),
        state: TicketState::Valid,
        valid_from: None,
        valid_until: None,
        attributes: vec![
            ("is_onsite".to_owned(), true),
            ("online_access".to_owned(), true),
        ],
        details: vec![("company".to_owned(), "Analytical Engines".to_owned())],
        updated: Some(1_738_616_090),
    };
    assert_eq!(sync()[0], expected);
}

#[test]
fn titles_and_activities_give_attributes_and_a_day_pass_is_no_sponsor() {
    let tickets = sync();
    let shown = tickets.iter().map(|ticket| {
        let attributes = ticket.attributes.iter().map(|(name, _)| name.as_str());
        (
            ticket.reference.as_str(),
            attributes.collect::<Vec<_>>().join(" "),
        )
    });
    let expected = [
        ("ABCD-1", "is_onsite online_access"),
        ("ABCD-2", "is_remote online_access"),
        ("ABCD-3", "is_onsite is_speaker online_access"),
        ("ABCD-4", "is_onsite is_organizer is_speaker online_access"),
        ("ABCD-5", "is_onsite is_organizer online_access"),
        ("ABCD-6", "is_onsite is_sponsor online_access"),
        ("ABCD-7", "is_onsite"),
        ("BCDE-4", "is_onsite online_access"),
        ("BCDE-6", "is_onsite is_volunteer"),
        ("BCDE-9", ""),
    ];
    let expected = expected.map(|(reference, attributes)| (reference, attributes.to_owned()));
    assert_eq!(shown.collect::<Vec<_>>(), expected);
}

#[test]
fn states_are_told_apart() {
    let tickets = sync();
    let not_valid = tickets
        .iter()
        .filter(|ticket| ticket.state != TicketState::Valid);
    let not_valid = not_valid.map(|ticket| (ticket.reference.as_str(), ticket.state));
    let expected = [
        ("BCDE-4", TicketState::Pending),
        ("BCDE-6", TicketState::Canceled),
    ];
    assert_eq!(not_valid.collect::<Vec<_>>(), expected);
    let nobody = &tickets[7];
    assert_eq!((nobody.holder_name.as_str(), &nobody.email), ("", &None));
}

#[test]
fn releases_are_types_and_day_passes_are_good_for_their_days() {
    let types = run(whole().partly()).ticket_types().unwrap();
    let days = types.iter().filter(|kind| !kind.days.is_empty());
    let days = days.map(|kind| (kind.name.as_str(), kind.days.join(" ")));
    let expected = [
        ("Day Pass Monday (In-Person)", "monday"),
        ("Day Pass II", "tuesday"),
        ("Day Pass III", "2025-12-17"),
    ];
    assert_eq!(
        days.collect::<Vec<_>>(),
        expected.map(|(name, days)| (name, days.to_owned()))
    );
    let activities = [
        "on_site",
        "seat-person-monday",
        "seat-person-tuesday",
        "online_access",
    ];
    assert_eq!(
        (types[0].id.as_str(), types[0].activities.clone()),
        ("1", activities.map(str::to_owned).to_vec())
    );
    let admitting = types.iter().filter(|kind| kind.admits).count();
    assert_eq!((types.len(), admitting), (12, 11));
}

#[test]
fn version_3_0_is_read_too_and_its_buyer_is_no_attendee() {
    let settings = SETTINGS.replacen('{', r#"{"api_version": "3.0", "#, 1);
    let tito = Cassette::parse(include_str!("../tests/cassettes/version-3.0.yaml"));
    let mut run = Run::<Tito>::begin(&settings, tito).unwrap();
    let tickets = run.sync(None).unwrap().tickets;
    assert_eq!(tickets[0], sync()[0]);
    let speaker = &tickets[1];
    assert_eq!(
        (speaker.type_id.as_str(), speaker.holder_name.as_str()),
        ("3", "Spea Ker")
    );
    assert!(
        speaker
            .attributes
            .contains(&("is_speaker".to_owned(), true))
    );
}

#[test]
fn one_that_knows_no_page_size_is_asked_by_plain_pages() {
    let small = WHOLE.replace(r#""per_page": 1000"#, r#""per_page": 10"#);
    let plain = small.replace("page%5Bsize%5D=1000&page%5Bnumber%5D=2", "page=2");
    let synced = run(Cassette::parse(&plain)).sync(None);
    assert_eq!(synced.unwrap().tickets, sync());
}

#[test]
fn what_is_looked_up_is_called_exactly_so() {
    let mut run = run(Cassette::parse(include_str!(
        "../tests/cassettes/find.yaml"
    )));
    let mut check = |text: &str, expected: &[&str]| {
        let tickets = run.find(text).unwrap();
        let references = tickets.iter().map(|ticket| ticket.reference.as_str());
        assert_eq!(references.collect::<Vec<_>>(), expected, "{text}");
    };
    check(" abcd-1", &["ABCD-1"]);
    let all = [
        "ABCD-1", "ABCD-2", "ABCD-3", "ABCD-4", "ABCD-5", "ABCD-6", "ABCD-7",
    ];
    check("ABCD", &all);
    check("remo@example.org", &["ABCD-2"]);
    check("da@example.org", &[]);
    check("ti_p0001003", &["ABCD-4"]);
    check("Ada Lovelace", &[]);
    check("ABCD-9", &[]);
    check("", &[]);
}

#[test]
fn a_page_that_leads_back_is_nonsense_and_an_odd_cursor_starts_over() {
    let page = whole().body("page%5Bnumber%5D=2");
    let back = page.replace(r#""next_page":null"#, r#""next_page":2"#);
    let fault = run(whole().but("page%5Bnumber%5D=2", back.as_str())).sync(None);
    let nonsense = "the ticketing system talks nonsense: page 2 comes after page 2";
    assert_eq!(fault, Err(Fault::Unavailable(nonsense.to_owned())));
    let fault = run(whole().partly()).sync(Some("2")).unwrap_err();
    assert!(matches!(fault, Fault::StartOver(_)), "{fault:?}");
}

#[test]
fn an_upstream_that_fails_is_a_fault_of_its_kind() {
    let check = |reply: Reply, expected: &str| {
        let fault = run(whole().but("/tickets", reply)).sync(None).unwrap_err();
        let fault = format!("{fault:?}");
        assert!(fault.starts_with(expected), "{fault}");
    };
    check(
        Reply::of(401, r#"{"message": "The API token is missing."}"#),
        "Fault::Unauthorized",
    );
    check(Reply::of(404, ""), "Fault::NotFound");
    check(Reply::of(429, ""), "Fault::RateLimited(None)");
    check(
        Reply::of(429, "").header("retry-after", "3"),
        "Fault::RateLimited(Some(3))",
    );
    check(Reply::of(504, ""), "Fault::Unavailable");
    let tickets = whole().body("/tickets");
    check(Reply::of(200, &tickets[..1000]), "Fault::Unavailable");
    check(Reply::of(200, r#"{"tickets": []}"#), "Fault::Unavailable");
    check(Reply::from(HttpError::TimedOut), "Fault::Unavailable");
}
