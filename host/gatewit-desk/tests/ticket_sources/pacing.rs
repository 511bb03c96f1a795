//! When a source is synced and when it is not.

use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use gatewit_desk::Desk;
use gatewit_domain::plugin::{CallError, PluginKind};
use gatewit_domain::source::SourceFault;
use jiff::SignedDuration;

use crate::office::{EVERY, Office, check_serves_upstream, count, keep_fresh, office, refresh};
use crate::upstream::{Upstream, crowd, ticket, unavailable};
use crate::world::block_on;

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
    let ask = |desk: Arc<Desk>| async move { desk.sources.refresh_all().await }.boxed();
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

/// Lets this happen to each try, and returns how long each of the waits is, in seconds, without chance.
fn waits(desk: &Desk, office: &Office, upstream: &Upstream, faults: &[SourceFault]) -> Vec<i64> {
    let wait = |fault: &SourceFault| {
        upstream.fail_next([Some(fault.clone())]);
        let wait = keep_fresh(desk).as_secs();
        office.clock.pass(wait + 1);
        wait * 10 / 11
    };
    faults.iter().map(wait).collect()
}

fn looped() -> SourceFault {
    SourceFault::from(CallError::TimedOut {
        kind: PluginKind::Backend,
        limit: Duration::from_secs(60),
    })
}

#[test]
fn a_plugin_that_fails_by_itself_is_tried_ever_more_slowly_up_to_an_hour() {
    let upstream = Upstream::new(500);
    let office = office(&upstream);
    let desk = office.open();
    let spent = SourceFault::from(CallError::OutOfCpuTime {
        limit: Duration::from_secs(60),
    });
    for fault in [
        looped(),
        spent,
        SourceFault::from(CallError::Trapped("trap".to_owned())),
        SourceFault::from(CallError::OutOfMemory { limit_bytes: 1 }),
        SourceFault::from(CallError::InvalidAnswer("nonsense".to_owned())),
    ] {
        let waits = waits(&desk, &office, &upstream, &vec![fault; 12]);
        assert!(waits[0] <= 5 && waits[3] > 35, "{waits:?}");
        let longest = 3_270..=3_600;
        assert!(
            waits[10..].iter().all(|wait| longest.contains(wait)),
            "{waits:?}"
        );
        // A run that succeeds forgets them.
        refresh(&desk).unwrap();
        office.clock.pass(3_600);
    }
}

#[test]
fn a_ticketing_system_that_is_away_is_tried_soon_whatever_the_plugin_did_before() {
    let upstream = Upstream::new(500);
    let office = office(&upstream);
    let desk = office.open();
    waits(&desk, &office, &upstream, &vec![looped(); 12]);
    let slow = SourceFault::from(CallError::WaitedTooLong {
        limit: Duration::from_secs(60),
    });
    for fault in [unavailable(), slow] {
        let waits = waits(&desk, &office, &upstream, &vec![fault; 12]);
        assert!(waits.iter().all(|wait| *wait <= 300), "{waits:?}");
    }
    // Faults of another kind in between do not make it try a plugin that loops more often.
    let waits = waits(&desk, &office, &upstream, &[looped()]);
    assert!(waits[0] > 3_000, "{waits:?}");
}

#[test]
fn a_plugin_that_has_changed_is_tried_at_once_and_soon_again() {
    let upstream = Upstream::new(500);
    let office = office(&upstream);
    let desk = office.open();
    waits(&desk, &office, &upstream, &vec![looped(); 12]);
    upstream.fail_next([Some(looped())]);
    let name = desk.sources.statuses()[0].name.clone();
    upstream.take_asked();
    block_on(desk.sources.refresh_changed(&name)).unwrap_err();
    assert_eq!(upstream.take_asked().len(), 1);
    assert!(keep_fresh(&desk).as_secs() <= 6);
}
