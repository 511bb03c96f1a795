//! Properties that hold for every order and interleaving of scans: no scope is entered more often than its ticket
//! allows, and every count equals the log.

use std::collections::HashMap;

use futures::future::join_all;
use gatewit_desk::tables::{ENTRIES, RECORDS};
use gatewit_domain::id::{ScannerId, TicketId};
use gatewit_domain::ports::Store;
use gatewit_domain::record::Record;
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::Strategy;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::records::check_derived;
use crate::support::door::text;
use crate::support::{Door, Server};

/// Scans that arrive together, some minutes after the event's first doors open.
#[derive(Clone, Debug)]
struct Round {
    minutes: i64,
    /// A ticket and a scanner for each scan, by index.
    scans: Vec<(usize, usize)>,
}

/// The ticket types of each case's three tickets, with their entries per day.
const TICKETS: [(&str, usize); 3] = [("once", 1), ("thrice", 3), ("once", 1)];
const SCANNERS: usize = 2;
/// More refusals of a scanner than are recorded one by one.
const FLOOD: usize = 600;

fn rounds() -> impl Strategy<Value = Vec<Round>> {
    let scan = (0..TICKETS.len(), 0..SCANNERS);
    let round = (0..4_000_i64, vec(scan, 1..12));
    let round = round.prop_map(|(minutes, scans)| Round { minutes, scans });
    vec(round, 1..6)
}

/// Three days whose windows overlap at night, so that grace, early opening and choice of day all come up.
async fn doors(server: &Server) -> Vec<Door> {
    let day = |name: &str, date: &str| {
        let time = |hour: u8| format!("2025-12-{date}T{hour:02}:00:00+03:00");
        json!({"dayName": name, "startDateTime": time(10), "endDateTime": time(22)})
    };
    let event = json!({
        "name": "Festival",
        "days": [day("Friday", "19"), day("Saturday", "20"), day("Sunday", "21")],
        "checkInStrategy": "HOURS_BEFORE",
        "strategyOptions": {"earlyCheckInHours": 8, "lateCheckInMinutes": 600},
        "ticketTypes": [{"id": "once"}, {"id": "thrice", "allowReentry": true, "reentryLimit": 3}],
    });
    let first = Door::open(&server.client, event).await;
    let second = Door::link(&server.client, &first.event_id, "another-device", json!({})).await;
    vec![first, second]
}

/// Runs one case and checks its tickets.
async fn check_case(server: &Server, doors: &[Door], rounds: &[Round]) {
    let opening: Timestamp = "2025-12-19T02:00:00+03:00".parse().expect("a time");
    let issued = join_all(TICKETS.map(|(kind, _)| doors[0].issue(kind))).await;
    let mut admitted = [0; TICKETS.len()];
    for round in rounds {
        let now = opening + SignedDuration::from_mins(round.minutes);
        server.clock.set(&now.to_string());
        let scans = round.scans.iter().map(|&(ticket, scanner)| {
            let jwt = text(&issued[ticket]["jwtToken"]);
            async move { (ticket, doors[scanner].verdict(&jwt).await) }
        });
        for (ticket, verdict) in join_all(scans).await {
            admitted[ticket] += usize::from(verdict == "VALID");
        }
    }
    for (index, (_, entries_max)) in TICKETS.iter().enumerate() {
        let id: TicketId = text(&issued[index]["ticketInstanceId"])
            .parse()
            .expect("an id");
        let prefix = format!("{}/{id}/", doors[0].event_id);
        let entries = ENTRIES
            .page(&*server.store, &prefix, None, usize::MAX)
            .await;
        let entries = entries.expect("the store reads").into_iter();
        let entries: Vec<_> = entries.map(|stored| stored.value).collect();
        let mut by_day = HashMap::new();
        for entry in &entries {
            *by_day.entry(entry.day).or_insert(0) += 1;
        }
        assert!(
            by_day.values().all(|count| count <= entries_max),
            "{by_day:?}"
        );
        assert_eq!(
            entries.len(),
            admitted[index],
            "each admission is one entry"
        );
    }
}

/// The scanner of a record, and how many admissions and refusals it stands for.
fn counted(record: &Record) -> (Option<ScannerId>, u64, u64) {
    match record {
        Record::Scan(scan) => {
            let is_refused = u64::from(scan.refusal().is_some());
            (scan.by.scanner(), 1 - is_refused, is_refused)
        }
        Record::Refusals(refusals) => {
            let count = refusals.by_reason.values().sum();
            (Some(refusals.scanner), 0, count)
        }
        Record::Undo(_) => (None, 0, 0),
    }
}

async fn log(store: &dyn Store, event_id: &str) -> Vec<Record> {
    let log = RECORDS
        .page(store, &format!("{event_id}/"), None, usize::MAX)
        .await;
    let log = log.expect("the store reads");
    log.into_iter().map(|stored| stored.value).collect()
}

#[test]
fn entries_never_exceed_the_limit_and_counts_equal_the_log() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let server = runtime.block_on(Server::start());
    let doors = runtime.block_on(doors(&server));
    let mut runner = TestRunner::new(Config::with_cases(48));
    let checked = runner.run(&rounds(), |rounds| {
        runtime.block_on(check_case(&server, &doors, &rounds));
        Ok(())
    });
    checked.unwrap_or_else(|failure| panic!("{failure}"));
    runtime.block_on(async {
        join_all((0..FLOOD).map(|_| doors[0].verdict("forged"))).await;
        let recorded = server.desk.admissions.record_last_refusals().await;
        recorded.expect("the store takes it");
        let log = log(&*server.store, &doors[0].event_id).await;
        for door in &doors {
            let of_scanner = log.iter().map(counted).filter(|(scanner, ..)| {
                scanner.is_some_and(|id| id.to_string() == door.scanner_id)
            });
            let (admitted, refused) = of_scanner.fold((0, 0), |sum, (_, admitted, refused)| {
                (sum.0 + admitted, sum.1 + refused)
            });
            let statistics = door.statistics().await;
            assert_eq!(statistics["successfulScans"], admitted);
            assert_eq!(statistics["failedScans"], refused);
            assert_eq!(statistics["totalScans"], admitted + refused);
        }
        check_derived(&*server.store).await;
        let mut log = log.iter().map(counted);
        assert!(log.any(|(_, admitted, _)| admitted > 0), "some case admits");
        assert!(
            log.any(|(.., refused)| refused > 1),
            "the flood is recorded together"
        );
    });
}
