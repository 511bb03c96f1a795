//! Tickets issued in many commits: every reader sees all of them or none, whatever happens in between.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use gatewit_desk::DeskError;
use gatewit_desk::{Caller, Desk, NewScanner, ShownTicket, TicketQuery};
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::scan::{
    Contract, IdempotencyKey, Intent, ManualCheckIn, Presented, Scan, ScannedAt, ScannedBy,
    ScannerProof, Station, Verdict,
};
use gatewit_domain::scanner::{Fingerprint, Place, Scanner, ScannerName};
use gatewit_domain::ticket::TicketDraft;
use serde_json::json;

use crate::fields::event_change;
use crate::office::{Office, office};
use crate::upstream::Upstream;
use crate::world::block_on;

mod interrupted;
mod taken_over;
mod under_way;

const ORGANIZER: Caller = Caller::Local;
const DEVICE: &str = "gate-device-1";
const KEY: &str = "bulk-1";
/// Enough tickets for several pieces, the last of which is not full.
const BULK: usize = 330;
const ORDER: &str = "BULK-1";
/// The tables with rows of a ticket that was issued with a code.
const TABLES: [&str; 5] = [
    "tickets",
    "ticket_tokens",
    "ticket_events",
    "orders",
    "credential_codes",
];

type Issued = Result<Vec<ShownTicket>, DeskError>;

/// A published event, and a scanner at a scan point where any code counts.
struct Shop {
    /// The ticketing system of the source `box-office`, which the event does not have.
    upstream: Arc<Upstream>,
    office: Office,
    desk: Arc<Desk>,
    event: EventId,
    scanner: Scanner,
}

impl Shop {
    fn open() -> Self {
        let upstream = Upstream::new(1);
        let office = office(&upstream);
        let desk = office.open();
        let event = event_change(json!({
            "name": "Summit",
            "days": [{
                "startDateTime": "2025-12-15T09:00:00+03:00",
                "endDateTime": "2025-12-15T18:00:00+03:00",
            }],
            "ticketTypes": [{"id": "vip"}],
            "scanPoints": [{"id": "front", "name": "Front door"}],
        }));
        let event = block_on(desk.events.create(&ORGANIZER, event)).unwrap();
        let event = event.event.id;
        block_on(desk.events.publish(&ORGANIZER, event)).unwrap();
        Self {
            scanner: register(&desk, event),
            upstream,
            office,
            desk,
            event,
        }
    }

    /// Restarts the server over the same store.
    fn reopened(mut self) -> Self {
        self.office.disk.mend(None);
        self.desk = self.office.open();
        self
    }

    /// Issues the bulk.
    fn issuing(&self, key: Option<&IdempotencyKey>) -> impl Future<Output = Issued> {
        let drafts = (0..BULK).map(draft).collect();
        self.desk
            .tickets
            .issue_all(&ORGANIZER, self.event, drafts, key)
    }

    fn issue(&self) -> Issued {
        block_on(self.issuing(Some(&key())))
    }

    /// Issues a single ticket with this code.
    fn issue_coded(&self, code: &str) -> Result<ShownTicket, DeskError> {
        let draft = json!({"ticketTypeId": "vip", "attendeeName": "Ada", "credentialCode": code});
        let draft = serde_json::from_value(draft).unwrap();
        block_on(self.desk.tickets.issue(&ORGANIZER, self.event, draft, None))
    }

    /// Asks every kind of reader; returns how many tickets of the bulk they see, which must be all or none.
    #[track_caller]
    fn seen(&self) -> usize {
        let listed = self.listed(None);
        let searched = self.listed(Some("Grace Hopper"));
        let of_bulk = |tickets: &[ShownTicket]| -> BTreeSet<TicketId> {
            let of_bulk = tickets.iter().map(|shown| &shown.ticket);
            let of_bulk = of_bulk.filter(|ticket| ticket.booking_reference == ORDER);
            of_bulk.map(|ticket| ticket.id).collect()
        };
        let (listed, searched) = (of_bulk(&listed), of_bulk(&searched));
        assert_eq!(listed, searched);
        let is_there = match listed.len() {
            0 => false,
            BULK => true,
            some => panic!("{some} tickets of {BULK}"),
        };
        for id in self.stored_ids() {
            let by_id = block_on(self.desk.tickets.get(&ORGANIZER, id));
            match by_id {
                Ok(shown) if shown.ticket.booking_reference == ORDER => assert!(is_there, "{id}"),
                Ok(_) => {}
                Err(DeskError::NotFound(_)) => assert!(!is_there, "{id}"),
                Err(error) => panic!("{error}"),
            }
        }
        for number in [0, BULK / 2, BULK - 1] {
            let is_known = self.scanned(&code(number)) != "not_found";
            assert_eq!(is_known, is_there, "{number}");
        }
        let order = ManualCheckIn::parse(None, Some(ORDER.to_owned())).unwrap();
        let order = self
            .desk
            .admissions
            .check_in_manually(&ORGANIZER, self.event, &order, None);
        match block_on(order) {
            Ok(answers) => assert_eq!((is_there, answers.len()), (true, BULK)),
            Err(DeskError::Unacceptable(problem)) => {
                assert_eq!((is_there, problem.code.as_str()), (false, "unknown_order"));
            }
            Err(error) => panic!("{error}"),
        }
        listed.len()
    }

