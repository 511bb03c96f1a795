//! Scans that are not looked up: texts too long to be codes, and anything from a scanner that may not scan.

use gatewit_desk::ShownTicket;
use gatewit_domain::scan::{IdempotencyKey, Outcome, Scan, Verdict};
use gatewit_domain::scanned::CODE_BYTES_MAX;
use serde_json::json;

use super::races::{DEVICE, Gate, gate};
use super::{ORGANIZER, patch};
use crate::world::block_on;

/// The tables in which codes are looked up.
const LOOKED_UP: [&str; 4] = ["ticket_codes", "credential_codes", "tickets", "entries"];

fn scan(gate: &Gate, text: &str, device: &str) -> Outcome {
    gate.office.disk.tables_read();
    let scan = gate.scan_of(text, device);
    block_on(gate.desk.admissions.admit(&scan)).unwrap().outcome
}

#[track_caller]
fn check_unasked(gate: &Gate, text: &str, device: &str, code: &str) {
    let outcome = scan(gate, text, device);
    match outcome.verdict {
        Verdict::Refused(refusal) => assert_eq!(refusal.code(), code),
        Verdict::Admitted { .. } => panic!("let in"),
    }
    let read = gate.office.disk.tables_read();
    assert!(
        !LOOKED_UP.iter().any(|table| read.contains(*table)),
        "{code}: {read:?}"
    );
}

#[test]
fn a_scanner_that_may_not_scan_causes_no_look_up() {
    let gate = gate();
    let token = gate.ticket.token.clone().unwrap();
    for text in [&token, "some code"] {
        check_unasked(&gate, text, "another-device", "scanner_mismatch");
    }
    gate.revoke();
    for text in [&token, "some code"] {
        check_unasked(&gate, text, DEVICE, "scanner_revoked");
    }
}

#[test]
fn a_text_that_is_too_long_for_a_code_is_refused_without_a_look_up() {
    let gate = gate();
    for bytes in [CODE_BYTES_MAX + 1, 1 << 20] {
        check_unasked(&gate, &"x".repeat(bytes), DEVICE, "invalid_signature");
        // A forgery is not looked up either.
        let forged = format!(
            "{}{}",
            gate.ticket.token.as_ref().unwrap(),
            "x".repeat(bytes)
        );
        check_unasked(&gate, &forged, DEVICE, "invalid_signature");
    }
    let padded = format!(
        "{}{}",
        gate.ticket.token.as_ref().unwrap(),
        " ".repeat(CODE_BYTES_MAX)
    );
    assert_eq!(scan(&gate, &padded, DEVICE).verdict, Verdict::ADMITTED);
}

#[test]
fn a_signed_ticket_may_be_longer_than_any_other_code() {
    let gate = gate();
    for (days, name) in [(60, "Day "), (366, &*"é".repeat(190))] {
        let day = |number| {
            let date = "2025-12-15".parse::<jiff::civil::Date>().unwrap();
            let date = date + jiff::Span::new().days(number);
            json!({
                "dayName": format!("{name}{number}"),
                "startDateTime": format!("{date}T09:00:00+03:00"),
                "endDateTime": format!("{date}T18:00:00+03:00"),
            })
        };
        let days = (0..days).map(day).collect::<Vec<_>>();
        patch(&gate.desk, gate.event, json!({ "days": days })).unwrap();
        let ticket = issue(&gate);
        let (token, id) = (ticket.token.unwrap(), ticket.ticket.id.to_string());
        assert!(token.len() > CODE_BYTES_MAX, "{}", token.len());
        let stored = |gate: &Gate| gate.office.disk.table("repeats").len();
        let repeats = stored(&gate);
        for text in [&*token, &format!("]Q1{token}\r\n"), &token] {
            let scan = Scan {
                idempotency: Some(IdempotencyKey::parse(&id).unwrap()),
                ..gate.scan_of(text, DEVICE)
            };
            let answered = block_on(gate.desk.admissions.admit(&scan)).unwrap();
            assert_eq!(answered.outcome.verdict, Verdict::ADMITTED);
        }
        assert_eq!(stored(&gate), repeats + 1);
        check_short_rows(&gate, &token);
        let forged = &token[..token.len() - 1];
        check_unasked(&gate, forged, DEVICE, "invalid_signature");
    }
}

fn issue(gate: &Gate) -> ShownTicket {
    let draft = json!({"ticketTypeId": "vip", "attendeeName": "Ann"});
    let draft = serde_json::from_value(draft).unwrap();
    block_on(gate.desk.tickets.issue(&ORGANIZER, gate.event, draft, None)).unwrap()
}

/// Checks that a token is kept nowhere but as the ticket's own.
#[track_caller]
fn check_short_rows(gate: &Gate, token: &str) {
    for table in ["repeats", "check_ins", "entries", "ticket_codes"] {
        for (key, value) in gate.office.disk.table(table) {
            assert!(key.len() < CODE_BYTES_MAX, "{table}");
            assert!(!value.contains(&token[..200]), "{table}");
        }
    }
}
