//! What a sync reads, and what is served while it does and when it fails.

use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use futures::FutureExt;
use futures::future::join_all;
use gatewit_domain::service::Desk;
use gatewit_domain::source::SourceFault;
use jiff::SignedDuration;

use crate::office::{
    EVERY, check_serves_upstream, count, keep_fresh, named, office, refresh, status,
};
use crate::upstream::{Upstream, crowd, ticket};
use crate::world::block_on;

fn unavailable() -> SourceFault {
    SourceFault::Unavailable("it is being repaired".to_owned())
}

#[test]
fn until_its_very_first_sync_has_ended_a_source_answers_nothing() {
    let upstream = Upstream::new(2);
    upstream.put_all(crowd(3));
    upstream.fail_next([None, Some(unavailable())]);
    let desk = office(&upstream).open();
    let words = "the tickets are being read for the first time; try again in a moment";
    for _ in 0..2 {
        assert_eq!(named(&desk, "T0001-1", "Ada 0001"), Err(words.to_owned()));
        assert_eq!(status(&desk).tickets, None);
        keep_fresh(&desk);
    }
    assert!(desk.source_ticket_types().is_err());
    refresh(&desk).unwrap();
    check_serves_upstream(&desk, &upstream);
}

#[test]
fn a_restarted_desk_serves_at_once_what_was_synced() {
    let upstream = Upstream::new(2);
    upstream.put_all(crowd(120));
    let office = office(&upstream);
    office.open_synced();
    upstream.take_asked();
    let desk = office.open();
    check_serves_upstream(&desk, &upstream);
    assert_eq!(desk.source_ticket_types().unwrap(), upstream.state().types);
    assert!(status(&desk).synced_at.is_some());
    assert_eq!(upstream.take_asked(), []);
}

#[test]
fn after_a_full_sync_only_what_changed_is_asked_for() {
    let upstream = Upstream::new(50);
    upstream.put_all(crowd(120));
    let office = office(&upstream);
    let desk = office.open_synced();
    assert_eq!(upstream.take_asked().len(), 3);
    upstream.put(ticket("T0007-1", "Grace Hopper"));
    upstream.put(ticket("T0121-1", "Ada 0121"));
    upstream.delete("T0003-1");
    refresh(&desk).unwrap();
    assert_eq!(upstream.take_asked(), [Some("120:0:".to_owned())]);
    check_serves_upstream(&desk, &upstream);
    assert_eq!(
        named(&desk, "T0003-1", "Ada 0003").unwrap(),
        "invalid ticket id"
    );
    check_serves_upstream(&office.open(), &upstream);
    // One that comes back is there again.
    upstream.put(ticket("T0003-1", "Ada 0003"));
    refresh(&desk).unwrap();
    check_serves_upstream(&office.open(), &upstream);
}

#[test]
fn a_sync_that_finds_nothing_new_writes_one_small_value() {
    for tells_changes in [true, false] {
        let upstream = Upstream::new(500);
        upstream.state().tells_changes = tells_changes;
        upstream.put_all(crowd(120));
        let office = office(&upstream);
        let desk = office.open_synced();
        let kept = office.disk.table("source_rows");
        let commits = office.disk.commits();
        refresh(&desk).unwrap();
        assert_eq!(office.disk.table("source_rows"), kept);
        if tells_changes {
            assert_eq!(office.disk.commits(), commits + 1);
        }
        let journal = office.disk.table("sources");
        assert!(journal[0].1.len() < 600, "{}", journal[0].1);
    }
}

