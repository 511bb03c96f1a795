//! A server that is killed at any commit of a sync: the old tickets are served until all new ones are.

use std::sync::{Arc, Mutex, Weak};

use gatewit_desk::Desk;
use proptest::prelude::*;

use crate::office::{Office, check_serves_upstream, count, named, office, refresh};
use crate::upstream::{Upstream, crowd, ticket};

/// Syncs twelve tickets, then renames each, deletes four and adds four.
fn office_with_news(tells_changes: bool) -> (Office, Arc<Upstream>) {
    let upstream = Upstream::new(3);
    upstream.state().tells_changes = tells_changes;
    upstream.put_all(crowd(12));
    let office = office(&upstream);
    office.open_synced();
    for number in 5..=14 {
        upstream.put(ticket(
            &format!("T{number:04}-1"),
            &format!("Grace {number:04}"),
        ));
    }
    for number in 1..=4 {
        upstream.delete(&format!("T{number:04}-1"));
    }
    (office, upstream)
}

/// Returns whether the new state is served; panics if neither the old nor the new one is.
#[track_caller]
fn is_new(desk: &Desk) -> bool {
    let found = |number: usize, name: &str| {
        named(
            desk,
            &format!("T{number:04}-1"),
            &format!("{name} {number:04}"),
        )
        .unwrap()
            == "attendee"
    };
    let old = (1..=12).all(|number| found(number, "Ada")) && count(desk) == 12;
    let new = (5..=14).all(|number| found(number, "Grace")) && count(desk) == 10;
    assert!(old != new, "{} tickets of which state?", count(desk));
    new
}

#[test]
fn a_sync_killed_at_any_commit_leaves_the_old_state_or_the_new_and_ends_after_a_restart() {
    for tells_changes in [true, false] {
        let mut seen = Vec::new();
        for breaks_after in 0.. {
            let (office, upstream) = office_with_news(tells_changes);
            office.disk.mend(Some(breaks_after));
            let desk = office.open();
            let ended = refresh(&desk).is_ok();
            office.disk.mend(None);
            let desk = office.open();
            seen.push(is_new(&desk));
            upstream.take_asked();
            refresh(&desk).unwrap();
            assert!(is_new(&desk));
            check_serves_upstream(&desk, &upstream);
            check_serves_upstream(&office.open(), &upstream);
            if breaks_after == 2 {
                let asked = upstream.take_asked();
                assert!(
                    asked[0]
                        .as_ref()
                        .is_some_and(|cursor| cursor.contains(":18:")),
                    "{asked:?}"
                );
            }
            let journal = &office.disk.table("sources")[0].1;
            assert!(journal.contains(r#""discarded":[]"#), "{journal}");
            if ended {
                break;
            }
        }
        assert!(seen.len() > 4 && seen.is_sorted(), "{seen:?}");
    }
}

#[test]
fn no_reader_sees_half_of_a_sync() {
    for tells_changes in [true, false] {
        let (office, upstream) = office_with_news(tells_changes);
        let desk = office.open();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let watch = || {
            let (desk, seen): (Weak<Desk>, _) = (Arc::downgrade(&desk), Arc::clone(&seen));
            Box::new(move || {
                let desk = desk.upgrade().unwrap();
                seen.lock().unwrap().push(is_new(&desk));
            })
        };
        *office.disk.on_commit.lock().unwrap() = Some(watch());
        upstream.state().on_page = Some(watch());
        refresh(&desk).unwrap();
        upstream.state().on_page = None;
        *office.disk.on_commit.lock().unwrap() = None;
        assert!(is_new(&desk));
        let seen = seen.lock().unwrap();
        assert!(seen.len() >= 8 && seen.is_sorted(), "{seen:?}");
    }
}

/// An event in the ticketing system or the server.
#[derive(Clone, Debug)]
enum Happening {
    Put(usize),
    Delete(usize),
    Sync,
    /// A sync that is killed after this many commits.
    Crash(usize),
    NewCode,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (0..20_usize).prop_map(Happening::Put),
        2 => (0..20_usize).prop_map(Happening::Delete),
        3 => Just(Happening::Sync),
        2 => (0..6_usize).prop_map(Happening::Crash),
        1 => Just(Happening::NewCode),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn whatever_happens_a_sync_that_ended_serves_what_is_upstream(
        tells_changes: bool,
        happenings in proptest::collection::vec(happening(), 1..60),
    ) {
        let upstream = Upstream::new(3);
        upstream.state().tells_changes = tells_changes;
        let office = office(&upstream);
        let mut desk = office.open();
        for (number, happening) in happenings.into_iter().enumerate() {
            match happening {
                Happening::Put(which) => {
                    upstream.put(ticket(&format!("T{which:04}-1"), &format!("Ada {number:04}")));
                }
                Happening::Delete(which) => upstream.delete(&format!("T{which:04}-1")),
                Happening::NewCode => upstream.state().digest = format!("sha256:{number}"),
                Happening::Sync => {
                    refresh(&desk).unwrap();
                    check_serves_upstream(&desk, &upstream);
                }
                Happening::Crash(after) => {
                    office.disk.mend(Some(after));
                    // It does not matter whether the sync got that far.
                    let _ = refresh(&desk);
                    office.disk.mend(None);
                    desk = office.open();
                }
            }
        }
        refresh(&desk).unwrap();
        check_serves_upstream(&desk, &upstream);
        check_serves_upstream(&office.open(), &upstream);
    }
}
