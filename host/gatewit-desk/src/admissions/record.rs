//! The answer to a decided scan, and its record. Pure.

use gatewit_decision::{Decision, Lookup};
use gatewit_domain::event::{Event, TicketType};
use gatewit_domain::facts::{FoundTicket, ScanFacts};
use gatewit_domain::id::CheckInId;
use gatewit_domain::identifier::fold;
use gatewit_domain::record::{RecordedBy, RecordedTicket, Repeat, ScanRecord};
use gatewit_domain::scan::{Outcome, ScannedBy, TicketSummary, Verdict};
use gatewit_domain::ticket::Ticket;

/// Returns the record of a decided scan.
pub(super) fn scan_record(
    facts: &ScanFacts,
    decision: &Decision,
    repeat: Option<Repeat>,
) -> ScanRecord {
    let station = &facts.scan.station;
    let location = station.location.as_ref();
    ScanRecord {
        id: CheckInId::new(facts.now),
        at: facts.now,
        by: recorded_by(&station.by),
        contract: station.contract,
        zone: facts.zone().to_owned(),
        from_outside: facts.is_from_outside(),
        scan_point: facts
            .scanner
            .and_then(|scanner| scanner.place.scan_point.clone()),
        location: location.map(|location| location.as_str().to_owned()),
        event_revision: facts.event.revision,
        found: match &facts.found {
            Lookup::Forged => Lookup::Forged,
            Lookup::Nothing => Lookup::Nothing,
            Lookup::Elsewhere => Lookup::Elsewhere,
            Lookup::Ticket(held) => Lookup::Ticket(recorded_ticket(held, facts.event)),
        },
        verdict: match &decision.refusal {
            None => Verdict::ADMITTED,
            Some(refusal) => Verdict::Refused(refusal.clone()),
        },
        day: decision.day.map(|day| facts.event.calendar.days[day].id),
        repeat,
    }
}

/// Returns the one who scans, as records name it.
pub(super) fn recorded_by(by: &ScannedBy) -> RecordedBy {
    match by {
        ScannedBy::Scanner { proof, .. } => RecordedBy::Scanner(proof.scanner_id),
        ScannedBy::Organizer(sub) => RecordedBy::Organizer(sub.clone()),
    }
}

/// Returns what a record holds of a ticket, at an event.
pub(super) fn recorded_ticket(held: &FoundTicket, event: &Event) -> RecordedTicket {
    let origin = held.ticket.origin.as_ref();
    let source_type = held.source_type.as_ref();
    RecordedTicket {
        id: held.ticket.id,
        inactive: held.inactive(event),
        type_id: fold(&held.ticket.type_id).into_owned(),
        source_type: source_type.map(|kind| kind.facts(&event.calendar)),
        valid_from: origin.and_then(|origin| origin.valid_from),
        valid_until: origin.and_then(|origin| origin.valid_until),
        windows: held.windows.as_ref().ok().map(|answer| answer.digest),
        entries: held.entries.0.iter().map(|entry| entry.sequence).collect(),
    }
}

/// Returns the answer that a record gives, with the ticket and the scanner's name as they are shown.
pub(super) fn outcome(
    record: &ScanRecord,
    event: &Event,
    ticket: Option<TicketSummary>,
    scanner_name: Option<String>,
) -> Outcome {
    let day = record
        .day
        .and_then(|day| event.day_of(Some(day), record.at));
    Outcome {
        check_in_id: record.id,
        at: record.at,
        verdict: record.verdict.clone(),
        ticket: ticket.filter(|_| record.verdict.is_of_good_scanner()),
        day_name: day.map(|day| day.name.clone()),
        scanner_name,
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
