//! A device that is the scanner of several events, and then ends as all of them.

use gatewit_desk::{Caller, Desk};
use gatewit_domain::id::EventId;
use gatewit_domain::scanner::Scanner;
use serde_json::json;

use super::races::{DEVICE, invite, register, scan_by};
use super::{ORGANIZER, selling, two_days};
use crate::world::block_on;

/// Creates and publishes an event of these organizers, the first of whom creates it.
fn organized(desk: &Desk, slug: &str, organizers: &[&str]) -> EventId {
    let creator = Caller::Subject(organizers[0].to_owned());
    let fields = json!({"slug": slug, "organizers": organizers, "ticketTypes": [{"id": "vip"}]});
    let event = block_on(desk.events.create(&creator, two_days(fields))).unwrap();
    let event = event.event.id;
    block_on(desk.events.publish(&creator, event)).unwrap();
    event
}

#[test]
fn of_several_scanners_that_a_registration_ends_the_one_seen_last_is_named() {
    for scans_last in [0, 1] {
        let (office, _) = selling([]);
        let desk = office.open_synced();
        let joined = |slug, organizers| {
            let event = organized(&desk, slug, organizers);
            office.clock.pass(60);
            register(&desk, invite(&desk, event), DEVICE).unwrap()
        };
        let former = [joined("adas", &["ada"]), joined("bobs", &["bob"])];
        assert!(former.iter().all(|link| link.replaced.is_none()));
        office.clock.pass(60);
        let last = &former[scans_last].scanner;
        block_on(desk.admissions.admit(&scan_by(last, "unknown", DEVICE))).unwrap();
        let new = joined("both", &["ada", "bob"]);
        let named = new.replaced.map(|scanner| scanner.id);
        assert_eq!(named, Some(last.id), "{scans_last}");
        for link in former {
            let replaced_by = scanner(&desk, &link.scanner)
                .replaced_by()
                .unwrap()
                .scanner_id
                .clone();
            assert_eq!(replaced_by, new.scanner.id.to_string());
        }
    }
}

/// Returns the current state of a scanner.
fn scanner(desk: &Desk, scanner: &Scanner) -> Scanner {
    let all = block_on(desk.scanners.list(&ORGANIZER, scanner.event_id)).unwrap();
    let mut all = all.scanners.into_iter();
    all.find(|one| one.id == scanner.id).unwrap()
}
