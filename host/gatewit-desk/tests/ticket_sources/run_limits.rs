//! A run that reads more than it may, or for longer, fails and leaves nothing behind.

use std::sync::Arc;

use gatewit_domain::source::{Continuation, RunLimits, SourcePage};
use jiff::SignedDuration;

use crate::office::{Office, check_serves_upstream, office, refresh, status};
use crate::upstream::{Upstream, crowd, ticket, unavailable};

const TOO_MANY: &str = "it listed more than 100 tickets in one run; limits.tickets_per_run of the source raises that; \
                        what the run has read is thrown away";

fn limited(upstream: &Arc<Upstream>, limits: RunLimits) -> Office {
    office(upstream).configured(|source| source.run_limits = limits)
}

fn hundred_tickets() -> RunLimits {
    RunLimits {
        tickets: 100,
        ..RunLimits::default()
    }
}

fn rows(office: &Office) -> usize {
    office.disk.table("source_rows").len()
}

#[test]
fn a_full_run_with_too_many_tickets_is_thrown_away_and_what_was_read_before_serves() {
    let upstream = Upstream::new(10);
    upstream.state().tells_changes = false;
    upstream.put_all(crowd(100));
    let office = limited(&upstream, hundred_tickets());
    let desk = office.open_synced();
    let before = rows(&office);
    upstream.put(ticket("T0101-1", "Ada 0101"));
    assert_eq!(refresh(&desk), Err(TOO_MANY.to_owned()));
    assert_eq!((status(&desk).tickets, rows(&office)), (Some(100), before));
    upstream.delete("T0101-1");
    refresh(&desk).unwrap();
    check_serves_upstream(&desk, &upstream);
}

#[test]
fn a_run_for_changes_with_too_many_tickets_is_thrown_away() {
    let upstream = Upstream::new(10);
    upstream.put_all(crowd(3));
    let office = limited(&upstream, hundred_tickets());
    let desk = office.open_synced();
    let before = rows(&office);
    upstream.put_all(crowd(101));
    assert_eq!(refresh(&desk), Err(TOO_MANY.to_owned()));
    assert_eq!((status(&desk).tickets, rows(&office)), (Some(3), before));
}

#[test]
fn a_run_that_is_resumed_counts_on() {
    let upstream = Upstream::new(60);
    upstream.put_all(crowd(120));
    let office = limited(&upstream, hundred_tickets());
    let desk = office.open();
    upstream.fail_next([None, Some(unavailable())]);
    refresh(&desk).unwrap_err();
    assert_eq!(rows(&office), 2);
    assert_eq!(refresh(&desk), Err(TOO_MANY.to_owned()));
    assert_eq!(upstream.take_asked()[2], Some("0:60:120".to_owned()));
    assert_eq!(rows(&office), 0);
}

#[test]
fn what_a_run_takes_is_bounded_whatever_its_pages_hold() {
    let upstream = Upstream::new(10);
    let limits = RunLimits {
        bytes: 1 << 20,
        ..RunLimits::default()
    };
    let office = limited(&upstream, limits);
    let desk = office.open();
    let words = "its tickets of one run take more than 1 MiB; limits.run_mib of the source raises that; what the run \
                 has read is thrown away";
    let page = |number: u64| SourcePage {
        tickets: Vec::new(),
        gone: Vec::new(),
        whole_orders: Vec::new(),
        total: None,
        next: Continuation::More(number.to_string()),
    };
    let heavy = |number: u64| SourcePage {
        whole_orders: vec![number.to_string().repeat(500_000)],
        ..page(number)
    };
    let pages: [(&dyn Fn(u64) -> SourcePage, usize); 2] = [(&page, 1_100), (&heavy, 4)];
    for (page, at_most) in pages {
        upstream.state().pages_next = (0..2_000).map(page).collect();
        assert_eq!(refresh(&desk), Err(words.to_owned()));
        assert!(upstream.take_asked().len() < at_most);
        upstream.state().pages_next.clear();
    }
    assert_eq!(rows(&office), 0);
}

#[test]
fn a_run_that_takes_too_long_is_thrown_away() {
    let upstream = Upstream::new(10);
    upstream.put_all(crowd(100));
    let limits = RunLimits {
        time: SignedDuration::from_secs(60),
        ..RunLimits::default()
    };
    let office = limited(&upstream, limits);
    let desk = office.open();
    let clock = Arc::clone(&office.clock);
    upstream.state().on_page = Some(Box::new(move || clock.pass(20)));
    let words = "its run took longer than 60 s; limits.run_timeout_s of the source raises that; what the run has read is \
                 thrown away";
    assert_eq!(refresh(&desk), Err(words.to_owned()));
    assert_eq!((upstream.take_asked().len(), rows(&office)), (4, 0));
    upstream.state().on_page = None;
    refresh(&desk).unwrap();
    check_serves_upstream(&desk, &upstream);
}
