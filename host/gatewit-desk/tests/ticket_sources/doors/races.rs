//! Changes between a decision's reads and its commit: the first commit wins.

use std::sync::Arc;

use gatewit_desk::{
    CheckInQuery, Desk, DeskError, NewScanner, ScannerLink, ShownTicket, Undone, UndoneBy,
};
use gatewit_domain::id::EventId;
use gatewit_domain::scan::{
    Contract, IdempotencyKey, Intent, Outcome, Presented, Scan, ScannedAt, ScannedBy, ScannerProof,
    Station, Verdict,
};
use gatewit_domain::scanner::{Fingerprint, Place, Scanner, ScannerName, TokenText};
use gatewit_domain::ticket::{TicketAction, TicketChange};
use serde_json::{Value, json};

use super::{ORGANIZER, event, patch, scanned, selling};
use crate::office::Office;
use crate::world::block_on;

pub const DEVICE: &str = "gate-device-1";

/// A published event with a scanner and a ticket.
pub struct Gate {
    pub office: Office,
    pub desk: Arc<Desk>,
    pub event: EventId,
    scanner: Scanner,
    pub ticket: ShownTicket,
}

pub fn gate() -> Arc<Gate> {
    gate_for(json!({"id": "vip"}))
}

fn gate_for(ticket_type: Value) -> Arc<Gate> {
    let (office, _) = selling([]);
    let desk = office.open_synced();
    let summit = published(&desk, ticket_type);
    let draft = json!({"ticketTypeId": "vip", "attendeeName": "Ada Lovelace"});
    let draft = serde_json::from_value(draft).unwrap();
    let ticket = block_on(desk.tickets.issue(&ORGANIZER, summit, draft, None)).unwrap();
    let scanner = register(&desk, invite(&desk, summit), DEVICE).unwrap();
    Arc::new(Gate {
        office,
        desk,
        event: summit,
        scanner: scanner.scanner,
        ticket,
    })
}

fn published(desk: &Desk, ticket_type: Value) -> EventId {
    let event = event(desk, json!({"ticketTypes": [ticket_type]}));
    block_on(desk.events.publish(&ORGANIZER, event)).unwrap();
    event
}

pub fn invite(desk: &Desk, event: EventId) -> TokenText {
    let name = ScannerName::parse("North gate").unwrap();
    let place = Place::default();
    let made = block_on(desk.scanners.create_token(&ORGANIZER, event, name, place));
    made.unwrap().token.token
}

pub fn register(desk: &Desk, token: TokenText, device: &str) -> Result<ScannerLink, DeskError> {
    block_on(desk.scanners.register(NewScanner {
        token,
        fingerprint: Fingerprint::parse(device).unwrap(),
        name: ScannerName::parse("North gate").unwrap(),
        device_info: None,
    }))
}

fn proof_of(scanner: &Scanner) -> ScannerProof {
    ScannerProof {
        scanner_id: scanner.id,
        event_id: scanner.event_id,
    }
}

/// Returns a scan of a text by a scanner that claims to be this device.
pub fn scan_by(scanner: &Scanner, text: &str, device: &str) -> Scan {
    Scan {
        presented: Presented::scanned(text),
        station: Station {
            by: ScannedBy::Scanner {
                proof: proof_of(scanner),
                claimed_scanner: scanner.id.to_string(),
                claimed_fingerprint: device.to_owned(),
            },
            contract: Contract::EventCheckIn,
            event: scanner.event_id,
            location: None,
        },
        at: ScannedAt::Now,
        intent: Intent::Admit,
        idempotency: None,
    }
}

impl Gate {
    /// Runs an action once, just before the next commit.
    fn meanwhile(self: &Arc<Self>, happens: impl FnOnce(&Self) + Send + 'static) {
        let gate = Arc::clone(self);
        let happens = Box::new(move || happens(&gate));
        *self.office.disk.meanwhile.lock().unwrap() = Some(happens);
    }

    pub fn proof(&self) -> ScannerProof {
        proof_of(&self.scanner)
    }

    pub fn answer(&self, key: Option<&str>) -> Outcome {
        let scan = Scan {
            idempotency: key.map(|key| IdempotencyKey::parse(key).unwrap()),
            ..self.scan_of(self.ticket.token.as_ref().unwrap(), DEVICE)
        };
        block_on(self.desk.admissions.admit(&scan)).unwrap().outcome
    }

    /// Returns a scan of a text by a scanner that claims to be this device.
    pub fn scan_of(&self, text: &str, device: &str) -> Scan {
        scan_by(&self.scanner, text, device)
    }

