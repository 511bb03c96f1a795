//! Admission at the door: takes a scan, returns an outcome that is on disk.

use std::sync::Arc;

use crate::changes::retry;
use crate::error::DeskError;
use crate::events::Events;
use crate::live_events::LiveEvent;
use crate::ports::Ports;
use crate::scanners::Scanners;
use crate::tables::{CallerKey, ENTRIES, IDEMPOTENCY, IdempotentResponse, SCANNERS, Stored};
use crate::ticket_sources::TicketSources;
use crate::tickets::Tickets;
use gatewit_domain::claims::TicketProof;
use gatewit_domain::event::MatchField;
use gatewit_domain::id::{EventId, ScannerId, TicketId};
use gatewit_domain::ports::{Commit, Guard, Write};
use gatewit_domain::rules::{Facts, Found, Held, check_scanner};
use gatewit_domain::scan::{CheckIn, Outcome, Presented, Scan, ScannedBy, Verdict};
use gatewit_domain::scanner::Scanner;

mod counters;
mod history;
mod manual_check_in;
mod record;
mod refusals;
mod repeats;
mod undo;
mod unknown;

pub use counters::ScanCount;
pub use history::{CheckInPage, CheckInQuery, ScanOutcome};
pub use undo::{Undone, UndoneBy};

use counters::ScanCounters;
use refusals::RefusalBound;
use repeats::{fingerprint, key_of};

/// Every scan: who was let in, who was refused, and what was taken back.
pub struct Admissions {
    ports: Arc<Ports>,
    events: Arc<Events>,
    scanners: Arc<Scanners>,
    tickets: Arc<Tickets>,
    sources: Arc<TicketSources>,
    refusals: RefusalBound,
    counters: ScanCounters,
}

/// An outcome, with the event in whose time zone it is shown.
pub struct Answered {
    pub outcome: Outcome,
    pub event: Arc<LiveEvent>,
}

/// The rows that a scan read; the commit requires that they are unchanged.
struct Read {
    /// None for an organizer at the desk.
    scanner: Option<Stored<Scanner>>,
    /// The ticket's rows that an admission depends on.
    ticket: Vec<Guard>,
    /// The key under which the answer is stored, and what is stored there now.
    repeat: Option<(CallerKey, Option<Stored<IdempotentResponse>>)>,
}

/// The outcome of a scan and what to commit for it.
struct Plan {
    outcome: Outcome,
    guards: Vec<Guard>,
    writes: Vec<Write>,
    /// The record of a refusal beyond its scanner's bound, written later together with others.
    beyond_bound: Option<(ScannerId, CheckIn)>,
}

impl Admissions {
    pub(super) fn new(
        ports: &Arc<Ports>,
        events: &Arc<Events>,
        scanners: &Arc<Scanners>,
        tickets: &Arc<Tickets>,
        sources: &Arc<TicketSources>,
    ) -> Self {
        Self {
            ports: Arc::clone(ports),
            events: Arc::clone(events),
            scanners: Arc::clone(scanners),
            tickets: Arc::clone(tickets),
            sources: Arc::clone(sources),
            refusals: RefusalBound::default(),
            counters: ScanCounters::default(),
        }
    }

    /// Decides a scan. The outcome is on disk when this returns; an error means that nothing was decided.
    pub async fn admit(&self, scan: &Scan) -> Result<Answered, DeskError> {
        retry(|| self.try_admit(scan)).await
    }

    /// Decides a scan; None if something that decided was changed before the commit.
    async fn try_admit(&self, scan: &Scan) -> Result<Option<Answered>, DeskError> {
        let event = self.events.live(scan.event_id)?;
        let read = self.read(scan).await?;
        if let Some(first) = read.first_answer(scan, self.ports.now())? {
            let outcome = self.with_ticket_as_it_is(&event, first).await?;
            return Ok(Some(Answered { outcome, event }));
        }
        let plan = self.plan(scan, &event, read).await?;
        let outcome = self.carry_out(scan, plan).await?;
        Ok(outcome.map(|outcome| Answered { outcome, event }))
    }

