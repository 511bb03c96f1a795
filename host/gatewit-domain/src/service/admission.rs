//! The one use case of the door: a scan in, a durable outcome out.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{ATTEMPTS_MAX, Desk, LiveEvent, PAGE};
use crate::claims::{Claims, TicketClaims};
use crate::event::MatchField;
use crate::id::{CheckInId, EventId, TicketId};
use crate::ports::{Commit, Guard, Write};
use crate::problem::{DeskError, Problem};
use crate::rules::{Decision, Facts, Found, Held, check_scanner};
use crate::scan::{
    CheckIn, Entries, Entry, Outcome, Presented, Refusal, RepeatKey, Scan, TicketSummary, Verdict,
};
use crate::scanner::Scanner;
use crate::tables::{
    CHECK_INS, CREDENTIAL_CODES, ENTRIES, EventCheckIn, REPEATS, Remembered, SCANNER_ADMITTED,
    SCANNER_REFUSED, SCANNER_SEEN, ScannerRepeat, Stored, TICKETS, within,
};
use crate::ticket::Ticket;

/// How long an answer is remembered for repeats.
const REMEMBERED: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

const LOCATION_MAX: usize = 200;

/// An outcome, with the event in whose time it is told.
pub struct Answered {
    pub outcome: Outcome,
    pub event: Arc<LiveEvent>,
}

/// What a scan read, kept so that the commit holds only if it is still so.
struct Read {
    scanner: Stored<Scanner>,
    ticket: Option<(Stored<Ticket>, Option<Stored<Entries>>)>,
    /// Where the answer is to be remembered, and what is remembered there.
    repeat: Option<(ScannerRepeat, Option<Stored<Remembered>>)>,
}

/// What is to become of a scan.
struct Plan {
    outcome: Outcome,
    guards: Vec<Guard>,
    writes: Vec<Write>,
}

impl Desk {
    /// Decides a scan. What it answers is on disk; an error means that nothing was decided.
    pub async fn admit(&self, scan: &Scan) -> Result<Answered, DeskError> {
        check_location(scan)?;
        for _ in 0..ATTEMPTS_MAX {
            let event = self.live(scan.credential.event_id)?;
            let scanner = self.scanner(scan.credential.scanner_id).await?;
            // Nothing is remembered for, or told to, whoever is not that scanner or is one no more.
            let repeat_key = scan.repeat_key.as_ref();
            let repeat_key = repeat_key.filter(|_| check_scanner(scan, &scanner.value).is_ok());
            let remembered = match repeat_key {
                Some(key) => REPEATS.get(self.store(), &repeat(scan, key)).await?,
                None => None,
            };
            if let Some(outcome) = first_answer(scan, remembered.as_ref(), self.now())? {
                return Ok(Answered { outcome, event });
            }
            let read = Read {
                scanner,
                ticket: None,
                repeat: repeat_key.map(|key| (repeat(scan, key), remembered)),
            };
            let plan = self.plan(scan, &event, read).await?;
            if self.store().commit(plan.guards, plan.writes).await? == Commit::Done {
                let outcome = plan.outcome;
                return Ok(Answered { outcome, event });
            }
        }
        Err(DeskError::contended())
    }

    /// Throws away answers too old to be repeated.
    pub async fn forget_old_answers(&self) -> Result<(), DeskError> {
        let mut after = None;
        loop {
            let page = REPEATS.page(self.store(), "", after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.key.clone());
            let now = self.now();
            let old = page
                .iter()
                .filter(|stored| is_forgotten(&stored.value.outcome, now));
            let (guards, writes): (Vec<_>, Vec<_>) = old
                .map(|stored| (stored.unchanged(), Write::Delete(stored.key.clone())))
                .unzip();
            if !writes.is_empty() {
                // One that was used anew meanwhile blocks its page until next time.
                self.store().commit(guards, writes).await?;
            }
        }
    }

    /// Gathers the facts, decides, and says what that writes.
    async fn plan(&self, scan: &Scan, live: &LiveEvent, mut read: Read) -> Result<Plan, DeskError> {
        let (found, ticket) = self.find(scan, live, &read.scanner.value).await?;
        read.ticket = ticket;
        let facts = Facts {
            now: self.now(),
            scan,
            scanner: &read.scanner.value,
            event: &live.event,
            found,
        };
        let decision = facts.decide();
        let outcome = outcome(&facts, &decision);
        let mut writes = record(&facts, &decision, &outcome);
        if let Some((key, _)) = &read.repeat {
            let remembered = Remembered {
                request: fingerprint(scan),
                outcome: outcome.clone(),
            };
            writes.push(REPEATS.put(key, &remembered));
        }
        Ok(Plan {
            guards: read.guards(&decision),
            outcome,
            writes,
        })
    }

