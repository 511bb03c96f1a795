//! From one sync to the next, and what can go wrong on the way.

use gatewit_sdk::Continuation;

use super::*;

#[test]
fn the_next_sync_asks_for_what_changed_since_the_first_page_was_made() {
    let token = sync("{}").token.unwrap();
    let since = "modified_since=2026-11-22T02%3A45%3A11.266745Z&ordering=-last_modified";
    let changed = r#"{"code": "T9CZC", "status": "c", "positions": [
        {"id": 1, "positionid": 1, "item": 1, "attendee_name": "Ada Lovelace", "secret": "s"}]}"#;
    let first =
        Reply::of(200, &one_order(changed)).header("x-page-generated", "2026-11-22T03:00:00+01:00");
    let upstream = pretix().on(&format!("/orders/?page=1&{since}"), first);
    let synced = run("{}", upstream).sync(Some(&token)).unwrap();
    assert_eq!(ticket(&synced, "T9CZC-1").state, TicketState::Canceled);
    let third = pretix().on(
        "/orders/?page=1&modified_since=2026-11-22T03%3A00%3A00%2B01%3A00",
        NOTHING,
    );
    let synced = run("{}", third).sync(synced.token.as_deref()).unwrap();
    assert_eq!((synced.tickets.len(), synced.token), (0, None));
}

#[test]
fn a_pretix_that_does_not_say_when_is_read_whole_every_time() {
    let synced = run("{}", pretix().on("/orders/", NOTHING))
        .sync(None)
        .unwrap();
    assert_eq!(synced.token, None);
}

#[test]
fn a_run_that_was_cut_off_goes_on_where_it_was() {
    let mut first = run("{}", pretix().on("/orders/?page=1", generated(ORDERS[0])));
    let page = first.tickets(None).unwrap();
    let Continuation::More(cursor) = page.next else {
        panic!("there are two pages");
    };
    let synced = run("{}", pretix().on("/orders/?page=2", ORDERS[1]))
        .sync(Some(&cursor))
        .unwrap();
    assert_eq!(
        (page.tickets.len() + synced.tickets.len(), synced.token),
        (26, sync("{}").token)
    );
}

#[track_caller]
fn starts_over(token: &str, upstream: Upstream) {
    let fault = run("{}", upstream).sync(Some(token)).unwrap_err();
    assert!(matches!(fault, Fault::StartOver(_)), "{fault:?}");
}

#[test]
fn what_cannot_be_gone_on_from_starts_over() {
    let token = sync("{}").token.unwrap();
    starts_over("page 2", pretix());
    let refused = Reply::of(400, r#"{"modified_since": ["Enter a valid date/time."]}"#);
    starts_over(&token, pretix().on("/orders/", refused));
    let moved = ITEMS.replace(r#""id": 4, "category": 2"#, r#""id": 4, "category": 1"#);
    assert_ne!(moved, ITEMS);
    let upstream = Upstream::at(BASE)
        .on("/categories/", CATEGORIES)
        .on("/items/", moved.as_str());
    starts_over(&token, upstream);
    let shrunk = pretix().on("/orders/?page=1", ORDERS[0]);
    let shrunk = shrunk.on(
        "/orders/?page=2",
        Reply::of(404, r#"{"detail": "Invalid page."}"#),
    );
    let fault = run("{}", shrunk).sync(None).unwrap_err();
    assert!(matches!(fault, Fault::StartOver(_)), "{fault:?}");
}

#[test]
fn an_upstream_that_fails_is_a_fault_of_its_kind() {
    let check = |reply: Reply, expected: &str| {
        let fault = run("{}", pretix().on("/orders/", reply))
            .sync(None)
            .unwrap_err();
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
    check(Reply::of(200, &ORDERS[0][..5000]), "Fault::Unavailable");
    check(
        Reply::of(200, &ORDERS[0].replace("positionid", "position")),
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
    let fault = run("{}", Upstream::at(BASE).on("/categories/", refused)).ticket_types();
    let Err(Fault::Unauthorized(words)) = fault else {
        panic!("{fault:?}");
    };
    assert!(
        words.contains("do not have permission") && words.contains("do not exist"),
        "{words}"
    );
}
