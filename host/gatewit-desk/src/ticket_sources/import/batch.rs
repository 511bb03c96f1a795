//! One commit of tickets imported from a source: the reads and writes for each of them.

use std::collections::HashMap;

use gatewit_domain::id::TicketId;
use gatewit_domain::names::{Likeness, NameMatching, PreparedName};
use gatewit_domain::scanned::clean;
use gatewit_domain::ticket::{Ticket, code_of};
use jiff::Timestamp;

use super::source_import::SourceImport;
use super::update::TicketUpdate;
use crate::changes::Changes;
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::tables::{
    EVENT_DELETIONS, EventSource, EventTicket, IMPORT_PROGRESS, ORDERS, OrderTicket, Stored,
    TICKET_CODES, TICKET_ENTRIES, TICKET_EVENTS, TICKETS,
};

/// The commit in preparation.
pub(super) struct ImportBatch<'d> {
    import: &'d SourceImport<'d>,
    live: &'d LiveEvent,
    changes: Changes,
    /// The codes that this step has kept, claimed or released, and the ticket for each.
    claimed: HashMap<String, TicketId>,
    pub changed: Vec<Ticket>,
    /// The changed tickets that are new, or that a search finds by other words than before.
    pub refiled: Vec<Ticket>,
    /// The former state of those that a search finds by other words.
    pub outdated: Vec<Ticket>,
    /// The updates of tickets with a code that another ticket has.
    pub conflicts: Vec<TicketUpdate>,
    /// Tickets that have entries, and another holder than when these were made.
    pub new_holders: Vec<TicketId>,
}

impl<'d> ImportBatch<'d> {
    pub fn new(import: &'d SourceImport<'d>, live: &'d LiveEvent) -> Self {
        Self {
            import,
            live,
            changes: Changes::default(),
            claimed: HashMap::new(),
            changed: Vec::new(),
            refiled: Vec::new(),
            outdated: Vec::new(),
            conflicts: Vec::new(),
            new_holders: Vec::new(),
        }
    }

    /// Takes the changes to commit; None if there are none.
    pub fn take_changes(&mut self) -> Option<Changes> {
        let mut changes = std::mem::take(&mut self.changes);
        let guard = EVENT_DELETIONS.absent(&self.live.event.id);
        changes.guards.push(guard);
        (!changes.writes.is_empty()).then_some(changes)
    }

    /// Adds the changes of one ticket, which is stored like this.
    pub async fn add(
        &mut self,
        update: &TicketUpdate,
        stored: Option<Stored<Ticket>>,
    ) -> Result<(), DeskError> {
        let event = self.live.event.id;
        let id = self.import.id_of(update.reference());
        let before = stored.as_ref().map(|stored| &stored.value);
        let ticket = match (update, before) {
            (TicketUpdate::Upsert(told) | TicketUpdate::LookedUp(told), before) => {
                let now = self.import.ports.now();
                let mut ticket =
                    Ticket::of_source(event, &self.import.source.name, told, before, now);
                if !self.move_codes(&mut ticket, &told.codes).await? {
                    self.conflicts.push(update.clone());
                }
                if let Some(origin) = &mut ticket.origin {
                    origin.found_at = match update {
                        TicketUpdate::LookedUp(_) => found_at(before, now),
                        _ => None,
                    };
                }
                ticket
            }
            (TicketUpdate::Deleted(_), Some(before)) => before.gone(),
            (TicketUpdate::Deleted(_), None) => return Ok(()),
        };
        if before == Some(&ticket) {
            return Ok(());
        }
        if before.is_some_and(|before| has_new_holder(before, &ticket))
            && self.has_entries(id).await?
        {
            self.new_holders.push(id);
        }
        let guard = TICKETS.as_read(&EventTicket(event, id), stored.as_ref());
        self.changes.guards.push(guard);
        if let TicketUpdate::LookedUp(_) = update {
            // Make the next sync go through the whole log, even an unchanged one: it may not have this ticket.
            let key = EventSource(event, self.import.source.name.clone());
            self.changes.writes.push(IMPORT_PROGRESS.delete(&key));
        }
        self.keep(ticket, before);
        Ok(())
    }