    /// Reads the scanner and the stored answer to an earlier request with the same idempotency key.
    async fn read(&self, scan: &Scan) -> Result<Read, DeskError> {
        let scanner = self.scanner_of(scan).await?;
        // Do not read or store answers for a mismatched or revoked scanner.
        let may_scan = check_scanner(scan, scanner.as_ref().map(|stored| &stored.value)).is_ok();
        let repeat = match scan.idempotency_key.as_ref().filter(|_| may_scan) {
            Some(key) => {
                let key = key_of(&scan.by, key);
                let remembered = IDEMPOTENCY.get(self.ports.store(), &key).await?;
                Some((key, remembered))
            }
            None => None,
        };
        Ok(Read {
            scanner,
            ticket: Vec::new(),
            repeat,
        })
    }

    /// Gathers the facts, decides, and prepares the writes.
    async fn plan(&self, scan: &Scan, live: &LiveEvent, mut read: Read) -> Result<Plan, DeskError> {
        let found = self.find_or_look_up(scan, live, &mut read).await?;
        let facts = Facts {
            now: self.ports.now(),
            scan,
            scanner: read.scanner.as_ref().map(|stored| &stored.value),
            event: &live.event,
            found,
        };
        let decision = facts.decide();
        let outcome = record::outcome(&facts, &decision);
        let check_in = record::check_in(&facts, &decision, &outcome);
        let is_refused = decision.refusal.is_some();
        let beyond = (facts.scanner.map(|scanner| scanner.id))
            .filter(|scanner| is_refused && !self.refusals.take(*scanner, facts.now));
        let mut writes = match beyond {
            None => record::writes(&facts, &decision, &check_in),
            Some(_) => Vec::new(),
        };
        if let Some((key, _)) = &read.repeat {
            let remembered = IdempotentResponse {
                request: fingerprint(scan),
                outcome: outcome.clone(),
            };
            writes.push(IDEMPOTENCY.put(key, &remembered));
        }
        Ok(Plan {
            guards: read.guards(!is_refused),
            outcome,
            writes,
            beyond_bound: beyond.map(|scanner| (scanner, check_in)),
        })
    }

    /// Commits a plan; None if something that it depends on has changed.
    async fn carry_out(&self, scan: &Scan, plan: Plan) -> Result<Option<Outcome>, DeskError> {
        if plan.beyond_bound.is_some() {
            // Fails as long as the store does: a refusal that cannot be recorded soon is not answered either.
            self.record_refusals().await?;
        }
        if !plan.writes.is_empty()
            && self.ports.store().commit(plan.guards, plan.writes).await? != Commit::Done
        {
            return Ok(None);
        }
        match (plan.beyond_bound, &plan.outcome.verdict) {
            (Some((scanner, check_in)), Verdict::Refused(refusal)) => {
                self.refusals.add(scanner, check_in, refusal.code());
            }
            (_, verdict) => self.counters.count(scan.contract, verdict),
        }
        Ok(Some(plan.outcome))
    }

    async fn scanner_of(&self, scan: &Scan) -> Result<Option<Stored<Scanner>>, DeskError> {
        let ScannedBy::Scanner { proof, .. } = &scan.by else {
            return Ok(None);
        };
        let scanner = SCANNERS.get(self.ports.store(), &proof.scanner_id).await?;
        match scanner {
            Some(scanner) => Ok(Some(scanner)),
            None => Err(DeskError::not_found("scanner", proof.scanner_id)),
        }
    }

