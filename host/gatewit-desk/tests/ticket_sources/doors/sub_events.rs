//! Dates of a series: a source that sells several of them lets nobody in by mistake.

use gatewit_desk::Desk;
use gatewit_domain::id::EventId;
use gatewit_domain::source::SourceTicket;
use serde_json::json;

use super::{ORGANIZER, attached, patch, scanned, selling};
use crate::office::refresh;
use crate::upstream::ticket;
use crate::world::block_on;

fn dated(reference: &str, sub_event: Option<&str>) -> SourceTicket {
    SourceTicket {
        sub_event: sub_event.map(str::to_owned),
        ..ticket(reference, "Ada")
    }
}

fn warnings(desk: &Desk, event: EventId) -> Vec<String> {
    desk.events
        .warnings(&block_on(async { desk.events.managed(&ORGANIZER, event) }).unwrap())
}

#[test]
fn tickets_of_a_source_with_several_dates_fail_closed_and_that_is_told() {
    let (office, upstream) = selling([dated("AAAA-1", Some("7")), dated("AAAA-2", None)]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    // A source's only date counts as the event's own.
    assert_eq!(scanned(&desk, summit, "code-AAAA-1"), "in");
    assert_eq!(warnings(&desk, summit), [""; 0]);
    upstream.put(dated("BBBB-1", Some("8")));
    refresh(&desk).unwrap();
    for desk in [desk, office.open()] {
        assert_eq!(scanned(&desk, summit, "code-AAAA-1"), "wrong_event");
        assert_eq!(scanned(&desk, summit, "code-BBBB-1"), "wrong_event");
        assert_eq!(
            warnings(&desk, summit),
            [
                "the ticket source \"box-office\" has tickets for several dates of a series (sub-events 7, 8), and the \
                 event names none of them: it refuses each of these tickets as wrong_event"
            ]
        );
    }
    // A ticket without a date is valid on any.
    let desk = office.open();
    assert_eq!(scanned(&desk, summit, "code-AAAA-2"), "in");
    patch(&desk, summit, json!({"ticketSources": []})).unwrap();
    assert_eq!(warnings(&desk, summit), [""; 0]);
}

#[test]
fn once_one_date_is_left_its_tickets_let_in() {
    let (office, upstream) = selling([dated("AAAA-1", Some("7")), dated("BBBB-1", Some("8"))]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    assert_eq!(scanned(&desk, summit, "code-AAAA-1"), "wrong_event");
    upstream.delete("BBBB-1");
    upstream.state().digest = "sha256:2".to_owned();
    refresh(&desk).unwrap();
    assert_eq!(scanned(&desk, summit, "code-AAAA-1"), "in");
}

#[test]
fn a_ticket_for_another_date_that_is_looked_up_at_the_door_is_refused() {
    let (office, upstream) = selling([dated("AAAA-1", Some("7"))]);
    let desk = office
        .configured(|source| source.live_find = true)
        .open_synced();
    let summit = attached(&desk);
    upstream.state().sold_now = vec![dated("BBBB-1", Some("8")), dated("CCCC-1", Some("7"))];
    assert_eq!(scanned(&desk, summit, "code-BBBB-1"), "wrong_event");
    assert_eq!(scanned(&desk, summit, "code-CCCC-1"), "in");
    assert_eq!(scanned(&desk, summit, "code-AAAA-1"), "in");
}

#[test]
fn the_date_of_a_ticket_that_was_taken_in_before_dates_were_kept_is_read_once_more() {
    let (office, _) = selling([dated("AAAA-1", Some("7")), dated("BBBB-1", Some("8"))]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    // Leave the ticket as an older version did.
    office.disk.edit("tickets/", |ticket| {
        ticket["origin"].as_object_mut().unwrap().remove("subEvent");
    });
    office.disk.edit("taken_in/", |taken| {
        taken.as_object_mut().unwrap().remove("reading");
    });
    assert_eq!(scanned(&desk, summit, "code-AAAA-1"), "in");
    let desk = office.open();
    block_on(desk.sources.import_all());
    assert_eq!(scanned(&desk, summit, "code-BBBB-1"), "wrong_event");
}