    fn keep(&mut self, ticket: Ticket, before: Option<&Ticket>) {
        let event = self.live.event.id;
        let key = EventTicket(event, ticket.id);
        self.changes.writes.push(TICKETS.put(&key, &ticket));
        let order = |of: &Ticket| OrderTicket(event, of.booking_reference.clone(), of.id);
        let old_order = before.map(|before| &before.booking_reference);
        if before.is_none() {
            let listed = TICKET_EVENTS.insert(&ticket.id, &event);
            self.changes.writes.push(listed);
        }
        if old_order != Some(&ticket.booking_reference) {
            self.changes
                .writes
                .extend(before.map(|before| ORDERS.delete(&order(before))));
            self.changes.writes.push(ORDERS.put(&order(&ticket), &()));
        }
        if before.is_none_or(|before| !is_found_alike(before, &ticket)) {
            self.outdated.extend(before.cloned());
            self.refiled.push(ticket.clone());
        }
        self.changed.push(ticket);
    }

    /// Claims a ticket's codes, except those that belong to another, and releases those it no longer has; false if a
    /// ticket that is not withdrawn lacks one of its codes.
    async fn move_codes(
        &mut self,
        ticket: &mut Ticket,
        wanted: &[String],
    ) -> Result<bool, DeskError> {
        let Some(origin) = &mut ticket.origin else {
            return Ok(true);
        };
        let (mut codes, mut taken) = (Vec::with_capacity(wanted.len()), Vec::new());
        for code in wanted {
            // A withdrawn ticket bears all of its codes and needs them once it is reinstated.
            let looked_up = code_of(&origin.reference, code);
            match self.claim(ticket.id, &looked_up).await? || ticket.state.is_withdrawn() {
                true => codes.push(code.clone()),
                false => taken.push(code.clone()),
            }
        }
        let is_wanted = |had: &str| {
            let mut wanted = wanted.iter();
            wanted.any(|code| code_of(&origin.reference, code) == had)
        };
        for had in origin.code_spellings().filter(|had| !is_wanted(had)) {
            self.release(ticket.id, &had).await?;
        }
        (origin.codes, origin.taken_codes) = (codes, taken);
        Ok(origin.taken_codes.is_empty())
    }

    async fn claim(&mut self, ticket: TicketId, code: &str) -> Result<bool, DeskError> {
        if let Some(claimant) = self.claimed.get(clean(code)) {
            return Ok(*claimant == ticket);
        }
        let tickets = self.import.tickets;
        let claim = tickets.claim_code(self.live, &TICKET_CODES, code, ticket);
        let Some(claim) = claim.await? else {
            return Ok(false);
        };
        self.add_claim(ticket, code, claim);
        Ok(true)
    }

    async fn release(&mut self, ticket: TicketId, code: &str) -> Result<(), DeskError> {
        if !self.claimed.contains_key(clean(code)) {
            let tickets = self.import.tickets;
            let release = tickets.release_code(self.live, &TICKET_CODES, code, ticket);
            let release = release.await?;
            if !release.writes.is_empty() {
                self.add_claim(ticket, code, release);
            }
        }
        Ok(())
    }

    fn add_claim(&mut self, ticket: TicketId, code: &str, claim: Changes) {
        self.changes.add(claim);
        self.claimed.insert(clean(code).to_owned(), ticket);
    }

    /// Whether somebody was let in with a ticket.
    async fn has_entries(&self, ticket: TicketId) -> Result<bool, DeskError> {
        let key = EventTicket(self.import.event, ticket);
        let entries = TICKET_ENTRIES.get(self.import.ports.store(), &key).await?;
        Ok(entries.is_some_and(|stored| !stored.value.by_day.is_empty()))
    }
}

/// Whether a ticket has another holder. A name that is filled in or spelled better is the same holder's.
fn has_new_holder(before: &Ticket, now: &Ticket) -> bool {
    let [before, now] = [before, now].map(|ticket| PreparedName::of(&ticket.attendee_name));
    !before.is_empty() && NameMatching::default().compare(&before, &now) != Likeness::Same
}

/// Returns since when a looked-up ticket is known from look-ups only; None if a sync has listed it.
fn found_at(before: Option<&Ticket>, now: Timestamp) -> Option<Timestamp> {
    let origin = before.and_then(|before| before.origin.as_ref());
    match origin.filter(|origin| origin.state.is_some()) {
        Some(known) => known.found_at,
        None => Some(now),
    }
}

/// Whether a search finds two states of a ticket by the same words.
fn is_found_alike(one: &Ticket, other: &Ticket) -> bool {
    one.attendee_name == other.attendee_name
        && one.attendee_email == other.attendee_email
        && one.booking_reference == other.booking_reference
}
