//! pretix as it answers: `tests/*.json` are answers of a pretix 2026.8.0, cut down to what matters.

mod products;
mod syncs;

use gatewit_sdk::testing::{Reply, Run, Synced, Upstream};
use gatewit_sdk::{Fault, Ticket, TicketState};

use crate::Pretix;

const BASE: &str = "https://pretix.example.org/api/v1/organizers/demo/events/conf";
const CATEGORIES: &str = include_str!("../tests/categories.json");
const ITEMS: &str = include_str!("../tests/items.json");
const ORDERS: [&str; 2] = [
    include_str!("../tests/orders-1.json"),
    include_str!("../tests/orders-2.json"),
];
const NOTHING: &str = r#"{"count": 0, "next": null, "previous": null, "results": []}"#;
const GENERATED: &str = "2026-11-22T02:45:11.266745Z";

fn settings(mapping: &str) -> String {
    format!(
        r#"{{"base_url": "https://pretix.example.org/api/v1/", "organizer": "demo", "event": "conf",
            "token": "secret://PRETIX_TOKEN", "mapping": {mapping}}}"#
    )
}

fn run(mapping: &str, upstream: Upstream) -> Run<Pretix> {
    Run::begin(&settings(mapping), upstream).unwrap()
}

/// pretix, asked for what is on sale.
fn pretix() -> Upstream {
    let pretix = Upstream::at(BASE).on("/categories/?page=1&page_size=50", CATEGORIES);
    pretix.on("/items/?page=1&page_size=50", ITEMS)
}

fn generated(body: &str) -> Reply {
    Reply::of(200, body).header("x-page-generated", GENERATED)
}

fn whole() -> Upstream {
    let first = "/orders/?page=1&page_size=50&ordering=datetime&include_canceled_positions=true";
    let pretix = pretix().on(first, generated(ORDERS[0]));
    let later = Reply::of(200, ORDERS[1]).header("x-page-generated", "later");
    pretix.on("/orders/?page=2&ordering=datetime", later)
}

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
        ]
    );
    assert_eq!(synced.tickets.len(), 26);
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
    assert_eq!(times("KQKES-1"), (Some(1_795_920_116), None));
    assert_eq!(times("Q7DRM-1"), (None, Some(1_794_710_516)));
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
    let upstream = pretix().on("/orders/", one_order(order).as_str());
    let synced = run("{}", upstream).sync(None).unwrap();
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
    let check = |text: &str, query: &str, expected: &[&str]| {
        let upstream = Upstream::at(BASE).on(&format!("/orders/?page=1&{query}"), ORDERS[0]);
        let upstream = upstream.on("/categories/", CATEGORIES).on("/items/", ITEMS);
        let tickets = run("{}", upstream).find(text).unwrap();
        let references = tickets.iter().map(|ticket| ticket.reference.as_str());
        assert_eq!(references.collect::<Vec<_>>(), expected, "{text}");
    };
    check("gdpvt-2", "code=GDPVT", &["GDPVT-2"]);
    check(
        " GQYJL ",
        "search=GQYJL",
        &["GQYJL-1", "GQYJL-2", "GQYJL-3"],
    );
    check("Ada@example.org", "search=Ada%40example.org", &["T9CZC-1"]);
    check("da@example.org", "search=da%40example.org", &[]);
    check(
        "6edt34mct9yff3ee56mkdzt58wke7geu",
        "search=6edt34mct9yff3ee56mkdzt58wke7geu",
        &["T9CZC-1"],
    );
    check("6edt34", "search=6edt34", &[]);
    let nobody = Upstream::at(BASE).on("/orders/", NOTHING);
    assert_eq!(run("{}", nobody).find("ABCDE-1"), Ok(Vec::new()));
    assert_eq!(run("{}", Upstream::at(BASE)).find(" "), Ok(Vec::new()));
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let refuse = |settings: &str| {
        Run::<Pretix>::begin(settings, Upstream::at(BASE))
            .err()
            .unwrap()
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
