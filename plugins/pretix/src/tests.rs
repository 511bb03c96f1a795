//! Tests with answers of a real pretix: [`recording`] recorded the cassettes from pretix 2026.8.0.

mod products;
mod recording;
mod syncs;
mod test_mode;

use gatewit_harness::Cassette;
use gatewit_sdk::testing::{Reply, Run, Synced};
use gatewit_sdk::{Fault, Ticket, TicketState, Transport};

use crate::Pretix;

const NOTHING: &str = r#"{"count": 0, "next": null, "previous": null, "results": []}"#;

fn settings(mapping: &str) -> String {
    format!(
        r#"{{"base_url": "https://pretix.example.org/api/v1/", "organizer": "demo", "event": "conf",
            "token": "secret://PRETIX_TOKEN", "mapping": {mapping}}}"#
    )
}

fn run(mapping: &str, pretix: impl Transport + 'static) -> Run<Pretix> {
    Run::begin(&settings(mapping), pretix).unwrap()
}

/// A full sync: categories, items and two pages of orders.
fn whole() -> Cassette {
    Cassette::parse(include_str!("../tests/cassettes/whole.yaml"))
}

/// The result of the sync.
fn sync(mapping: &str) -> Synced {
    run(mapping, whole()).sync(None).unwrap()
}

#[track_caller]
fn ticket<'a>(synced: &'a Synced, reference: &str) -> &'a Ticket {
    let mut tickets = synced.tickets.iter();
    tickets
        .find(|ticket| ticket.reference == reference)
        .unwrap()
}

fn one_order(order: &str) -> String {
    format!(r#"{{"count": 1, "next": null, "results": [{order}]}}"#)
}

#[test]
fn every_page_is_read_and_every_state_told_apart() {
    let synced = sync("{}");
    let states = synced
        .tickets
        .iter()
        .map(|ticket| (ticket.reference.as_str(), ticket.state));
    let not_valid: Vec<_> = states
        .filter(|(_, state)| *state != TicketState::Valid)
        .collect();
    assert_eq!(
        not_valid,
        [
            ("ZB3L8-1", TicketState::Pending),
            ("ABYMU-1", TicketState::Canceled),
            ("WJWHB-1", TicketState::Canceled),
            ("NYWMN-1", TicketState::Canceled),
            ("HNLRD-1", TicketState::Blocked),
            ("GQYJL-2", TicketState::Canceled),
            ("7NURD-1", TicketState::Pending),
            ("B8DUE-1", TicketState::Pending),
        ]
    );
    assert_eq!(synced.tickets.len(), 96);
}

#[test]
fn a_position_becomes_a_ticket_whole() {
    let mut expected = Ticket {
        reference: "Q8JRF-1".to_owned(),
        order: "Q8JRF".to_owned(),
        codes: vec!["yraftz9fzcpxzjwkgtgh7mjccz58tynr".to_owned()],
        type_id: "1".to_owned(),
        variation: None,
        parent: None,
        sub_event: None,
        holder_name: "李 Kierkegaard".to_owned(),
        email: Some("q8jrf.1@example.org".to_owned()),
        state: TicketState::Valid,
        valid_from: None,
        valid_until: None,
        attributes: Vec::new(),
        details: Vec::new(),
        updated: ticket(&sync("{}"), "Q8JRF-1").updated,
    };
    let synced = sync("{}");
    assert_eq!(ticket(&synced, "Q8JRF-1"), &expected);
    expected.reference = "Q8JRF-3".to_owned();
    expected.codes = vec!["vrv882ew9jrtfe3e7zrnk3phdzgzykcd".to_owned()];
    expected.type_id = "6".to_owned();
    expected.variation = Some("M".to_owned());
    expected.parent = Some("Q8JRF-1".to_owned());
    expected.holder_name = String::new();
    expected.email = None;
    assert_eq!(ticket(&synced, "Q8JRF-3"), &expected);
}

#[test]
fn validity_times_and_what_staff_are_told_come_along() {
    let synced = sync("{}");
    let times = |reference| {
        let ticket = ticket(&synced, reference);
        (ticket.valid_from, ticket.valid_until)
    };
    // One begins a week after the event was seeded, the other ended a week before.
    let (Some(begins), None) = times("KQKES-1") else {
        panic!("it has a beginning and no end");
    };
    assert_eq!(times("Q7DRM-1"), (None, Some(begins - 14 * 24 * 3600)));
    let details = |reference| ticket(&synced, reference).details.clone();
    let notice = |text: &str| ("notice".to_owned(), text.to_owned());
    assert_eq!(details("NSRCN-1"), [notice("Hand out wristband")]);
    assert_eq!(details("GXWC9-1"), [notice("Check student ID")]);
    assert_eq!(details("GDPVT-3"), [notice("special attention")]);
}

#[test]
fn the_buyers_address_is_no_attendees() {
    let order = r#"{"code": "AAAA2", "status": "p", "email": "buyer@example.org", "positions": [
        {"id": 1, "positionid": 1, "item": 1, "attendee_name": " Ada ", "attendee_email": null, "secret": "s", "seat": {"name": "12"},
         "company": "Acme", "subevent": 7, "blocked": [], "valid_from": "2026-11-29T04:41:56+02:00"}]}"#;
    let pretix = whole().but("/orders/", one_order(order).as_str());
    let synced = run("{}", pretix).sync(None).unwrap();
    let ticket = ticket(&synced, "AAAA2-1");
    assert_eq!(
        (ticket.email.as_deref(), ticket.holder_name.as_str()),
        (None, "Ada")
    );
    assert_eq!(
        (ticket.state, ticket.sub_event.as_deref()),
        (TicketState::Valid, Some("7"))
    );
    assert_eq!(ticket.valid_from, Some(1_795_920_116));
    let details = [("seat", "12"), ("company", "Acme")];
    assert_eq!(
        ticket.details,
        details.map(|(name, text)| (name.to_owned(), text.to_owned()))
    );
}

