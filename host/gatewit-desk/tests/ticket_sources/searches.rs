//! A ticket that changes is found by the name it has, whatever happens meanwhile.

use std::pin::pin;
use std::task::{Context, Waker};

use gatewit_desk::{Caller, Desk, TicketPage, TicketQuery};
use gatewit_domain::id::EventId;
use serde_json::json;

use crate::long_loops::event;
use crate::office::{Office, office, refresh};
use crate::upstream::{Upstream, crowd, ticket};
use crate::world::block_on;

const ORGANIZER: Caller = Caller::Local;
const TICKETS: usize = 600;

fn query(text: &str) -> TicketQuery {
    TicketQuery {
        text: Some(text.to_owned()),
        limit: 5,
        ..TicketQuery::default()
    }
}

/// Returns the names of those found.
fn names(page: TicketPage) -> Vec<String> {
    let tickets = page.tickets.into_iter();
    tickets.map(|shown| shown.ticket.attendee_name).collect()
}

fn found(desk: &Desk, event: EventId, text: &str) -> Vec<String> {
    names(block_on(desk.tickets.list(&ORGANIZER, event, query(text))).unwrap())
}

/// Returns an office whose event has many tickets.
fn crowded() -> (Office, std::sync::Arc<Upstream>, EventId) {
    let upstream = Upstream::new(100);
    upstream.put_all(crowd(TICKETS));
    let office = office(&upstream);
    let desk = office.open_synced();
    let summit = event(&desk, "summit", &json!(["box-office"]));
    (office, upstream, summit)
}

#[test]
fn a_ticket_that_changes_while_tickets_are_indexed_is_found_by_its_new_name_only() {
    // At many turns of the first search: the ticket may have been read already, or not yet.
    for turns in 0..12 {
        let (office, upstream, summit) = crowded();
        let desk = office.open();
        let mut first = pin!(desk.tickets.list(&ORGANIZER, summit, query("0300")));
        let mut context = Context::from_waker(Waker::noop());
        if (0..turns).any(|_| first.as_mut().poll(&mut context).is_ready()) {
            return;
        }
        upstream.put(ticket("T0300-1", "Grace Hopper"));
        refresh(&desk).unwrap();
        assert_eq!(names(block_on(first).unwrap()), ["Grace Hopper"]);
        assert_eq!(found(&desk, summit, "grace"), ["Grace Hopper"]);
        assert_eq!(found(&desk, summit, "ada 0300"), [""; 0]);
    }
}

#[test]
fn a_ticket_whose_change_fails_is_found_by_its_old_name() {
    let (office, upstream, summit) = crowded();
    let desk = office.open();
    assert_eq!(found(&desk, summit, "ada 0300"), ["Ada 0300"]);
    upstream.put(ticket("T0300-1", "Grace Hopper"));
    let mut is_changed = false;
    for breaks_after in 0.. {
        office.disk.mend(Some(breaks_after));
        let ended = refresh(&desk).is_ok();
        office.disk.mend(None);
        let [old, new] = ["ada 0300", "grace"].map(|text| found(&desk, summit, text));
        is_changed = !new.is_empty();
        match is_changed {
            true => assert_eq!((old, new), (vec![], vec!["Grace Hopper".to_owned()])),
            false => assert_eq!(old, ["Ada 0300"], "broken after {breaks_after}"),
        }
        if ended && breaks_after > 9 {
            break;
        }
    }
    assert!(is_changed);
}
