//! Writes an issue to the store piece by piece. Scans share their commits with at most one piece, so they need not wait
//! for all of them.
//!
//! An issue of one piece is a single commit. A larger one has a row of its own, which is pending until the commit of
//! the last piece; every commit requires that it still is.

use std::mem;

use gatewit_domain::id::IssueId;
use gatewit_domain::ports::{Commit, Guard, Write};
use gatewit_domain::ticket::Ticket;
use jiff::Timestamp;

use super::Tickets;
use super::codes::claim_unseen;
use super::issues::IssueLock;
use super::tokens::TicketTokens;
use crate::changes::{Changes, retry};
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::tables::{
    CallerKey, EVENT_DELETIONS, EventIssue, EventTicket, ISSUE_REQUESTS, ISSUES, Issue,
    IssueRequest, IssueState, ORDERS, OrderTicket, Stored, TICKET_EVENTS, TICKETS,
};

/// The most tickets, and the most bytes, of a piece.
pub(super) const TICKETS_MAX: usize = 100;
const BYTES_MAX: usize = 256 * 1024;

/// The idempotency key of a request for tickets.
pub(super) struct KeyedRequest {
    pub key: CallerKey,
    /// A digest that distinguishes the request from others under the same key.
    pub request: String,
}

/// The progress of an issue, and the piece that is written next.
pub(super) struct Pieces<'d> {
    tickets: &'d Tickets,
    live: &'d LiveEvent,
    lock: &'d IssueLock<'d>,
    /// The time in the tickets' ids.
    at: Timestamp,
    keyed: Option<KeyedRequest>,
    /// The row under the idempotency key so far: an outdated one, if any.
    stored: Option<Stored<IssueRequest>>,
    /// The issue's row, set before the first of several pieces is written.
    row: Option<Issue>,
    next: Piece,
}

/// The tickets of one commit.
#[derive(Default)]
struct Piece {
    /// Guards on the rows of the issue and its request, which only the holder of the lock changes.
    guards: Vec<Guard>,
    writes: Vec<Write>,
    /// The tickets whose codes must be claimed.
    coded: Vec<Ticket>,
    tickets: usize,
    bytes: usize,
}

impl<'d> Pieces<'d> {
    pub fn new(
        tickets: &'d Tickets,
        live: &'d LiveEvent,
        lock: &'d IssueLock<'d>,
        at: Timestamp,
        keyed: Option<KeyedRequest>,
        stored: Option<Stored<IssueRequest>>,
    ) -> Self {
        Self {
            tickets,
            live,
            lock,
            at,
            keyed,
            stored,
            row: None,
            next: Piece::default(),
        }
    }

    /// Returns the id of the issue that the tickets must carry.
    pub fn issue(&self) -> IssueId {
        self.lock.issue.id
    }

    /// Adds a ticket, and writes a piece whenever one is full.
    pub async fn add(&mut self, ticket: &Ticket, tokens: &TicketTokens) -> Result<(), DeskError> {
        let rows = rows(ticket, tokens);
        let bytes: usize = rows.iter().map(length).sum();
        let is_full = self.next.tickets == TICKETS_MAX || self.next.bytes + bytes > BYTES_MAX;
        if is_full && self.next.tickets > 0 {
            self.write_piece().await?;
        }
        self.next.add(ticket, rows, bytes);
        Ok(())
    }

    /// Writes the last piece and marks the issue as done in the same commit; from then on everyone sees its tickets.
    pub async fn finish(mut self) -> Result<(), DeskError> {
        let mut last = mem::take(&mut self.next);
        if let Some(row) = &self.row {
            let done = Issue {
                state: IssueState::Done,
                ..row.clone()
            };
            last.guards.push(ISSUES.is(&self.key(), row));
            last.writes.push(ISSUES.put(&self.key(), &done));
        }
        if let Some(keyed) = &self.keyed {
            let request = IssueRequest {
                request: keyed.request.clone(),
                event_id: self.lock.issue.event,
                issue: self.lock.issue.id,
                at: self.at,
            };
            let guard = ISSUE_REQUESTS.as_read(&keyed.key, self.stored.as_ref());
            last.guards.push(guard);
            last.writes.push(ISSUE_REQUESTS.put(&keyed.key, &request));
        }
        last.commit(self.tickets, self.live).await?;
        self.lock.show();
        Ok(())
    }