#[test]
fn what_has_left_an_order_that_is_told_whole_is_gone() {
    let upstream = Upstream::new(50);
    upstream.state().tells_orders_whole = true;
    upstream.put_all(["AAAA-1", "AAAA-2", "AAAA-3", "BBBB-1"].map(|of| ticket(of, "Ada One")));
    let desk = office(&upstream).open_synced();
    upstream.delete("AAAA-2");
    upstream.put(ticket("AAAA-3", "Ada Three"));
    upstream.put(ticket("CCCC-2", "Ada One"));
    refresh(&desk).unwrap();
    assert_eq!(upstream.take_asked().pop(), Some(Some("4:0:".to_owned())));
    check_serves_upstream(&desk, &upstream);
    assert_eq!(
        named(&desk, "AAAA-2", "Ada One").unwrap(),
        "invalid ticket id"
    );
}

#[test]
fn once_a_day_everything_is_read() {
    let upstream = Upstream::new(50);
    upstream.put_all(crowd(3));
    let office = office(&upstream);
    let desk = office.open_synced();
    for _ in 0..3 {
        office.clock.pass(8 * 3_600);
        refresh(&desk).unwrap();
    }
    office.clock.pass(1);
    refresh(&desk).unwrap();
    let asked = upstream.take_asked();
    let full = asked.iter().map(Option::is_none).collect::<Vec<_>>();
    assert_eq!(full, [true, false, false, false, true]);
}

#[test]
fn a_full_sync_sweeps_what_it_did_not_see() {
    let upstream = Upstream::new(50);
    upstream.state().tells_changes = false;
    upstream.put_all(crowd(120));
    let office = office(&upstream);
    let desk = office.open_synced();
    upstream.delete("T0100-1");
    upstream.put(ticket("T0121-1", "Ada 0121"));
    refresh(&desk).unwrap();
    check_serves_upstream(&desk, &upstream);
    check_serves_upstream(&office.open(), &upstream);
    let rows = office.disk.table("source_rows");
    assert_eq!(rows.len(), 3, "those of the log before are thrown away");
}

#[test]
fn other_code_or_other_settings_read_everything_anew() {
    let upstream = Upstream::new(500);
    upstream.put_all(crowd(3));
    let office = office(&upstream);
    let desk = office.open_synced();
    upstream.state().digest = "sha256:2".to_owned();
    refresh(&desk).unwrap();
    drop(desk);
    upstream.state().settings = "other".to_owned();
    let desk = office.open_synced();
    refresh(&desk).unwrap();
    let asked = upstream.take_asked();
    assert_eq!(asked, [None, None, None, Some("3:0:".to_owned())]);
}

#[test]
fn a_token_that_is_good_no_longer_starts_over() {
    let upstream = Upstream::new(2);
    upstream.put_all(crowd(3));
    let desk = office(&upstream).open_synced();
    upstream.take_asked();
    upstream.put(ticket("T0001-1", "Grace Hopper"));
    upstream.fail_next([Some(SourceFault::StartOver(
        "the token is too old".to_owned(),
    ))]);
    refresh(&desk).unwrap();
    let asked = upstream.take_asked();
    assert_eq!(asked[..2], [Some("3:0:".to_owned()), None]);
    check_serves_upstream(&desk, &upstream);
    // One that can never begin is a fault, and no endless loop.
    let again = || Some(SourceFault::StartOver("never".to_owned()));
    upstream.fail_next([again(), again()]);
    assert_eq!(refresh(&desk), Err("a full sync is due: never".to_owned()));
    check_serves_upstream(&desk, &upstream);
}

#[test]
fn after_many_changes_everything_is_read_once_more() {
    let upstream = Upstream::new(500);
    upstream.put_all(crowd(3));
    let desk = office(&upstream).open_synced();
    let mut full = 0;
    for _ in 0..600 {
        upstream.put(ticket("T0002-1", "Ada 0002"));
        refresh(&desk).unwrap();
        full += upstream
            .take_asked()
            .iter()
            .filter(|cursor| cursor.is_none())
            .count();
    }
    assert_eq!(full, 3);
    check_serves_upstream(&desk, &upstream);
}