    /// Returns all pages of the list, or of a search.
    fn listed(&self, text: Option<&str>) -> Vec<ShownTicket> {
        let mut listed = Vec::new();
        let mut query = TicketQuery {
            text: text.map(str::to_owned),
            limit: 100,
            ..TicketQuery::default()
        };
        loop {
            let page = self
                .desk
                .tickets
                .list(&ORGANIZER, self.event, query.clone());
            let page = block_on(page).unwrap();
            listed.extend(page.tickets);
            query.cursor = page.next;
            if query.cursor.is_none() {
                return listed;
            }
        }
    }

    /// Returns the result of a scan: `in`, or the code of the refusal.
    fn scanned(&self, code: &str) -> &'static str {
        let scan = Scan {
            presented: Presented::scanned(code),
            station: Station {
                by: ScannedBy::Scanner {
                    proof: ScannerProof {
                        scanner_id: self.scanner.id,
                        event_id: self.event,
                    },
                    claimed_scanner: self.scanner.id.to_string(),
                    claimed_fingerprint: DEVICE.to_owned(),
                },
                contract: Contract::EventCheckIn,
                event: self.event,
                location: None,
            },
            at: ScannedAt::Now,
            intent: Intent::Admit,
            idempotency: None,
        };
        match block_on(self.desk.admissions.admit(&scan))
            .unwrap()
            .outcome
            .verdict
        {
            Verdict::Admitted { .. } => "in",
            Verdict::Refused(refusal) => refusal.code(),
        }
    }

    /// Returns every ticket in the store, visible or not.
    fn stored_ids(&self) -> Vec<TicketId> {
        let rows = self.office.disk.table("tickets").into_iter();
        let ids = rows.map(|(key, _)| key.rsplit('/').next().unwrap().parse().unwrap());
        ids.collect()
    }

    /// Checks that this many tickets are in the store, each with all of its rows, and no unfinished issue.
    #[track_caller]
    fn check_stored(&self, tickets: usize) {
        for table in TABLES {
            assert_eq!(self.office.disk.table(table).len(), tickets, "{table}");
        }
        for (key, issue) in self.office.disk.table("issues") {
            assert!(issue.contains(r#""state":"done""#), "{key}: {issue}");
        }
    }

    fn take_back(&self) -> Result<(), DeskError> {
        block_on(self.desk.tickets.roll_back_abandoned_issues())
    }
}

fn register(desk: &Desk, event: EventId) -> Scanner {
    let name = ScannerName::parse("North gate").unwrap();
    let place = Place {
        scan_point: Some("front".to_owned()),
        ..Place::default()
    };
    let token = desk
        .scanners
        .create_token(&ORGANIZER, event, name.clone(), place);
    let token = block_on(token).unwrap().token.token;
    let scanner = desk.scanners.register(NewScanner {
        token,
        fingerprint: Fingerprint::parse(DEVICE).unwrap(),
        name,
        device_info: None,
    });
    block_on(scanner).unwrap().scanner
}

fn key() -> IdempotencyKey {
    IdempotencyKey::parse(KEY).unwrap()
}

fn code(number: usize) -> String {
    format!("NFC-{number}")
}

fn draft(number: usize) -> TicketDraft {
    let draft = json!({
        "ticketTypeId": "vip", "attendeeName": "Grace Hopper", "bookingReference": ORDER,
        "credentialCode": code(number),
    });
    serde_json::from_value(draft).unwrap()
}

fn ids(tickets: &[ShownTicket]) -> Vec<TicketId> {
    tickets.iter().map(|shown| shown.ticket.id).collect()
}

/// Polls a future once.
fn poll<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}