    async fn write_piece(&mut self) -> Result<(), DeskError> {
        let mut piece = mem::take(&mut self.next);
        let key = self.key();
        let row = match &self.row {
            Some(row) => row,
            None => self.begin().await?,
        };
        piece.guards.push(ISSUES.is(&key, row));
        piece.commit(self.tickets, self.live).await
    }

    /// Writes the issue's row, so that its pieces can be rolled back.
    async fn begin(&mut self) -> Result<&Issue, DeskError> {
        let row = Issue {
            id: self.lock.issue.id,
            event_id: self.lock.issue.event,
            state: IssueState::Pending,
            at: self.at,
            request: self.keyed.as_ref().map(|keyed| keyed.key.clone()),
        };
        self.lock.hide();
        let guards = vec![EVENT_DELETIONS.absent(&row.event_id)];
        let writes = vec![ISSUES.insert(&self.key(), &row)];
        match self.tickets.ports.store().commit(guards, writes).await? {
            Commit::Done(_) => Ok(self.row.insert(row)),
            Commit::Blocked(_) => Err(DeskError::not_found("event", row.event_id)),
        }
    }

    fn key(&self) -> EventIssue {
        EventIssue(self.lock.issue.event, self.lock.issue.id)
    }
}

impl Piece {
    fn add(&mut self, ticket: &Ticket, rows: Vec<Write>, bytes: usize) {
        if ticket.credential_code.is_some() {
            self.coded.push(ticket.clone());
        }
        self.writes.extend(rows);
        self.tickets += 1;
        self.bytes += bytes;
    }

    /// Claims the codes and writes the piece. Reads the codes only if another ticket has or had one.
    async fn commit(mut self, tickets: &Tickets, live: &LiveEvent) -> Result<(), DeskError> {
        self.guards.push(EVENT_DELETIONS.absent(&live.event.id));
        let mut unseen = Changes::default();
        for ticket in &self.coded {
            unseen.add(match claim_unseen(live, ticket) {
                Some(claim) => claim,
                None => tickets.claim_codes(live, ticket).await?,
            });
        }
        match self.try_commit(tickets, live, unseen).await? {
            Some(()) => Ok(()),
            None => retry(|| self.try_claim(tickets, live)).await,
        }
    }

    /// Reads who has the codes, claims them, and writes the piece.
    async fn try_claim(
        &self,
        tickets: &Tickets,
        live: &LiveEvent,
    ) -> Result<Option<()>, DeskError> {
        let mut claims = Changes::default();
        for ticket in &self.coded {
            claims.add(tickets.claim_codes(live, ticket).await?);
        }
        self.try_commit(tickets, live, claims).await
    }

    /// Writes the piece with the claims of its codes; None if these do not hold.
    async fn try_commit(
        &self,
        tickets: &Tickets,
        live: &LiveEvent,
        claims: Changes,
    ) -> Result<Option<()>, DeskError> {
        let guards = [self.guards.clone(), claims.guards].concat();
        let writes = [self.writes.clone(), claims.writes].concat();
        match tickets.ports.store().commit(guards, writes).await? {
            Commit::Done(_) => Ok(Some(())),
            Commit::Blocked(at) if at < self.guards.len() => {
                tickets.events.live(live.event.id)?;
                Err(DeskError::contended())
            }
            Commit::Blocked(_) => Ok(None),
        }
    }
}

/// Returns the writes of an issued ticket, except its codes.
fn rows(ticket: &Ticket, tokens: &TicketTokens) -> Vec<Write> {
    let (event, id) = (ticket.event_id, ticket.id);
    let order = OrderTicket(event, ticket.booking_reference.clone(), id);
    let key = EventTicket(event, id);
    let rows = [
        TICKETS.insert(&key, ticket),
        TICKET_EVENTS.insert(&id, &event),
        ORDERS.insert(&order, &()),
    ];
    tokens.inserts(key).chain(rows).collect()
}

fn length(write: &Write) -> usize {
    match write {
        Write::Put(key, value) | Write::Insert(key, value) | Write::Append(key, value) => {
            key.as_bytes().len() + value.len()
        }
        Write::Delete(key) | Write::Add(key, _) => key.as_bytes().len(),
    }
}