    /// Returns the result of a scan: `in`, or the code of the refusal.
    fn scan(&self) -> &'static str {
        match self.answer(None).verdict {
            Verdict::Admitted { .. } => "in",
            Verdict::Refused(refusal) => refusal.code(),
        }
    }

    fn undo(&self, by: &UndoneBy, outcome: &Outcome) -> Result<Undone, DeskError> {
        let id = outcome.check_in_id.to_string();
        block_on(self.desk.admissions.undo(by, &id, "scanned by mistake"))
    }

    pub fn revoke(&self) {
        block_on(
            self.desk
                .scanners
                .revoke(&ORGANIZER, self.scanner.id, "stolen"),
        )
        .unwrap();
    }

    pub fn act(&self, action: TicketAction) {
        block_on(
            self.desk
                .tickets
                .act(&ORGANIZER, self.ticket.ticket.id, action),
        )
        .unwrap();
    }

    /// Returns how many scans were admitted and refused; the record and the scanner's counters must agree.
    fn counts(&self) -> (usize, usize) {
        let query = CheckInQuery {
            limit: 100,
            ..CheckInQuery::default()
        };
        let page = block_on(
            self.desk
                .admissions
                .check_ins(&ORGANIZER, self.event, &query),
        )
        .unwrap();
        let (admitted, refused): (Vec<_>, Vec<_>) =
            (page.check_ins.iter()).partition(|check_in| check_in.refusal.is_none());
        let counted = block_on(self.desk.scanners.statistics(&ORGANIZER, self.scanner.id)).unwrap();
        let recorded = (admitted.len(), refused.len());
        assert_eq!(
            (counted.successful_scans, counted.failed_scans),
            (recorded.0 as u64, recorded.1 as u64)
        );
        recorded
    }
}

#[test]
fn the_same_ticket_at_two_gates_is_let_in_at_one() {
    let gate = gate();
    gate.meanwhile(|gate| assert_eq!(gate.scan(), "in"));
    assert_eq!(gate.scan(), "already_used");
    assert_eq!(gate.counts(), (1, 1));
}

#[test]
fn a_ticket_cancelled_while_it_is_scanned_is_not_let_in() {
    let gate = gate();
    gate.meanwhile(|gate| gate.act(TicketAction::Cancel));
    assert_eq!(gate.scan(), "not_active");
    gate.meanwhile(|gate| gate.act(TicketAction::Reinstate));
    assert_eq!(
        gate.scan(),
        "not_active",
        "a refusal was true when it was decided"
    );
    assert_eq!(gate.scan(), "in");
    assert_eq!(gate.counts(), (1, 2));
}

#[test]
fn a_scanner_revoked_while_it_scans_lets_nobody_in() {
    let gate = gate();
    gate.meanwhile(Gate::revoke);
    assert_eq!(gate.scan(), "scanner_revoked");
    assert_eq!(gate.counts(), (0, 1));
}

#[test]
fn a_scan_sent_twice_at_once_is_answered_twice_and_made_once() {
    let gate = gate();
    gate.meanwhile(|gate| {
        gate.answer(Some("scan-1"));
    });
    let second = gate.answer(Some("scan-1"));
    assert_eq!(second.verdict, Verdict::ADMITTED);
    assert_eq!(second, gate.answer(Some("scan-1")));
    assert_eq!(gate.counts(), (1, 0));
    // A refusal is also recorded once, although it leaves no entry.
    gate.meanwhile(|gate| {
        gate.answer(Some("scan-2"));
    });
    gate.answer(Some("scan-2"));
    assert_eq!(gate.counts(), (1, 1));
}

#[test]
fn a_scanner_revoked_while_it_takes_an_admission_back_does_not() {
    let gate = gate();
    let admission = gate.answer(None);
    gate.meanwhile(Gate::revoke);
    let refused = gate.undo(&UndoneBy::Scanner(gate.proof()), &admission);
    let refused = refused.err().unwrap();
    assert!(matches!(refused, DeskError::Forbidden(_)), "{refused}");
    let code = gate.ticket.token.as_deref().unwrap();
    assert_eq!(scanned(&gate.desk, gate.event, code), "already_used");
}

#[test]
fn an_admission_taken_back_twice_at_once_stays_as_the_first_said() {
    let gate = gate();
    let admission = gate.answer(None);
    let (of, organizer) = (admission.clone(), UndoneBy::Organizer(ORGANIZER));
    gate.meanwhile(move |gate| {
        gate.undo(&organizer, &of).unwrap();
        assert_eq!(gate.scan(), "in");
    });
    let undone = gate
        .undo(&UndoneBy::Scanner(gate.proof()), &admission)
        .unwrap();
    assert_eq!(undone.undo.by.to_string(), ORGANIZER.sub());
    assert_eq!(gate.scan(), "already_used", "the entry made since stands");
}

#[test]
fn an_entry_made_while_another_is_taken_back_stands() {
    let gate = gate_for(json!({"id": "vip", "allowReentry": true, "reentryLimit": 2}));
    let first = gate.answer(None);
    gate.meanwhile(|gate| assert_eq!(gate.scan(), "in"));
    gate.undo(&UndoneBy::Organizer(ORGANIZER), &first).unwrap();
    assert_eq!(gate.scan(), "in");
    assert_eq!(gate.scan(), "already_used");
}

