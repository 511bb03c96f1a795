//! How often a scan goes to the store and back before its commit.

use std::sync::atomic::Ordering;

use gatewit_desk::Desk;
use gatewit_domain::scan::{IdempotencyKey, Scan};
use gatewit_domain::scanner::Scanner;
use gatewit_domain::source::SourceTicket;
use serde_json::json;

use super::races::{DEVICE, invite, register, scan_by};
use super::{ORGANIZER, event, selling};
use crate::long_loops::watched;
use crate::office::Office;
use crate::upstream::ticket;
use crate::world::block_on;

/// A commit lets others run before it and after it.
const TURNS_OF_COMMIT: usize = 2;

/// Returns how many reads of a scan waited for another one of it. Reads that are under way together are one trip.
fn trips(office: &Office, desk: &Desk, scanner: &Scanner, key: &str, text: &str) -> usize {
    let scan = Scan {
        idempotency: Some(IdempotencyKey::parse(key).unwrap()),
        ..scan_by(scanner, text, DEVICE)
    };
    office.disk.pauses.store(true, Ordering::Relaxed);
    let (answer, turns, _) = watched(&office.disk, desk.admissions.admit(&scan));
    office.disk.pauses.store(false, Ordering::Relaxed);
    answer.unwrap();
    turns - TURNS_OF_COMMIT
}

#[test]
fn a_scan_takes_two_trips_and_one_more_if_a_code_has_to_be_looked_up() {
    let coded = |reference: &str, codes: &[&str]| SourceTicket {
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        ..ticket(reference, "Ada Lovelace")
    };
    let (office, _) = selling([
        coded("WARM-1", &["warm-code"]),
        coded("AAAA-1", &["code-one"]),
        coded("AAAA-22", &["AAAA-22"]),
    ]);
    let desk = office.open_synced();
    let types = json!([{"id": "vip"}, {"id": "regular"}]);
    let fields = json!({"ticketTypes": types, "ticketSources": ["box-office"]});
    let summit = event(&desk, fields);
    block_on(desk.events.publish(&ORGANIZER, summit)).unwrap();
    let issue = |name: &str| {
        let draft = json!({"ticketTypeId": "vip", "attendeeName": name});
        let draft = serde_json::from_value(draft).unwrap();
        block_on(desk.tickets.issue(&ORGANIZER, summit, draft, None)).unwrap()
    };
    let (warm, signed) = (issue("Bob"), issue("Eve"));
    let scanner = register(&desk, invite(&desk, summit), DEVICE).unwrap();
    let trips = |key: &str, text: &str| trips(&office, &desk, &scanner.scanner, key, text);
    // The first scan of each kind of holder keeps the windows.
    trips("warm-signed", warm.token.as_deref().unwrap());
    trips("warm-code", "warm-code");
    assert_eq!(trips("signed", signed.token.as_deref().unwrap()), 2);
    assert_eq!(trips("code-of-source", "code-one"), 3);
    assert_eq!(trips("reference-in-small-letters", "aaaa-22"), 3);
    assert_eq!(trips("unknown", "unheard of"), 2);
}