    /// Finds the ticket that was presented.
    async fn find(
        &self,
        scan: &Scan,
        live: &LiveEvent,
        scanner: &Scanner,
    ) -> Result<(Found, Option<(Stored<Ticket>, Option<Stored<Entries>>)>), DeskError> {
        let Presented::Token(text) = &scan.presented;
        let point = scanner.scan_point.as_deref();
        let field = point
            .and_then(|id| live.event.scan_point(id))
            .map_or(MatchField::QrCode, |point| point.match_field);
        let id = match self.ports.signer.header(text) {
            Some(_) if !matches!(field, MatchField::Any | MatchField::QrCode) => {
                return Ok((Found::Nothing, None));
            }
            Some(header) => match self.verified(text, header.event) {
                Some(claims) => claims.ticket_instance_id,
                None => return Ok((Found::Forged, None)),
            },
            None => match self.by_code(live.event.id, field, text).await? {
                Some(id) => id,
                None => return Ok((Found::Forged, None)),
            },
        };
        let Some(stored) = TICKETS.get(self.store(), &id).await? else {
            return Ok((Found::Nothing, None));
        };
        if stored.value.event_id != live.event.id {
            return Ok((Found::Elsewhere, None));
        }
        let entries = ENTRIES.get(self.store(), &id).await?;
        let held = Held {
            ticket: stored.value.clone(),
            entries: entries
                .as_ref()
                .map_or_else(Entries::default, |stored| stored.value.clone()),
            windows: self
                .ports
                .strategies
                .windows(&live.rule, &stored.value.holder())
                .await,
        };
        Ok((Found::Ticket(Box::new(held)), Some((stored, entries))))
    }

    /// Verifies a ticket's token with the key of the event that it names.
    fn verified(&self, token: &str, event: Option<EventId>) -> Option<TicketClaims> {
        let live = self.live.get(event?)?;
        match live.key.as_ref()?.verify(token)? {
            Claims::Ticket(claims) if claims.event_id == live.event.id => Some(claims),
            _ => None,
        }
    }

    /// Finds a ticket by a text that it bears.
    async fn by_code(
        &self,
        event: EventId,
        field: MatchField,
        text: &str,
    ) -> Result<Option<TicketId>, DeskError> {
        if matches!(field, MatchField::Any | MatchField::CredentialCode) {
            let found = CREDENTIAL_CODES
                .get(self.store(), &within(&event, &text.trim()))
                .await?;
            if let Some(found) = found {
                return Ok(Some(found.value));
            }
        }
        match field {
            MatchField::Any | MatchField::TicketId => Ok(text.trim().parse().ok()),
            MatchField::QrCode | MatchField::CredentialCode => Ok(None),
        }
    }
}

impl Read {
    /// An admission stands only on what was read: nobody else entered with the ticket, cancelled it or revoked the
    /// scanner meanwhile. A refusal is true of the moment it was decided in.
    fn guards(&self, decision: &Decision) -> Vec<Guard> {
        let mut guards = Vec::new();
        if let Some((key, remembered)) = &self.repeat {
            guards.push(REPEATS.as_read(key, remembered.as_ref()));
        }
        if let (None, Some((ticket, entries))) = (&decision.refusal, &self.ticket) {
            guards.push(ENTRIES.as_read(&ticket.value.id, entries.as_ref()));
            guards.push(ticket.unchanged());
            guards.push(self.scanner.unchanged());
        }
        guards
    }
}

fn check_location(scan: &Scan) -> Result<(), DeskError> {
    let length = scan
        .location
        .as_ref()
        .map_or(0, |location| location.chars().count());
    match length {
        0..=LOCATION_MAX => Ok(()),
        _ => {
            let words = format!("checkInLocation must have at most {LOCATION_MAX} characters");
            Err(DeskError::unacceptable("invalid_scan", words))
        }
    }
}

