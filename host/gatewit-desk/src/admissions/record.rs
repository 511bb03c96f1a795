//! The answer to a decided scan, and what it writes to the store. Pure.

use std::collections::BTreeMap;

use gatewit_decision::{Decision, Lookup};
use gatewit_domain::event::TicketType;
use gatewit_domain::facts::{FoundTicket, ScanFacts};
use gatewit_domain::id::{CheckInId, ScannerId};
use gatewit_domain::ports::Write;
use gatewit_domain::scan::{CheckIn, Entry, Outcome, ScannedBy, TicketSummary, Verdict};
use gatewit_domain::ticket::Ticket;
use jiff::Timestamp;

use crate::tables::{
    CHECK_INS, ENTRIES, EventCheckIn, SCANNER_ADMITTED, SCANNER_REFUSED, SCANNER_SEEN,
};

/// Returns the answer to the scan.
pub(super) fn outcome(facts: &ScanFacts, decision: &Decision) -> Outcome {
    let days = &facts.event.calendar.days;
    let verdict = match &decision.refusal {
        None => Verdict::Admitted,
        Some(refusal) => Verdict::Refused(refusal.clone()),
    };
    let held = held(facts).filter(|_| verdict.is_of_good_scanner());
    Outcome {
        check_in_id: CheckInId::new(facts.now),
        at: facts.now,
        verdict,
        ticket: held.map(|held| summary(&held.ticket, held.kind(facts.event))),
        day_name: decision.day.map(|day| days[day].name.clone()),
        scanner_name: facts
            .scanner
            .map(|scanner| scanner.name.as_str().to_owned()),
    }
}

/// Returns the details of a ticket that a scanner shows; without a type, the type's id stands for its name.
pub(super) fn summary(ticket: &Ticket, kind: Option<&TicketType>) -> TicketSummary {
    TicketSummary {
        id: ticket.id,
        type_name: kind.map_or_else(|| ticket.type_id.clone(), |kind| kind.name.clone()),
        series: ticket.series.clone(),
        attendee_name: ticket.attendee_name.clone(),
        attendee_email: ticket.attendee_email.clone(),
        booking_reference: ticket.booking_reference.clone(),
    }
}

/// Returns what the scan writes: one record, the counts, and the entry of an admission.
pub(super) fn writes(facts: &ScanFacts, decision: &Decision, check_in: &CheckIn) -> Vec<Write> {
    let key = EventCheckIn(facts.event.id, check_in.id);
    let mut writes = vec![CHECK_INS.put(&key, check_in)];
    if let (None, Some(held), Some(day)) = (&decision.refusal, held(facts), check_in.day) {
        let mut entries = held.entries.clone();
        entries.0.push(Entry {
            check_in_id: check_in.id,
            day,
            zone: facts.zone().to_owned(),
            from_outside: facts.is_from_outside(),
            at: facts.now,
            location: location(facts),
        });
        writes.push(ENTRIES.put(&held.ticket.id, &entries));
    }
    if let Some(scanner) = facts.scanner {
        let count = match decision.refusal {
            None => SCANNER_ADMITTED,
            Some(_) => SCANNER_REFUSED,
        };
        writes.push(count.add(&scanner.id, 1));
        writes.push(seen(&scanner.id, facts.now));
    }
    writes
}

/// Returns when the scanner was last seen, to the second, so that a busy scanner mostly writes the same value.
pub(super) fn seen(scanner: &ScannerId, now: Timestamp) -> Write {
    let second = Timestamp::from_second(now.as_second());
    SCANNER_SEEN.put(scanner, &second.unwrap_or(now))
}

/// Creates the record of the scan.
pub(super) fn check_in(facts: &ScanFacts, decision: &Decision, outcome: &Outcome) -> CheckIn {
    let held = held(facts);
    let answer = held.and_then(|held| held.windows.as_ref().ok());
    let day = decision.day.map(|day| facts.event.calendar.days[day].id);
    CheckIn {
        id: outcome.check_in_id,
        event_id: facts.event.id,
        ticket_id: held.map(|held| held.ticket.id),
        ticket_series: held.map(|held| held.ticket.series.clone()),
        refusal: decision.refusal.clone(),
        refusals: BTreeMap::new(),
        at: facts.now,
        scanner_id: facts.scanner.map(|scanner| scanner.id),
        organizer: match &facts.scan.by {
            ScannedBy::Organizer(sub) => Some(sub.clone()),
            ScannedBy::Scanner { .. } => None,
        },
        contract: facts.scan.contract,
        zone: facts.zone().to_owned(),
        scan_point: facts
            .scanner
            .and_then(|scanner| scanner.place.scan_point.clone()),
        location: location(facts),
        day,
        plugin: answer.map(|answer| answer.plugin.clone()),
        idempotency_key: facts.scan.idempotency_key.clone(),
        undo: None,
    }
}

fn location(facts: &ScanFacts) -> Option<String> {
    let location = facts.scan.location.as_ref();
    location.map(|location| location.as_str().to_owned())
}

fn held<'f>(facts: &'f ScanFacts) -> Option<&'f FoundTicket> {
    match &facts.found {
        Lookup::Ticket(held) => Some(held),
        _ => None,
    }
}
