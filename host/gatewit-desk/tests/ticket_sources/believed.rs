//! When a list is accepted that is shorter than before, or than the ticketing system's own count.

use std::sync::Arc;

use gatewit_desk::Desk;
use gatewit_domain::source::SourceTotal::{Orders, Tickets};
use gatewit_domain::source::{SourceTicket, SourceTotal};

use crate::office::{check_serves_upstream, count, office, refresh, status, told};
use crate::upstream::{Upstream, crowd, ticket, unavailable};

/// Returns a desk that has read ten tickets of a ticketing system that reports no changes.
fn ten() -> (Arc<Desk>, Arc<Upstream>) {
    let upstream = Upstream::new(500);
    upstream.state().tells_changes = false;
    upstream.put_all(crowd(10));
    let desk = office(&upstream).open_synced();
    upstream.take_asked();
    (desk, upstream)
}

/// Lists these at the next full runs; returns how many pages the sync asked for, and its result.
fn list_next(
    (desk, upstream): &(Arc<Desk>, Arc<Upstream>),
    lists: impl IntoIterator<Item = Vec<SourceTicket>>,
    total: Option<SourceTotal>,
) -> (usize, Result<(), String>) {
    upstream.state().lists_next.extend(lists);
    upstream.state().total = total;
    let refreshed = refresh(desk);
    (upstream.take_asked().len(), refreshed)
}

const IN_DOUBT: &str = "a second reading did not settle this, so what is served stays as it is";

#[test]
fn a_second_reading_is_a_run_of_its_own_so_that_it_reads_files_anew() {
    let ten = ten();
    let before = ten.1.state().runs;
    let (_, refreshed) = list_next(&ten, [crowd(2), crowd(10)], None);
    assert_eq!(refreshed, Ok(()));
    assert_eq!(ten.1.state().runs - before, 2);
}

#[test]
fn a_list_with_fewer_than_its_own_system_counts_is_read_again_and_then_not_served() {
    let ten = ten();
    let (desk, upstream) = &ten;
    let shown_twice = [crowd(4), crowd(6)].concat();
    for (lists, total, words) in [
        (
            [crowd(7), crowd(9)],
            Tickets(10),
            "it counts 10 tickets and listed 9 of them",
        ),
        (
            [crowd(9), shown_twice],
            Tickets(10),
            "it counts 10 tickets and listed 6 of them",
        ),
        (
            [crowd(9), crowd(9)],
            Orders(10),
            "it counts 10 orders and listed 9 of them",
        ),
    ] {
        let (asked, refreshed) = list_next(&ten, lists, Some(total));
        assert_eq!(refreshed, Err(format!("{words}; {IN_DOUBT}")));
        assert_eq!(asked, 2);
        let trouble = status(desk).trouble.map(|trouble| told(&trouble));
        assert_eq!(trouble, Some(format!("{words}; {IN_DOUBT}")));
        check_serves_upstream(desk, upstream);
    }
    // Tickets that are missing only from the first reading are not reported.
    assert_eq!(list_next(&ten, [crowd(9)], Some(Tickets(10))), (2, Ok(())));
    assert_eq!(status(desk).trouble, None);
    check_serves_upstream(desk, upstream);
    // Each ticket has its own order, and one was sold meanwhile.
    assert_eq!(list_next(&ten, [crowd(11)], Some(Orders(10))), (1, Ok(())));
    assert_eq!(count(desk), 11);
}

#[test]
fn a_list_that_falls_to_none_or_by_more_than_half_is_served_once_a_second_reading_agrees() {
    let ten = ten();
    let (desk, upstream) = &ten;
    assert_eq!(list_next(&ten, [Vec::new()], None), (2, Ok(())));
    check_serves_upstream(desk, upstream);
    let others = vec![ticket("T0001-1", "Ada One"), ticket("T0009-1", "Ada Nine")];
    for lists in [[crowd(2), others], [crowd(4), Vec::new()]] {
        let listed = lists[1].len();
        let words = format!("it listed {listed} tickets where it had 10; {IN_DOUBT}");
        assert_eq!(list_next(&ten, lists, None), (2, Err(words)));
        check_serves_upstream(desk, upstream);
    }
    assert_eq!(
        list_next(&ten, [crowd(5)], None),
        (1, Ok(())),
        "half is left"
    );
    assert_eq!(list_next(&ten, [crowd(2), crowd(2)], None), (2, Ok(())));
    assert_eq!(count(desk), 2);
    let none = || Vec::new();
    assert_eq!(list_next(&ten, [none(), none()], None), (2, Ok(())));
    assert_eq!(count(desk), 0);
    assert_eq!(
        list_next(&ten, [none()], None),
        (1, Ok(())),
        "there were none"
    );
}

#[test]
fn types_of_tickets_that_vanish_are_not_believed() {
    let ten = ten();
    let (desk, upstream) = &ten;
    let types = std::mem::take(&mut upstream.state().types);
    let words = "it lists no types of tickets where it had 2, so what is served stays as it is";
    for lists in [vec![crowd(10)], vec![crowd(2), crowd(10)]] {
        assert_eq!(list_next(&ten, lists, None).1, Err(words.to_owned()));
        check_serves_upstream(desk, upstream);
    }
    upstream.state().types = types;
    upstream.state().lists_next.clear();
    assert_eq!(list_next(&ten, [crowd(10)], None).1, Ok(()));
}

#[test]
fn a_first_list_with_fewer_than_its_own_system_counts_is_not_served_either() {
    let upstream = Upstream::new(500);
    upstream.put_all(crowd(3));
    upstream.state().total = Some(Tickets(4));
    let desk = office(&upstream).open();
    refresh(&desk).unwrap_err();
    assert_eq!(status(&desk).tickets, None);
    upstream.state().total = Some(Tickets(3));
    refresh(&desk).unwrap();
    check_serves_upstream(&desk, &upstream);
}

#[test]
fn what_a_run_listed_before_it_broke_off_counts() {
    let upstream = Upstream::new(1);
    upstream.put_all(crowd(4));
    upstream.state().total = Some(Tickets(4));
    let desk = office(&upstream).open();
    upstream.fail_next([None, None, Some(unavailable())]);
    refresh(&desk).unwrap_err();
    upstream.take_asked();
    refresh(&desk).unwrap();
    let asked = upstream.take_asked();
    assert_eq!(asked[0], Some("0:2:4".to_owned()));
    assert!(!asked.contains(&None), "nothing is read again: {asked:?}");
    check_serves_upstream(&desk, &upstream);
}

#[test]
fn what_changes_is_not_held_against_the_count_of_everything() {
    let upstream = Upstream::new(500);
    upstream.put_all(crowd(4));
    let desk = office(&upstream).open_synced();
    upstream.take_asked();
    upstream.put(ticket("T0002-1", "Grace Hopper"));
    upstream.state().total = Some(Tickets(4));
    refresh(&desk).unwrap();
    assert_eq!(upstream.take_asked().len(), 1);
    check_serves_upstream(&desk, &upstream);
}