/// Finds the answer that was given to the same request, unless it is too old.
fn first_answer(
    scan: &Scan,
    remembered: Option<&Stored<Remembered>>,
    now: jiff::Timestamp,
) -> Result<Option<Outcome>, DeskError> {
    let fresh = remembered.filter(|stored| !is_forgotten(&stored.value.outcome, now));
    let Some(Stored { value, .. }) = fresh else {
        return Ok(None);
    };
    if value.request != fingerprint(scan) {
        return Err(DeskError::Conflict(Problem::new(
            "idempotency_mismatch",
            "this idempotency key was used for another scan; use a new key for each scan",
        )));
    }
    Ok(Some(value.outcome.clone()))
}

fn is_forgotten(outcome: &Outcome, now: jiff::Timestamp) -> bool {
    now >= outcome.at + REMEMBERED
}

fn outcome(facts: &Facts, decision: &Decision) -> Outcome {
    let days = &facts.event.calendar.days;
    let may_know = !matches!(
        decision.refusal,
        Some(Refusal::ScannerMismatch | Refusal::ScannerRevoked)
    );
    let held = match &facts.found {
        Found::Ticket(held) if may_know => Some(held),
        _ => None,
    };
    Outcome {
        check_in_id: CheckInId::new(facts.now),
        at: facts.now,
        verdict: match &decision.refusal {
            None => Verdict::Admitted,
            Some(refusal) => Verdict::Refused(refusal.clone()),
        },
        ticket: held.map(|held| summary(facts, &held.ticket)),
        day_name: decision.day.map(|day| days[day].name.clone()),
        scanner_name: facts.scanner.name.as_str().to_owned(),
    }
}

fn summary(facts: &Facts, ticket: &Ticket) -> TicketSummary {
    let kind = facts.event.ticket_type(&ticket.type_id);
    TicketSummary {
        id: ticket.id,
        type_name: kind.map_or_else(|| ticket.type_id.clone(), |kind| kind.name.clone()),
        series: ticket.series.clone(),
        attendee_name: ticket.attendee_name.clone(),
        attendee_email: ticket.attendee_email.clone(),
        booking_reference: ticket.booking_reference.clone(),
    }
}

/// Says what a decided scan leaves in the store: one record, the counts, and the entry of an admission.
fn record(facts: &Facts, decision: &Decision, outcome: &Outcome) -> Vec<Write> {
    let held = match &facts.found {
        Found::Ticket(held) => Some(held),
        _ => None,
    };
    let day = decision.day.map(|day| facts.event.calendar.days[day].id);
    let answer = held.and_then(|held| held.windows.as_ref().ok());
    let check_in = CheckIn {
        id: outcome.check_in_id,
        event_id: facts.event.id,
        ticket_id: held.map(|held| held.ticket.id),
        ticket_series: held.map(|held| held.ticket.series.clone()),
        refusal: decision.refusal.clone(),
        at: facts.now,
        scanner_id: facts.scanner.id,
        contract: facts.scan.contract,
        scan_point: facts.scanner.scan_point.clone(),
        location: facts.scan.location.clone(),
        day,
        plugin: answer.map(|answer| answer.plugin.clone()),
    };
    let scanner = &facts.scanner.id;
    let mut writes = vec![
        CHECK_INS.put(&EventCheckIn(facts.event.id, check_in.id), &check_in),
        SCANNER_SEEN.put(scanner, &facts.now),
    ];
    match (&decision.refusal, held, day) {
        (None, Some(held), Some(day)) => {
            let mut entries = held.entries.clone();
            entries.0.push(Entry {
                check_in_id: check_in.id,
                day,
                at: facts.now,
                location: facts.scan.location.clone(),
            });
            writes.push(ENTRIES.put(&held.ticket.id, &entries));
            writes.push(SCANNER_ADMITTED.add(scanner, 1));
        }
        _ => writes.push(SCANNER_REFUSED.add(scanner, 1)),
    }
    writes
}

fn repeat(scan: &Scan, key: &RepeatKey) -> ScannerRepeat {
    ScannerRepeat(scan.credential.scanner_id, key.clone())
}

/// Tells one request from another under the same repeat key.
fn fingerprint(scan: &Scan) -> String {
    let parts = serde_json::json!([
        scan.presented,
        scan.claimed_scanner,
        scan.claimed_fingerprint,
        scan.location
    ]);
    let digest = Sha256::digest(parts.to_string());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
