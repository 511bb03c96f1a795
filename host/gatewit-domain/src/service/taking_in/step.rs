//! One commit of tickets that come from a source: what each of them reads, and what it leaves.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::id::TicketId;
use crate::ports::{Guard, Store, Write};
use crate::problem::DeskError;
use crate::scanned::clean;
use crate::service::{Desk, LiveEvent};
use crate::source::SourceName;
use crate::tables::{
    CREDENTIAL_CODES, EVENT_TICKETS, EventSource, EventTicket, ORDERS, OrderTicket, TAKEN_IN,
    TICKET_CODES, TICKETS, within,
};
use crate::ticket::Ticket;

use super::News;

/// What is to be committed.
pub(super) struct Step<'d> {
    desk: &'d Desk,
    live: &'d LiveEvent,
    source: &'d SourceName,
    guards: Vec<Guard>,
    writes: Vec<Write>,
    /// Codes that tickets of this step have taken.
    claimed: HashSet<String>,
    pub changed: Vec<Ticket>,
    /// Those of them that are new, or found by other words than before.
    pub refiled: Vec<Ticket>,
    /// What the latter were before.
    pub outdated: Vec<Ticket>,
    /// Of whom another ticket has a code.
    pub clashes: Vec<News>,
}

impl<'d> Step<'d> {
    pub fn new(desk: &'d Desk, live: &'d LiveEvent, source: &'d SourceName) -> Self {
        Self {
            desk,
            live,
            source,
            guards: Vec::new(),
            writes: Vec::new(),
            claimed: HashSet::new(),
            changed: Vec::new(),
            refiled: Vec::new(),
            outdated: Vec::new(),
            clashes: Vec::new(),
        }
    }

    /// Takes what there is to commit; None if nothing changes.
    pub fn commit(&mut self) -> Option<(Vec<Guard>, Vec<Write>)> {
        let (guards, writes) = (
            std::mem::take(&mut self.guards),
            std::mem::take(&mut self.writes),
        );
        (!writes.is_empty()).then_some((guards, writes))
    }

    /// Adds what changes for one ticket.
    pub async fn add(&mut self, news: &News) -> Result<(), DeskError> {
        let event = self.live.event.id;
        let id = TicketId::of_source(event, self.source, news.reference());
        let stored = TICKETS.get(self.store(), &id).await?;
        let before = stored.as_ref().map(|stored| &stored.value);
        let ticket = match (news, before) {
            (News::Told(told) | News::Found(told), before) => {
                let now = self.desk.now();
                let mut ticket = Ticket::of_source(event, self.source, told, before, now);
                let had = before.and_then(|before| before.origin.as_ref());
                let had = had.map_or(&[][..], |origin| &origin.codes);
                let codes = self.claim(id, &told.codes, had).await?;
                let taken = told.codes.iter().filter(|code| !codes.contains(code));
                let taken: Vec<_> = taken.cloned().collect();
                if !taken.is_empty() {
                    self.clashes.push(news.clone());
                }
                if let Some(origin) = &mut ticket.origin {
                    (origin.codes, origin.taken_codes) = (codes, taken);
                    origin.found_at = match news {
                        News::Found(_) => found_at(before, now),
                        _ => None,
                    };
                }
                ticket
            }
            (News::Gone(_), Some(before)) => before.gone(),
            (News::Gone(_), None) => return Ok(()),
        };
        if before == Some(&ticket) {
            return Ok(());
        }
        self.guards.push(TICKETS.as_read(&id, stored.as_ref()));
        if let News::Found(_) = news {
            // The next sync looks through everything, whether anything is new in it or not: it may not have this ticket.
            let key = EventSource(event, self.source.clone());
            self.writes.push(TAKEN_IN.delete(&key));
        }
        self.keep(ticket, before);
        Ok(())
    }

