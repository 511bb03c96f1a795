//! Benchmarks the admission decision: a ticket of a three-day event, admitted and refused.

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use gatewit_decision::{Lookup, Window};
use gatewit_domain::event::{DayChange, Event, EventChange, TicketType};
use gatewit_domain::facts::{FoundTicket, ScanFacts};
use gatewit_domain::id::{ScannerId, TicketId};
use gatewit_domain::plugin::PluginIdentity;
use gatewit_domain::scan::{
    Contract, Entries, Entry, Intent, Presented, Scan, ScannedAt, ScannedBy, ScannerProof, Station,
};
use gatewit_domain::scanner::Scanner;
use gatewit_domain::ticket::{Ticket, TicketNumbers};
use gatewit_domain::window::WindowsAnswer;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

const FINGERPRINT: &str = "bench-device-fingerprint";

fn at(time: &str) -> Timestamp {
    time.parse().expect("the bench writes times in RFC 3339")
}

fn event() -> Event {
    let day = |day: u8| DayChange {
        day_name: None,
        start_date_time: format!("2025-12-{day}T09:00:00+03:00"),
        end_date_time: format!("2025-12-{day}T18:00:00+03:00"),
    };
    let vip = TicketType {
        id: "vip".to_owned(),
        name: "VIP Pass".to_owned(),
        allow_reentry: false,
        reentry_limit: None,
        days: None,
        admits: true,
    };
    let change = EventChange {
        name: Some("Summit".to_owned()),
        timezone: Some("Africa/Nairobi".to_owned()),
        days: Some([15, 16, 17].map(day).into()),
        ticket_types: Some(vec![vip]),
        ..EventChange::default()
    };
    Event::create(change, "local", at("2025-12-01T00:00:00Z")).expect("the event is acceptable")
}

/// The ticket, its history, and windows from two hours before each day until half an hour after it.
fn held(event: &Event, entries: Entries) -> FoundTicket {
    let draft = json!({"ticketTypeId": "vip", "attendeeName": "John Doe"});
    let draft = serde_json::from_value(draft).expect("the draft is well-formed");
    let kind = event.ticket_type("vip").expect("the event has the type");
    let made = event.created_at;
    let days = event.calendar.days.iter().enumerate();
    let windows = days.map(|(day, of)| Window {
        day,
        opens: of.starts - SignedDuration::from_hours(2),
        closes: of.ends + SignedDuration::from_mins(30),
    });
    let plugin = PluginIdentity {
        name: "hours-before".to_owned(),
        digest: "sha256:00".to_owned(),
    };
    let numbers = TicketNumbers::FIRST;
    let ticket = Ticket::issue(TicketId::new(made), draft, kind, numbers, event.id, made);
    let windows = WindowsAnswer::new(&[0; 32], &ticket.holder(), windows.collect(), plugin);
    FoundTicket {
        ticket,
        entries,
        windows: Ok(Arc::new(windows)),
        source_type: None,
        has_source: true,
    }
}

fn scanner(event: &Event) -> Scanner {
    serde_json::from_value(json!({
        "id": ScannerId::new(event.created_at),
        "eventId": event.id,
        "name": "Gate A",
        "deviceFingerprint": FINGERPRINT,
        "place": {},
        "createdAt": event.created_at,
    }))
    .expect("the scanner is well-formed")
}

fn decisions(criterion: &mut Criterion) {
    let event = event();
    let event_facts = event.facts();
    let scanner = scanner(&event);
    let proof = ScannerProof {
        scanner_id: scanner.id,
        event_id: event.id,
    };
    let scan = Scan {
        station: Station {
            by: ScannedBy::Scanner {
                proof,
                claimed_scanner: scanner.id.to_string(),
                claimed_fingerprint: FINGERPRINT.to_owned(),
            },
            contract: Contract::EventCheckIn,
            event: event.id,
            location: None,
        },
        presented: Presented::scanned(""),
        at: ScannedAt::Now,
        intent: Intent::Admit,
        idempotency: None,
    };
    let entered = Entries(vec![Entry {
        sequence: 1,
        day: event.calendar.days[1].id,
        zone: "venue".to_owned(),
        from_outside: true,
        at: at("2025-12-16T09:00:00+03:00"),
        location: None,
    }]);
    for (name, entries) in [("let in", Entries::default()), ("already used", entered)] {
        let facts = ScanFacts {
            now: at("2025-12-16T10:00:00+03:00"),
            scan: &scan,
            scanner: Some(&scanner),
            event: &event,
            event_facts: &event_facts,
            found: Lookup::Ticket(Box::new(held(&event, entries))),
        };
        let is_in = facts.decide().refusal.is_none();
        assert_eq!(is_in, name == "let in");
        criterion.bench_function(&format!("decision, {name}"), |bencher| {
            bencher.iter(|| facts.decide())
        });
    }
}

criterion_group!(benches, decisions);
criterion_main!(benches);