#[test]
fn a_registration_token_used_by_two_devices_at_once_registers_one() {
    let gate = gate();
    let token = invite(&gate.desk, gate.event);
    let same = token.clone();
    gate.meanwhile(move |gate| {
        register(&gate.desk, same, "gate-device-2").unwrap();
    });
    let refused = register(&gate.desk, token, "gate-device-3").err().unwrap();
    assert!(matches!(refused, DeskError::Malformed(_)), "{refused}");
    assert_eq!(
        active(&gate.desk, gate.event),
        ["gate-device-1", "gate-device-2"]
    );
}

#[test]
fn a_device_registered_at_two_events_at_once_is_a_scanner_at_one() {
    let gate = gate();
    let other = published(&gate.desk, json!({"id": "vip"}));
    let (here, there) = (invite(&gate.desk, gate.event), invite(&gate.desk, other));
    gate.meanwhile(move |gate| {
        register(&gate.desk, there, "gate-device-2").unwrap();
    });
    register(&gate.desk, here, "gate-device-2").unwrap();
    assert_eq!(active(&gate.desk, other), Vec::<String>::new());
    assert_eq!(
        active(&gate.desk, gate.event),
        ["gate-device-1", "gate-device-2"]
    );
}

#[test]
fn an_event_whose_first_scanner_is_registered_meanwhile_stays_in_its_organization() {
    let gate = gate();
    let fresh = published(&gate.desk, json!({"id": "vip"}));
    gate.meanwhile(move |gate| {
        register(&gate.desk, invite(&gate.desk, fresh), "gate-device-2").unwrap();
    });
    let refused = patch(&gate.desk, fresh, json!({"orgId": "club"})).unwrap_err();
    assert!(matches!(refused, DeskError::Conflict(_)), "{refused}");
}

#[test]
fn a_device_registered_while_its_event_moves_is_a_scanner_of_the_new_organization() {
    let gate = gate();
    let fresh = published(&gate.desk, json!({"id": "vip"}));
    let token = invite(&gate.desk, fresh);
    gate.meanwhile(move |gate| patch(&gate.desk, fresh, json!({"orgId": "club"})).unwrap());
    let link = register(&gate.desk, token, DEVICE).unwrap();
    assert!(link.replaced.is_none());
    assert_eq!(
        gate.scan(),
        "in",
        "the scanner it was before is not of the club"
    );
    let again = register(&gate.desk, invite(&gate.desk, fresh), DEVICE).unwrap();
    let replaced = again.replaced.map(|scanner| scanner.id);
    assert_eq!(replaced, Some(link.scanner.id));
}

/// Issues a ticket with a code.
fn issue_coded(gate: &Gate, code: &str) -> Result<ShownTicket, DeskError> {
    let draft = json!({"ticketTypeId": "vip", "attendeeName": "Bob", "credentialCode": code});
    let draft = serde_json::from_value(draft).unwrap();
    block_on(gate.desk.tickets.issue(&ORGANIZER, gate.event, draft, None))
}

#[test]
fn a_code_that_is_given_away_meanwhile_is_not_given_back() {
    let gate = gate();
    let lost = issue_coded(&gate, "NFC-1").unwrap().ticket.id;
    let act =
        |gate: &Gate, action| block_on(gate.desk.tickets.act(&ORGANIZER, lost, action)).map(|_| ());
    act(&gate, TicketAction::Cancel).unwrap();
    gate.meanwhile(|gate| {
        issue_coded(gate, "NFC-1").unwrap();
    });
    let refused = act(&gate, TicketAction::Reinstate).unwrap_err();
    assert!(matches!(refused, DeskError::Conflict(_)), "{refused}");
}

#[test]
fn a_code_that_is_given_back_meanwhile_is_not_given_away() {
    let gate = gate();
    let lost = issue_coded(&gate, "NFC-1").unwrap().ticket.id;
    let kept = issue_coded(&gate, "NFC-2").unwrap().ticket.id;
    let act = move |gate: &Gate, action| {
        block_on(gate.desk.tickets.act(&ORGANIZER, lost, action)).unwrap();
    };
    act(&gate, TicketAction::Cancel);
    gate.meanwhile(move |gate| act(gate, TicketAction::Reinstate));
    let change = TicketChange {
        credential_code: Some(Some("NFC-1".to_owned())),
        ..TicketChange::default()
    };
    let refused = block_on(gate.desk.tickets.change(&ORGANIZER, kept, change)).err();
    assert!(
        matches!(refused, Some(DeskError::Conflict(_))),
        "{refused:?}"
    );
}

/// Returns the devices of an event's active scanners.
fn active(desk: &Desk, event: EventId) -> Vec<String> {
    let scanners = block_on(desk.scanners.list(&ORGANIZER, event))
        .unwrap()
        .scanners;
    let active = scanners.iter().filter(|scanner| scanner.is_active());
    let mut devices: Vec<_> = active
        .map(|scanner| scanner.device_fingerprint.as_str().to_owned())
        .collect();
    devices.sort_unstable();
    devices
}