    fn keep(&mut self, ticket: Ticket, before: Option<&Ticket>) {
        let event = self.live.event.id;
        self.writes.push(TICKETS.put(&ticket.id, &ticket));
        let order = |of: &Ticket| OrderTicket(event, of.booking_reference.clone(), of.id);
        let old_order = before.map(|before| &before.booking_reference);
        if before.is_none() {
            self.writes
                .push(EVENT_TICKETS.put(&EventTicket(event, ticket.id), &()));
        }
        if old_order != Some(&ticket.booking_reference) {
            self.writes
                .extend(before.map(|before| ORDERS.delete(&order(before))));
            self.writes.push(ORDERS.put(&order(&ticket), &()));
        }
        if before.is_none_or(|before| !is_found_alike(before, &ticket)) {
            self.outdated.extend(before.cloned());
            self.refiled.push(ticket.clone());
        }
        self.changed.push(ticket);
    }

    /// Lets a ticket be found by its codes, but for those that are another's, and gives back those it has no more.
    async fn claim(
        &mut self,
        id: TicketId,
        wanted: &[String],
        had: &[String],
    ) -> Result<Vec<String>, DeskError> {
        let mut codes = Vec::with_capacity(wanted.len());
        for code in wanted {
            let key = self.key(code);
            let stored = TICKET_CODES.get(self.store(), &key).await?;
            if stored.as_ref().is_some_and(|stored| stored.value == id) {
                codes.push(code.clone());
                continue;
            }
            let is_free = match &stored {
                Some(stored) => self.is_void(&stored.value, code).await?,
                None => self.is_nobodys(code).await?,
            };
            if is_free && self.claimed.insert(clean(code).to_owned()) {
                self.guards
                    .push(TICKET_CODES.as_read(&key, stored.as_ref()));
                self.guards.push(CREDENTIAL_CODES.absent(&key));
                self.writes.push(TICKET_CODES.put(&key, &id));
                codes.push(code.clone());
            }
        }
        for code in had.iter().filter(|code| !holds(wanted, code)) {
            let key = self.key(code);
            let stored = TICKET_CODES.get(self.store(), &key).await?;
            if let Some(stored) = stored.filter(|stored| stored.value == id)
                && self.claimed.insert(clean(code).to_owned())
            {
                self.guards.push(stored.unchanged());
                self.writes.push(TICKET_CODES.delete(&key));
            }
        }
        Ok(codes)
    }

    /// Whether the ticket that has a code has lost its right to it: its source is detached, or it is gone there.
    async fn is_void(&self, holder: &TicketId, code: &str) -> Result<bool, DeskError> {
        let stored = TICKETS.get(self.store(), holder).await?;
        let origin = stored
            .as_ref()
            .and_then(|stored| stored.value.origin.as_ref());
        Ok(origin.is_none_or(|origin| {
            let is_attached = self.live.event.ticket_sources.contains(&origin.source);
            !is_attached || origin.state.is_none() || !holds(&origin.codes, code)
        }))
    }

    /// Whether no ticket issued here is found by a text.
    async fn is_nobodys(&self, code: &str) -> Result<bool, DeskError> {
        let key = self.key(code);
        if CREDENTIAL_CODES.get(self.store(), &key).await?.is_some() {
            return Ok(false);
        }
        match clean(code).parse::<TicketId>() {
            Ok(id) => Ok(TICKETS.get(self.store(), &id).await?.is_none()),
            Err(_) => Ok(true),
        }
    }

    fn key(&self, code: &str) -> String {
        within(&self.live.event.id, &clean(code))
    }

    fn store(&self) -> &'d dyn Store {
        self.desk.store()
    }
}

/// Whether a code is among others, as they are scanned.
fn holds(codes: &[String], code: &str) -> bool {
    codes.iter().any(|other| clean(other) == clean(code))
}

/// Since when a ticket that was looked up is known by that alone.
fn found_at(before: Option<&Ticket>, now: Timestamp) -> Option<Timestamp> {
    let origin = before.and_then(|before| before.origin.as_ref());
    match origin.filter(|origin| origin.state.is_some()) {
        Some(known) => known.found_at,
        None => Some(now),
    }
}

/// Whether two states of a ticket are found by the same words.
fn is_found_alike(one: &Ticket, other: &Ticket) -> bool {
    one.attendee_name == other.attendee_name
        && one.attendee_email == other.attendee_email
        && one.booking_reference == other.booking_reference
}
