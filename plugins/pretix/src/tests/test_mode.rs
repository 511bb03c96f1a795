//! Orders made in test mode. The one on the cassette was made before its event left test mode.

use gatewit_sdk::Continuation;

use super::*;

const LIVE: &str = include_str!("../../tests/cassettes/test-order.yaml");

fn settings_with(setting: &str) -> String {
    settings("{}").replacen('{', &format!("{{{setting}"), 1)
}

/// The ticket of the test order, with one more setting.
#[track_caller]
fn found(setting: &str, pretix: impl Transport + 'static) -> Ticket {
    let mut run = Run::<Pretix>::begin(&settings_with(setting), pretix).unwrap();
    let reference = format!("{}-1", recording::TEST_ORDER);
    run.find(&reference).unwrap().remove(0)
}

/// The same while the event itself is in test mode, or does not say.
fn in_test_mode() -> Cassette {
    Cassette::parse(&LIVE.replace("testmode: false", "testmode: true"))
}

#[test]
fn a_test_order_is_blocked_unless_its_event_is_in_test_mode_or_the_operator_admits_it() {
    let live = || Cassette::parse(LIVE);
    for (setting, pretix, state) in [
        ("", live(), TicketState::Blocked),
        (r#""test_mode": "refuse","#, live(), TicketState::Blocked),
        (
            r#""test_mode": "admit","#,
            live().partly(),
            TicketState::Valid,
        ),
        ("", in_test_mode(), TicketState::Valid),
    ] {
        let ticket = found(setting, pretix);
        assert_eq!(ticket.state, state, "{setting}");
        let told = ("testMode".to_owned(), "ordered in test mode".to_owned());
        assert!(ticket.details.contains(&told), "{setting}");
    }
    let refused = Run::<Pretix>::begin(&settings_with(r#""test_mode": "maybe","#), live().partly());
    let words = refused.err().unwrap();
    assert!(
        words.contains("settings.test_mode") && words.contains("admit"),
        "{words}"
    );
}

/// A pretix that lists one paid order made in test mode, and gives this answer for its event.
struct Trial(Reply);

impl Transport for Trial {
    fn send(
        &self,
        request: &gatewit_sdk::Request,
    ) -> Result<gatewit_sdk::Response, gatewit_sdk::HttpError> {
        let order = r#"{"code": "AAAA2", "status": "p", "testmode": true, "positions": [
            {"id": 1, "positionid": 1, "item": 1, "secret": "s"}]}"#;
        if request.url.ends_with("/events/conf/") {
            return self.0.send(request);
        }
        let orders = Reply::from(one_order(order).as_str());
        match request.url.contains("/orders/") {
            true => orders
                .header("x-page-generated", "2026-11-22T05:03:26.891816Z")
                .send(request),
            false => Reply::from(NOTHING).send(request),
        }
    }
}

#[test]
fn an_event_that_enters_or_leaves_its_test_mode_is_read_anew() {
    let trial = |testmode| Trial(Reply::from(testmode));
    let synced = run("{}", trial(r#"{"testmode": true}"#))
        .sync(None)
        .unwrap();
    assert_eq!(synced.tickets[0].state, TicketState::Valid);
    let token = synced.token;
    let again = run("{}", trial(r#"{"testmode": true}"#)).sync(token.as_deref());
    assert!(again.is_ok(), "{again:?}");
    let left = run("{}", trial(r#"{"testmode": false}"#)).sync(token.as_deref());
    assert!(matches!(left, Err(Fault::StartOver(_))), "{left:?}");
}

#[test]
fn where_the_event_may_not_be_read_test_orders_stay_out_and_what_fails_is_a_fault() {
    for status in [403, 404] {
        let synced = run("{}", Trial(Reply::of(status, ""))).sync(None).unwrap();
        assert_eq!(synced.tickets[0].state, TicketState::Blocked, "{status}");
    }
    let down = run("{}", Trial(Reply::of(503, ""))).sync(None);
    assert!(matches!(down, Err(Fault::Unavailable(_))), "{down:?}");
}

#[test]
fn an_event_without_test_orders_is_not_asked_for_its_mode() {
    // The cassette holds only categories, items and orders.
    let page = run("{}", whole().partly()).tickets(None).unwrap();
    let Continuation::More(cursor) = page.next else {
        panic!("there are two pages");
    };
    assert!(cursor.contains(r#""test_mode":null"#), "{cursor}");
}
