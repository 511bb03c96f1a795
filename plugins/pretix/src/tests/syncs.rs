//! Successive syncs, and their failures.

use gatewit_sdk::Continuation;

use super::*;

/// The syncs after that: first an order was canceled meanwhile, then nothing changed.
fn changed() -> Cassette {
    Cassette::parse(include_str!("../../tests/cassettes/changed.yaml"))
}

#[test]
fn the_next_sync_asks_for_what_changed_since_the_first_page_was_made() {
    let token = sync("{}").token;
    let mut run = run("{}", changed());
    let synced = run.sync(token.as_deref()).unwrap();
    let tickets = synced.tickets.iter();
    let tickets = tickets.map(|ticket| (ticket.reference.as_str(), ticket.state));
    assert_eq!(
        tickets.collect::<Vec<_>>(),
        [(recording::CANCELED, TicketState::Canceled)]
    );
    let next = run.sync(synced.token.as_deref()).unwrap();
    assert_eq!(next.tickets, []);
    assert!(next.token.is_some_and(|token| Some(token) != synced.token));
}

#[test]
fn a_pretix_that_does_not_say_when_is_read_whole_every_time() {
    let synced = run("{}", whole().but("/orders/", NOTHING)).sync(None);
    assert_eq!(synced.unwrap().token, None);
}

#[test]
fn a_run_that_was_cut_off_goes_on_where_it_was() {
    let page = run("{}", whole().partly()).tickets(None).unwrap();
    let Continuation::More(cursor) = page.next else {
        panic!("there are two pages");
    };
    let rest = run("{}", whole().partly()).sync(Some(&cursor)).unwrap();
    let all = sync("{}");
    assert_eq!([page.tickets, rest.tickets].concat(), all.tickets);
    assert_eq!(rest.token, all.token);
}

#[track_caller]
fn starts_over(token: Option<&str>, pretix: Cassette) {
    let fault = run("{}", pretix).sync(token).unwrap_err();
    assert!(matches!(fault, Fault::StartOver(_)), "{fault:?}");
}

#[test]
fn what_cannot_be_gone_on_from_starts_over() {
    let token = sync("{}").token;
    starts_over(Some("page 2"), whole().partly());
    let refused = Reply::of(400, r#"{"modified_since": ["Enter a valid date/time."]}"#);
    starts_over(token.as_deref(), changed().but("/orders/", refused));
    let items = changed().body("/items/");
    let moved = items.replace(r#""id":4,"category":2"#, r#""id":4,"category":1"#);
    assert_ne!(moved, items);
    starts_over(token.as_deref(), changed().but("/items/", moved.as_str()));
    let shrunk = Reply::of(404, r#"{"detail": "Invalid page."}"#);
    starts_over(None, whole().but("/orders/?page=2", shrunk));
}

#[test]
fn an_upstream_that_fails_is_a_fault_of_its_kind() {
    let check = |reply: Reply, expected: &str| {
        let pretix = whole().but("/orders/", reply);
        let fault = run("{}", pretix).sync(None).unwrap_err();
        let fault = format!("{fault:?}");
        assert!(fault.starts_with(expected), "{fault}");
    };
    check(
        Reply::of(429, "").header("retry-after", "17"),
        "Fault::RateLimited(Some(17))",
    );
    check(
        Reply::of(503, "down"),
        "Fault::Unavailable(\"GET https://pretix.example.org/",
    );
    check(
        Reply::of(404, r#"{"detail": "Not found."}"#),
        "Fault::NotFound",
    );
    let orders = whole().body("/orders/");
    check(Reply::of(200, &orders[..1000]), "Fault::Unavailable");
    check(
        Reply::of(200, &orders.replace("positionid", "position")),
        "Fault::Unavailable",
    );
    let endless = one_order(r#"{"code": "A", "status": "p", "positions": []}"#);
    check(
        Reply::of(200, &endless.replace("null", "\"/2\"")),
        "Fault::Unavailable(\"the ticketing system talks nonsense",
    );
    check(
        Reply::of(200, &NOTHING.replacen("null", "\"/2\"", 1)),
        "Fault::Unavailable(\"the ticketing system talks nonsense",
    );
}

#[test]
fn a_refusal_says_that_the_event_may_not_exist() {
    let refused = Reply::of(
        403,
        r#"{"detail": "You do not have permission to perform this action."}"#,
    );
    let fault = run("{}", whole().but("/categories/", refused)).ticket_types();
    let Err(Fault::Unauthorized(words)) = fault else {
        panic!("{fault:?}");
    };
    assert!(
        words.contains("do not have permission") && words.contains("do not exist"),
        "{words}"
    );
}
