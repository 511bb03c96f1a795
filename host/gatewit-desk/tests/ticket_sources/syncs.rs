//! What a sync reads, and what is served during it and after it fails.

use gatewit_domain::plugin::CallError;
use gatewit_domain::source::SourceFault;

use crate::office::{check_serves_upstream, keep_fresh, named, office, refresh, status, told};
use crate::upstream::{Upstream, crowd, ticket, unavailable};
use crate::world::block_on;

#[test]
fn until_its_very_first_sync_has_ended_a_source_answers_nothing() {
    let upstream = Upstream::new(2);
    upstream.put_all(crowd(3));
    upstream.fail_next([None, Some(unavailable())]);
    let desk = office(&upstream).open();
    for words in [
        "the tickets are being read for the first time; try again in a moment",
        "the tickets could not be read yet; the server's log says why",
    ] {
        assert_eq!(named(&desk, "T0001-1", "Ada 0001"), Err(words.to_owned()));
        assert_eq!(status(&desk).tickets, None);
        keep_fresh(&desk);
    }
    assert!(desk.sources.ticket_types().is_err());
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
    assert_eq!(desk.sources.ticket_types().unwrap(), upstream.state().types);
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
    // A ticket that comes back is served again.
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
    upstream.fail_next([Some(SourceFault::StartOver("the token is too old".into()))]);
    refresh(&desk).unwrap();
    let asked = upstream.take_asked();
    assert_eq!(asked[..2], [Some("3:0:".to_owned()), None]);
    check_serves_upstream(&desk, &upstream);
    // A run that always has to start over is a fault, not an endless loop.
    let again = || Some(SourceFault::StartOver("never".into()));
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
        (stale.tickets, stale.trouble.as_ref().map(told).as_deref()),
        (Some(5), Some(words))
    );
    assert_eq!(
        named(&desk, "T0001-1", &tickets[0].holder_name).unwrap(),
        "attendee"
    );
    refresh(&desk).unwrap();
    assert_eq!(status(&desk).trouble, None);
    check_serves_upstream(&desk, &upstream);
}

#[test]
fn whoever_asks_for_a_refresh_reads_nothing_of_what_a_plugin_says() {
    let upstream = Upstream::new(2);
    let desk = office(&upstream).open();
    upstream.fail_next([Some(SourceFault::Unexpected("ada@example.org".into()))]);
    let refusal = block_on(desk.sources.refresh_all()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the ticketing system cannot be asked; try again in a moment"
    );
    let trouble = status(&desk).trouble.unwrap();
    assert!(!format!("{trouble:?}").contains("ada"), "{trouble:?}");
    assert!(told(&trouble).ends_with(": ada@example.org"));
}

#[test]
fn a_source_is_as_old_after_a_restart_as_before_it() {
    let upstream = Upstream::new(2);
    upstream.put_all(crowd(3));
    let office = office(&upstream);
    let before = status(&office.open_synced()).synced_at;
    office.clock.pass(3_600);
    let after = status(&office.open());
    assert_eq!((after.tickets, after.synced_at), (Some(3), before));
}

#[test]
fn a_source_whose_stored_rows_are_damaged_stops_no_start_and_no_other_source() {
    let (damaged, sound) = (Upstream::new(2), Upstream::new(2));
    for upstream in [&damaged, &sound] {
        upstream.put_all(crowd(3));
    }
    for table in ["sources", "source_rows"] {
        let office = office(&damaged).with("sound", &sound);
        office.open_synced();
        office.disk.damage(&format!("{table}/box-office"));
        let desk = office.open();
        let tickets: Vec<_> = desk
            .sources
            .statuses()
            .iter()
            .map(|of| of.tickets)
            .collect();
        assert_eq!(tickets, [None, Some(3)], "{table}");
        let trouble = told(&status(&desk).trouble.unwrap());
        assert!(
            trouble.starts_with("what was stored of it is damaged"),
            "{trouble}"
        );
    }
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
    upstream.fail_next(breaks(SourceFault::from(CallError::CutOff)));
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
    let words =
        "the plugin failed: it gave the same cursor twice, so that the sync would never end";
    assert_eq!(refresh(&desk), Err(words.to_owned()));
    upstream.state().stuck_at = None;
    refresh(&desk).unwrap();
    check_serves_upstream(&desk, &upstream);
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
    assert!(status(&desk).trouble.is_some());
}

#[test]
fn a_source_that_is_down_holds_up_no_other() {
    let (up, down) = (Upstream::new(10), Upstream::new(10));
    up.put_all(crowd(3));
    down.fail_next([Some(unavailable())]);
    let office = office(&down).with("other", &up);
    let desk = office.open();
    refresh(&desk).unwrap_err();
    let tickets: Vec<_> = desk
        .sources
        .statuses()
        .iter()
        .map(|source| source.tickets)
        .collect();
    assert_eq!(tickets, [None, Some(3)]);
}
