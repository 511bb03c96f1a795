//! Loops over many rows yield to scans every few rows.

use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use gatewit_desk::{Caller, CheckInQuery, Desk, Happened, NewScanner, TicketQuery};
use gatewit_domain::attendees::AddonTypes;
use gatewit_domain::id::EventId;
use gatewit_domain::scanner::{Fingerprint, Place, ScannerName};
use gatewit_domain::ticket::ShownState;
use serde_json::{Value, json};

use crate::fields::event_change;
use crate::office::{Office, name, office};
use crate::upstream::{Upstream, crowd, ticket};
use crate::world::{Disk, block_on};

/// How many tickets there are: far more than may be read without yielding.
const MANY: usize = 1_000;
/// The most rows that are read without yielding.
const READS_MAX: usize = 400;
const ORGANIZER: Caller = Caller::Local;

/// Runs a future to its end; returns how often it yielded, and the most rows that it read without yielding.
pub fn watched<T>(disk: &Disk, future: impl Future<Output = T>) -> (T, usize, usize) {
    let mut future = std::pin::pin!(future);
    let (mut turns, mut longest) = (0, 0);
    loop {
        let before = disk.reads.load(Ordering::Relaxed);
        let polled = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        longest = longest.max(disk.reads.load(Ordering::Relaxed) - before);
        match polled {
            Poll::Ready(answer) => return (answer, turns, longest),
            Poll::Pending => turns += 1,
        }
    }
}

/// Checks that a future reads many rows, and never for long without yielding.
#[track_caller]
fn check<T>(disk: &Disk, what: &str, future: impl Future<Output = T>) -> T {
    let before = disk.reads.load(Ordering::Relaxed);
    let (answer, _, longest) = watched(disk, future);
    let reads = disk.reads.load(Ordering::Relaxed) - before;
    assert!(reads > MANY / 2, "{what} reads {reads} rows only");
    assert!(
        longest <= READS_MAX,
        "{what} reads {longest} rows in one go"
    );
    answer
}

pub fn event(desk: &Desk, slug: &str, sources: &Value) -> EventId {
    let change = event_change(json!({
        "name": "Summit",
        "slug": slug,
        "days": [{
            "startDateTime": "2025-12-15T09:00:00+03:00",
            "endDateTime": "2025-12-15T18:00:00+03:00",
        }],
        "ticketSources": sources,
    }));
    let made = block_on(desk.events.create(&ORGANIZER, change));
    let event = made.unwrap().event.id;
    block_on(desk.sources.import_attached(event));
    event
}

/// Returns an office whose upstream lists many tickets in pages of this size.
fn crowded(page: usize) -> (Office, std::sync::Arc<Upstream>) {
    let upstream = Upstream::new(page);
    upstream.put_all(crowd(MANY));
    (office(&upstream), upstream)
}

#[test]
fn taking_tickets_in_gives_way_within_a_large_page_and_between_small_ones() {
    for page in [1, MANY] {
        let (office, upstream) = crowded(page);
        let desk = office.open();
        event(&desk, "summit", &json!(["box-office"]));
        check(&office.disk, "a first sync", desk.sources.refresh_all()).unwrap();
        // A whole new log with one new ticket is imported with one commit.
        upstream.state().digest = "sha256:2".to_owned();
        upstream.put(ticket("NEW-1", "Grace Hopper"));
        check(
            &office.disk,
            "a sync of little new",
            desk.sources.refresh_all(),
        )
        .unwrap();
    }
}

#[test]
fn lists_and_searches_give_way() {
    let (office, _) = crowded(100);
    let desk = office.open_synced();
    let summit = event(&desk, "summit", &json!(["box-office"]));
    let query = TicketQuery {
        state: Some(ShownState::Cancelled),
        limit: 50,
        ..TicketQuery::default()
    };
    let listed = desk.tickets.list(&ORGANIZER, summit, query.clone());
    let page = check(&office.disk, "a list", listed).unwrap();
    assert!(page.tickets.is_empty());
    let query = TicketQuery {
        text: Some("Ada".to_owned()),
        ..query
    };
    for what in ["the first search", "a search"] {
        let searched = desk.tickets.list(&ORGANIZER, summit, query.clone());
        check(&office.disk, what, searched).unwrap();
    }
}

#[test]
fn a_list_of_scanners_gives_way() {
    let (office, _) = crowded(100);
    let desk = office.open();
    let summit = event(&desk, "summit", &json!([]));
    block_on(desk.events.publish(&ORGANIZER, summit)).unwrap();
    for number in 0..MANY {
        let scanner_name = ScannerName::parse("Gate A").unwrap();
        let token =
            desk.scanners
                .create_token(&ORGANIZER, summit, scanner_name.clone(), Place::default());
        let registered = desk.scanners.register(NewScanner {
            token: block_on(token).unwrap().token.token,
            fingerprint: Fingerprint::parse(&format!("device-number-{number}")).unwrap(),
            name: scanner_name,
            device_info: None,
        });
        block_on(registered).unwrap();
    }
    let listed = desk.scanners.list(&ORGANIZER, summit);
    let listed = check(&office.disk, "a list of scanners", listed).unwrap();
    assert_eq!(listed.scanners.len(), MANY);
}

#[test]
fn what_goes_through_all_events_gives_way() {
    const EVENTS: usize = 200;
    let (office, _) = crowded(100);
    let desk = office.open();
    for number in 0..EVENTS {
        event(&desk, &format!("summit-{number}"), &json!([]));
    }
    let (_, turns, _) = watched(&office.disk, desk.events.warm_windows());
    assert!(turns >= EVENTS, "warming windows gives way {turns} times");
    let (_, turns, _) = watched(&office.disk, desk.events.unresolved_dependencies());
    assert!(
        turns >= EVENTS,
        "looking for what is unmet gives way {turns} times"
    );
    let (_, turns, _) = watched(&office.disk, desk.events.check_options());
    assert!(turns >= EVENTS, "checking options gives way {turns} times");
    let (_, turns, _) = watched(&office.disk, office.opening());
    assert!(turns > 2, "opening the desk gives way {turns} times");
}

#[test]
fn counting_shirts_gives_way() {
    let (mut office, _) = crowded(100);
    office.addons = Some(AddonTypes::default());
    let desk = office.open_synced();
    assert_eq!(desk.sources.statuses()[0].name, name("box-office"));
    let (counted, turns, _) = watched(&office.disk, desk.sources.addon_statistics());
    assert!(
        counted.is_ok() && turns > 0,
        "counting gives way {turns} times"
    );
}

#[test]
fn a_page_of_the_record_gives_way_while_it_finds_nothing() {
    let (office, _) = crowded(100);
    let desk = office.open_synced();
    let summit = event(&desk, "summit", &json!(["box-office"]));
    let found = |number| json!({"order": format!("T{number:04}")});
    for number in 1..=60 {
        let order = serde_json::from_value(found(number)).unwrap();
        block_on(
            desk.admissions
                .check_in_manually(&ORGANIZER, summit, &order, None),
        )
        .unwrap();
    }
    let query = CheckInQuery {
        outcome: Some(Happened::Refused),
        limit: 10,
        ..CheckInQuery::default()
    };
    let read = desk.admissions.check_ins(&ORGANIZER, summit, &query);
    let (page, turns, longest) = watched(&office.disk, read);
    assert!(page.unwrap().check_ins.is_empty());
    assert!(
        turns >= 5 && longest <= 22,
        "it gives way {turns} times, after {longest} rows"
    );
}
