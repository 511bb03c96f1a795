//! Scans that are not looked up: texts too long to be codes, and anything from a scanner that may not scan.

use gatewit_domain::scan::{Outcome, Verdict};
use gatewit_domain::scanned::CODE_BYTES_MAX;

use super::races::{DEVICE, Gate, gate};
use crate::world::block_on;

/// The tables in which codes are looked up.
const LOOKED_UP: [&str; 4] = ["ticket_codes", "credential_codes", "tickets", "entries"];

fn scan(gate: &Gate, text: &str, device: &str) -> Outcome {
    gate.office.disk.tables_read();
    let scan = gate.scan_of(text, device);
    block_on(gate.desk.admit(&scan)).unwrap().outcome
}

#[track_caller]
fn check_unasked(gate: &Gate, text: &str, device: &str, code: &str) {
    let outcome = scan(gate, text, device);
    match outcome.verdict {
        Verdict::Refused(refusal) => assert_eq!(refusal.code(), code),
        Verdict::Admitted => panic!("let in"),
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
    }
    let padded = format!(
        "{}{}",
        gate.ticket.token.as_ref().unwrap(),
        " ".repeat(CODE_BYTES_MAX)
    );
    assert_eq!(scan(&gate, &padded, DEVICE).verdict, Verdict::Admitted);
}