#[test]
fn what_is_looked_up_is_called_exactly_so() {
    let pretix = Cassette::parse(include_str!("../tests/cassettes/find.yaml"));
    let mut run = run("{}", pretix);
    let expected: [&[&str]; 7] = [
        &["GDPVT-2"],
        &["GQYJL-1", "GQYJL-2", "GQYJL-3"],
        &["T9CZC-1"],
        &[],
        &["T9CZC-1"],
        &[],
        &[],
    ];
    for (text, expected) in recording::SOUGHT.into_iter().zip(expected) {
        let tickets = run.find(text).unwrap();
        let references = tickets.iter().map(|ticket| ticket.reference.as_str());
        assert_eq!(references.collect::<Vec<_>>(), expected, "{text}");
    }
    assert_eq!(run.find(" "), Ok(Vec::new()));
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let refuse = |settings: &str| {
        let run = Run::<Pretix>::begin(settings, Reply::of(500, ""));
        run.err().unwrap()
    };
    assert_eq!(
        refuse(&settings(
            r#"{"categories": {"by_id": {"on-site": {"is_onsite": true}}}}"#
        )),
        r#"settings: mapping.categories.by_id: "on-site" is no id, expected a whole number"#
    );
    assert_eq!(
        refuse(&settings(
            r#"{"categories": {"by_id": {"7": {"is_onsite": "yes"}}}}"#
        )),
        r#"settings.mapping.categories.by_id.7.is_onsite: invalid type: string "yes", expected a boolean"#
    );
    assert_eq!(
        refuse(r#"{"organizer": "demo", "event": "conf", "token": "abc"}"#),
        "settings.token: expected a reference such as secret://API_TOKEN, not the secret itself"
    );
    assert_eq!(
        refuse(r#"{"event": "conf", "token": "secret://T"}"#),
        r#"settings: missing field "organizer""#
    );
}