#[test]
fn while_a_source_fails_its_last_good_tickets_are_served_and_said_to_be_stale() {
    let upstream = Upstream::new(2);
    upstream.put_all(crowd(5));
    let desk = office(&upstream).open_synced();
    let tickets = upstream.tickets();
    upstream.put(ticket("T0001-1", "Grace Hopper"));
    upstream.fail_next([Some(unavailable())]);
    let words = "the ticketing system cannot answer: it is being repaired";
    assert_eq!(refresh(&desk), Err(words.to_owned()));
    let stale = status(&desk);
    assert_eq!(
        (stale.tickets, stale.fault.as_deref()),
        (Some(5), Some(words))
    );
    assert_eq!(
        named(&desk, "T0001-1", &tickets[0].holder_name).unwrap(),
        "attendee"
    );
    refresh(&desk).unwrap();
    assert_eq!(status(&desk).fault, None);
    check_serves_upstream(&desk, &upstream);
}

#[test]
fn what_broke_off_goes_on_where_it_was_unless_it_is_too_old_or_can_never_end() {
    let upstream = Upstream::new(1);
    upstream.put_all(crowd(4));
    let office = office(&upstream);
    let desk = office.open();
    let breaks = |fault| [None, None, Some(fault)];
    upstream.fail_next(breaks(unavailable()));
    refresh(&desk).unwrap_err();
    upstream.take_asked();
    refresh(&desk).unwrap();
    assert_eq!(upstream.take_asked()[0], Some("0:2:4".to_owned()));

    upstream.state().digest = "sha256:2".to_owned();
    upstream.fail_next(breaks(unavailable()));
    refresh(&desk).unwrap_err();
    office.clock.pass(3_600);
    upstream.take_asked();
    refresh(&desk).unwrap();
    assert_eq!(upstream.take_asked()[0], None);

    upstream.state().digest = "sha256:3".to_owned();
    upstream.fail_next(breaks(SourceFault::Plugin("trapped".to_owned())));
    refresh(&desk).unwrap_err();
    upstream.take_asked();
    refresh(&desk).unwrap();
    assert_eq!(upstream.take_asked()[0], None);
    check_serves_upstream(&desk, &upstream);
    assert_eq!(office.disk.table("source_rows").len(), 4);
}

#[test]
fn a_cursor_that_comes_twice_is_a_fault() {
    let upstream = Upstream::new(2);
    upstream.put_all(crowd(5));
    let desk = office(&upstream).open_synced();
    upstream.state().stuck_at = Some("again".to_owned());
    let words = "the same cursor came twice, so that the sync would never end";
    assert_eq!(refresh(&desk), Err(words.to_owned()));
    upstream.state().stuck_at = None;
    refresh(&desk).unwrap();
    check_serves_upstream(&desk, &upstream);
}

#[test]
fn a_source_is_synced_as_often_as_it_is_told_and_a_little_later() {
    let upstream = Upstream::new(500);
    let office = office(&upstream);
    let desk = office.open();
    for _ in 0..20 {
        let wait = keep_fresh(&desk);
        assert!((EVERY..EVERY + EVERY / 10).contains(&wait), "{wait}");
        office.clock.pass(299);
        keep_fresh(&desk);
        office.clock.pass(31);
    }
    assert_eq!(upstream.take_asked().len(), 20);
}

#[test]
fn what_fails_is_tried_again_ever_more_slowly() {
    let upstream = Upstream::new(500);
    let office = office(&upstream);
    let desk = office.open();
    let mut waits = Vec::new();
    for _ in 0..9 {
        upstream.fail_next([Some(unavailable())]);
        let wait = keep_fresh(&desk).as_secs();
        waits.push(wait * 10 / 11);
        office.clock.pass(wait + 1);
    }
    assert!(waits[0] <= 5 && waits[1] > 8 && waits[3] > 35, "{waits:?}");
    assert!(
        waits[7..].iter().all(|wait| (270..=300).contains(wait)),
        "{waits:?}"
    );
}

