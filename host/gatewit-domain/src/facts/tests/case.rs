//! The case that each rule's table varies: a small event, a moment and a ticket's earlier entries.

use std::sync::Arc;

use gatewit_decision::{Decision, Lookup, Refusal, Window};
use jiff::Timestamp;

use crate::calendar::{Calendar, EventDay};
use crate::event::{DayChange, Event, EventChange, MatchField, ScanPoint, TicketType, Zone};
use crate::facts::{Found, FoundTicket, ScanFacts};
use crate::id::{ScannerId, TicketId};
use crate::plugin::PluginIdentity;
use crate::scan::{
    Contract, Entries, Entry, Intent, Presented, Scan, ScannedAt, ScannedBy, ScannerProof, Station,
};
use crate::scanner::{Fingerprint, Place, Scanner, ScannerName};
use crate::source::{SourceName, SourceState};
use crate::ticket::{Origin, Ticket, TicketDraft, TicketNumbers};
use crate::window::{StrategyError, WindowsAnswer};

const FINGERPRINT: &str = "fingerprint-1";

/// A Friday night past midnight, a Saturday and a Sunday in Nairobi. Doors open two hours before each day and close
/// half an hour after it.
pub struct Case {
    pub event: Event,
    pub scanner: Scanner,
    pub ticket: Ticket,
    pub entries: Entries,
    pub windows: Result<Vec<Window>, StrategyError>,
    pub claimed_fingerprint: &'static str,
    pub source_type: Option<TicketType>,
}

fn at(text: &str) -> Timestamp {
    text.parse::<Timestamp>().unwrap()
}

pub fn nairobi(text: &str) -> Timestamp {
    at(&format!("{text}+03:00"))
}

fn ticket_type(id: &str) -> TicketType {
    TicketType {
        id: id.to_owned(),
        name: id.to_owned(),
        allow_reentry: false,
        reentry_limit: None,
        days: None,
        admits: true,
    }
}

fn zone(id: &str, perimeter: bool) -> Zone {
    Zone {
        id: id.to_owned(),
        perimeter,
    }
}

fn event() -> Event {
    let day = |name: &str, starts: &str, ends: &str| DayChange {
        day_name: Some(name.to_owned()),
        start_date_time: format!("2025-12-{starts}:00+03:00"),
        end_date_time: format!("2025-12-{ends}:00+03:00"),
    };
    let reentry = |id: &str, limit| TicketType {
        allow_reentry: true,
        reentry_limit: limit,
        ..ticket_type(id)
    };
    let change = EventChange {
        name: Some("Festival".to_owned()),
        timezone: Some("Africa/Nairobi".to_owned()),
        days: Some(vec![
            day("Friday", "19T20:00", "20T02:00"),
            day("Saturday", "20T10:00", "20T22:00"),
            day("Sunday", "21T10:00", "21T20:00"),
        ]),
        ticket_types: Some(vec![
            ticket_type("once"),
            reentry("thrice", Some(3)),
            reentry("always", None),
            TicketType {
                days: Some(vec!["sunday".to_owned()]),
                ..ticket_type("sunday")
            },
            TicketType {
                admits: false,
                ..ticket_type("shirt")
            },
        ]),
        zones: Some(vec![
            zone("venue", false),
            zone("garden", true),
            zone("lounge", false),
        ]),
        scan_points: Some(vec![ScanPoint {
            id: "backstage".to_owned(),
            name: "backstage".to_owned(),
            zone: Some("lounge".to_owned()),
            match_field: MatchField::Any,
            accepted_ticket_types: Some(vec!["always".to_owned()]),
        }]),
        ..EventChange::default()
    };
    Event::create(change, "local", at("2025-12-01T00:00:00Z")).unwrap()
}

fn two_hours_before(calendar: &Calendar) -> Vec<Window> {
    let window = |(day, of): (usize, &EventDay)| Window {
        day,
        opens: of.starts - jiff::SignedDuration::from_hours(2),
        closes: of.ends + jiff::SignedDuration::from_mins(30),
    };
    calendar.days.iter().enumerate().map(window).collect()
}