    /// Finds the ticket that was presented, and adds the rows it depends on.
    async fn find(
        &self,
        scan: &Scan,
        live: &LiveEvent,
        read: &mut Read,
    ) -> Result<Found, DeskError> {
        let scanner = read.scanner.as_ref().map(|stored| &stored.value);
        let field = match_field(scanner, live);
        let id = match &scan.presented {
            Presented::Ticket(id) => *id,
            Presented::Token(code) => match self.named(code.as_str(), live, field).await? {
                Ok(id) => id,
                Err(found) => return Ok(found),
            },
            Presented::TooLong { token, .. } => {
                let token = token.as_deref();
                match token.and_then(|token| self.signed(token, field)) {
                    Some(Ok(id)) => id,
                    Some(Err(found)) => return Ok(found),
                    None => return Ok(unknown_code(field)),
                }
            }
        };
        let Some(stored) = self.tickets.stored(&id).await? else {
            return Ok(Found::Nothing);
        };
        if stored.value.event_id != live.event.id || self.events.is_for_another_date(&stored.value)
        {
            return Ok(Found::Elsewhere);
        }
        let entries = ENTRIES.get(self.ports.store(), &id).await?;
        read.ticket = vec![ENTRIES.as_read(&id, entries.as_ref()), stored.unchanged()];
        let ticket = stored.value;
        let held = Held {
            windows: self.events.windows_of(live, &ticket).await,
            entries: entries.map(|stored| stored.value).unwrap_or_default(),
            source_type: self.events.source_type(live, &ticket),
            ticket,
        };
        Ok(Found::Ticket(Box::new(held)))
    }

    /// Returns the ticket that a code names, or what is wrong with the code.
    async fn named(
        &self,
        code: &str,
        live: &LiveEvent,
        field: MatchField,
    ) -> Result<Result<TicketId, Found>, DeskError> {
        if let Some(signed) = self.signed(code, field) {
            return Ok(signed);
        }
        let id = self.tickets.by_code(live.event.id, field, code).await?;
        Ok(id.ok_or(unknown_code(field)))
    }

    /// Returns the ticket that a signed code names, or what is wrong with it; None if the text is not a signed code.
    fn signed(&self, text: &str, field: MatchField) -> Option<Result<TicketId, Found>> {
        let header = self.ports.signer.header(text)?;
        if !matches!(field, MatchField::Any | MatchField::QrCode) {
            return Some(Err(Found::Nothing));
        }
        let proof = self.verified(text, header.event);
        let id = proof.map(|proof| proof.ticket_instance_id);
        Some(id.ok_or(Found::Forged))
    }

    /// Verifies a ticket's token with the key of the event that it names.
    fn verified(&self, token: &str, event: Option<EventId>) -> Option<TicketProof> {
        let live = self.events.find(event?)?;
        let proof = live.key.as_ref()?.verify_ticket(token)?;
        (proof.event_id == live.event.id).then_some(proof)
    }
}

impl Read {
    /// Returns the guards of the commit. An admission requires that nobody used or cancelled the ticket or revoked the
    /// scanner meanwhile; a refusal only has to be true at the moment it was decided.
    fn guards(self, is_admitted: bool) -> Vec<Guard> {
        let mut guards = Vec::new();
        if let Some((key, remembered)) = &self.repeat {
            guards.push(IDEMPOTENCY.as_read(key, remembered.as_ref()));
        }
        if is_admitted {
            guards.extend(self.ticket);
            guards.extend(self.scanner.as_ref().map(Stored::unchanged));
        }
        guards
    }
}

/// Returns the result for a code that belongs to no ticket.
fn unknown_code(field: MatchField) -> Found {
    match field {
        // A valid QR code is signed here or comes from the ticketing system.
        MatchField::QrCode => Found::Forged,
        _ => Found::Nothing,
    }
}

/// Returns which of a ticket's codes counts at the scanner's scan point.
fn match_field(scanner: Option<&Scanner>, live: &LiveEvent) -> MatchField {
    let point = scanner.and_then(|scanner| scanner.place.scan_point.as_deref());
    let point = point.and_then(|id| live.event.scan_point(id));
    point.map_or(MatchField::QrCode, |point| point.match_field)
}