#[test]
fn a_ticketing_system_that_wants_rest_is_left_alone_for_as_long_as_it_says() {
    let upstream = Upstream::new(500);
    upstream.put_all(crowd(2));
    let office = office(&upstream);
    let desk = office.open();
    upstream.fail_next([Some(SourceFault::RateLimited(Some(900)))]);
    assert!(keep_fresh(&desk) >= SignedDuration::from_secs(900));
    office.clock.pass(899);
    keep_fresh(&desk);
    let words = "the ticketing system has had too many requests";
    assert_eq!(refresh(&desk), Err(words.to_owned()));
    assert_eq!(upstream.take_asked(), [None]);
    office.clock.pass(1);
    refresh(&desk).unwrap();
    assert_eq!(count(&desk), 2);
}

#[test]
fn one_that_wants_hardly_any_rest_is_tried_ever_more_slowly_too() {
    let upstream = Upstream::new(500);
    let office = office(&upstream);
    let desk = office.open();
    for least in [5, 10, 20] {
        upstream.fail_next([Some(SourceFault::RateLimited(Some(0)))]);
        let wait = keep_fresh(&desk);
        assert!(wait >= SignedDuration::from_secs(least), "{wait}");
        office.clock.pass(wait.as_secs() + 1);
    }
}

#[test]
fn what_was_read_to_its_end_is_served_though_reading_it_once_more_fails() {
    let upstream = Upstream::new(2);
    upstream.put_all(crowd(5));
    let desk = office(&upstream).open();
    let again = || Some(unavailable());
    upstream.fail_next([None, again()]);
    refresh(&desk).unwrap_err();
    upstream.fail_next([None, None, again()]);
    refresh(&desk).unwrap_err();
    check_serves_upstream(&desk, &upstream);
    assert!(status(&desk).fault.is_some());
}

#[test]
fn a_clock_that_is_set_back_puts_no_sync_off() {
    let upstream = Upstream::new(500);
    let office = office(&upstream);
    office.clock.pass(3_600);
    let desk = office.open_synced();
    upstream.take_asked();
    office.clock.pass(-3_600);
    keep_fresh(&desk);
    assert_eq!(upstream.take_asked().len(), 1);
}

#[test]
fn whoever_asks_during_a_run_waits_for_the_next_with_all_others() {
    let upstream = Upstream::new(10);
    upstream.put_all(crowd(30));
    let desk = office(&upstream).open_synced();
    let begun = upstream.state().runs;
    let ask = |desk: Arc<Desk>| async move { desk.refresh_sources().await }.boxed();
    let asking = (0..15).map(|_| ask(Arc::clone(&desk)));
    let asking = Arc::new(Mutex::new(asking.collect::<Vec<_>>()));
    let during = Arc::clone(&asking);
    upstream.state().on_page = Some(Box::new(move || {
        let mut nobody = Context::from_waker(Waker::noop());
        for one in during.lock().unwrap().iter_mut() {
            assert!(one.poll_unpin(&mut nobody).is_pending());
        }
    }));
    upstream.put(ticket("T0031-1", "Ada 0031"));
    refresh(&desk).unwrap();
    upstream.state().on_page = None;
    let asking = std::mem::take(&mut *asking.lock().unwrap());
    for outcome in block_on(join_all(asking)) {
        outcome.unwrap();
    }
    assert_eq!(upstream.state().runs - begun, 2);
    check_serves_upstream(&desk, &upstream);
}

#[test]
fn a_source_that_is_down_holds_up_no_other() {
    let (up, down) = (Upstream::new(10), Upstream::new(10));
    up.put_all(crowd(3));
    down.fail_next([Some(unavailable())]);
    let office = office(&down).with("other", &up);
    let desk = office.open();
    refresh(&desk).unwrap_err();
    let tickets: Vec<_> = desk.sources().iter().map(|source| source.tickets).collect();
    assert_eq!(tickets, [None, Some(3)]);
}