pub fn case(type_id: &str) -> Case {
    let event = event();
    let made = event.created_at;
    let draft: TicketDraft = serde_json::from_value(
        serde_json::json!({"ticketTypeId": type_id, "attendeeName": "John Doe"}),
    )
    .unwrap();
    let kind = event.ticket_type(type_id).unwrap();
    Case {
        ticket: Ticket::issue(
            TicketId::new(made),
            draft,
            kind,
            TicketNumbers::FIRST,
            event.id,
            made,
        ),
        scanner: Scanner {
            id: ScannerId::new(made),
            event_id: event.id,
            name: ScannerName::parse("Gate A").unwrap(),
            device_fingerprint: Fingerprint::parse(FINGERPRINT).unwrap(),
            device_info: None,
            place: Place::default(),
            created_at: made,
            revocation: None,
        },
        entries: Entries::default(),
        windows: Ok(two_hours_before(&event.calendar)),
        claimed_fingerprint: FINGERPRINT,
        source_type: None,
        event,
    }
}

impl Case {
    /// Adds entries from outside on a day.
    pub fn entered(self, day: usize, times: &[&str]) -> Self {
        self.entered_zone("venue", day, times)
    }

    /// Adds entries to a zone on a day.
    pub fn entered_zone(mut self, zone: &str, day: usize, times: &[&str]) -> Self {
        let day = self.event.calendar.days[day].id;
        self.entries.0.extend(times.iter().map(|time| Entry {
            sequence: 1,
            day,
            zone: zone.to_owned(),
            from_outside: !matches!(zone, "lounge" | "cellar"),
            at: nairobi(time),
            location: Some("Gate A".to_owned()),
        }));
        self
    }

    /// Makes the ticket one from a source, with its own validity and this state in the source.
    pub fn sold_elsewhere(
        mut self,
        from: Option<&str>,
        until: Option<&str>,
        state: Option<SourceState>,
    ) -> Self {
        let source = SourceName::parse("box-office").unwrap();
        self.event.ticket_sources.push(source.clone());
        self.ticket.origin = Some(Origin {
            source,
            reference: "AAAA-1".to_owned(),
            codes: Vec::new(),
            taken_codes: Vec::new(),
            state,
            sub_event: None,
            found_at: None,
            valid_from: from.map(nairobi),
            valid_until: until.map(nairobi),
        });
        self
    }

    pub fn decide(self, now: Timestamp, found: impl FnOnce(FoundTicket) -> Found) -> Decision {
        let scan = Scan {
            station: Station {
                by: ScannedBy::Scanner {
                    proof: ScannerProof {
                        scanner_id: self.scanner.id,
                        event_id: self.event.id,
                    },
                    claimed_scanner: self.scanner.id.to_string(),
                    claimed_fingerprint: self.claimed_fingerprint.to_owned(),
                },
                contract: Contract::EventCheckIn,
                event: self.event.id,
                location: None,
            },
            presented: Presented::scanned(""),
            at: ScannedAt::Now,
            intent: Intent::Admit,
            idempotency: None,
        };
        let plugin = PluginIdentity {
            name: "hours-before".to_owned(),
            digest: "sha256:00".to_owned(),
        };
        let holder = self.ticket.holder();
        let held = FoundTicket {
            ticket: self.ticket,
            entries: self.entries,
            windows: self
                .windows
                .map(|windows| Arc::new(WindowsAnswer::new(&[0; 32], &holder, windows, plugin))),
            source_type: self.source_type.map(Arc::new),
            has_source: true,
        };
        let event_facts = self.event.facts();
        let facts = ScanFacts {
            now,
            scan: &scan,
            scanner: Some(&self.scanner),
            event: &self.event,
            event_facts: &event_facts,
            found: found(held),
        };
        facts.decide()
    }

    /// Compares the decision on a scan at this time in Nairobi with `in on N`, `CODE` or `CODE on N`.
    #[track_caller]
    pub fn check(self, now: &str, expected: &str) {
        let decision = self.decide(nairobi(now), |held| Lookup::Ticket(Box::new(held)));
        let verdict = decision.refusal.as_ref().map_or("in", Refusal::code);
        let found = match decision.day {
            Some(day) => format!("{verdict} on {day}"),
            None => verdict.to_owned(),
        };
        assert_eq!(found, expected, "at {now}");
    }
}
