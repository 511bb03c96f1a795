//! Rolls back an issue that will never finish: no ticket, order or code of it remains, and codes that it took over
//! belong to their former holders again.

use gatewit_domain::id::{EventId, IssueId, TicketId};
use gatewit_domain::ports::{Guard, Key, Write};
use gatewit_domain::ticket::Ticket;
use jiff::Timestamp;

use super::Tickets;
use super::issues::IssueLock;
use crate::changes::retry;
use crate::error::DeskError;
use crate::tables::{
    COMPACT_TOKENS, EventIssue, EventTicket, ISSUES, Issue, IssueRequest, IssueState, ORDERS,
    OrderTicket, Stored, TICKET_EVENTS, TICKET_TOKENS, TICKETS, of_event,
};

/// How many tickets are read and deleted at once.
const AT_ONCE: usize = 50;

/// Locates an issue's tickets: they carry its id, and their own ids share one time.
#[derive(Clone, Copy)]
pub(super) struct IssuedAt {
    event: EventId,
    issue: IssueId,
    at: Timestamp,
}

impl From<&Issue> for IssuedAt {
    fn from(issue: &Issue) -> Self {
        Self {
            event: issue.event_id,
            issue: issue.id,
            at: issue.at,
        }
    }
}

impl From<&IssueRequest> for IssuedAt {
    fn from(request: &IssueRequest) -> Self {
        Self {
            event: request.event_id,
            issue: request.issue,
            at: request.at,
        }
    }
}

impl Tickets {
    /// Rolls back every issue whose request was dropped. Call this at the start and from time to time.
    ///
    /// If some cannot be rolled back, all others still are, and the last error is returned.
    pub async fn roll_back_abandoned_issues(&self) -> Result<(), DeskError> {
        let mut outcome = Ok(());
        for issue in self.issues.abandoned() {
            if let Some(lock) = self.issues.wait_for(issue).await
                && let Err(error) = self.roll_back(&lock).await
            {
                outcome = Err(error);
            }
        }
        outcome
    }

    /// Deletes what was written of an issue, unless it turns out to be done.
    pub(super) async fn roll_back(&self, lock: &IssueLock<'_>) -> Result<(), DeskError> {
        retry(|| self.try_roll_back(lock)).await
    }

    /// Takes one step of a rollback; None if another has to follow.
    async fn try_roll_back(&self, lock: &IssueLock<'_>) -> Result<Option<()>, DeskError> {
        let (event, issue) = (lock.issue.event, lock.issue.id);
        let key = EventIssue(event, issue);
        let Some(stored) = ISSUES.get(self.ports.store(), &key).await? else {
            lock.end_rolled_back();
            return Ok(Some(()));
        };
        match stored.value.state {
            // The request was dropped before it learned of its last commit.
            IssueState::Done => {
                lock.show();
                return Ok(Some(()));
            }
            // A commit of the request may still be in flight. If it lands before this one, it is seen afterwards;
            // if it lands later, its guard fails.
            IssueState::Pending => {
                let guards = vec![stored.unchanged()];
                let rolled_back = Issue {
                    state: IssueState::RolledBack,
                    ..stored.value
                };
                let writes = vec![ISSUES.put(&key, &rolled_back)];
                self.ports.store().commit(guards, writes).await?;
            }
            IssueState::RolledBack => {
                tracing::info!(
                    event.id = %event, issue.id = %issue,
                    "takes back issue {issue} of event {event}, which was not finished"
                );
                self.delete_issue(&stored).await?;
            }
        }
        Ok(None)
    }

    /// Deletes an issue's tickets in bounded steps, and its row in the last one. Ends early if a step conflicts.
    async fn delete_issue(&self, row: &Stored<Issue>) -> Result<(), DeskError> {
        let mut after = None;
        loop {
            let (tickets, next) = self.some_issued((&row.value).into(), after).await?;
            let mut guards = vec![row.unchanged()];
            let mut writes = Vec::new();
            for ticket in &tickets {
                self.delete_ticket(ticket, &mut guards, &mut writes).await?;
            }
            if next.is_none() {
                writes.push(Write::Delete(row.key.clone()));
            }
            if !self.ports.store().commit(guards, writes).await?.is_done() || next.is_none() {
                return Ok(());
            }
            after = next;
        }
    }

    /// Adds the guards and writes that delete everything written when a ticket was issued, and return its code.
    async fn delete_ticket(
        &self,
        stored: &Stored<Ticket>,
        guards: &mut Vec<Guard>,
        writes: &mut Vec<Write>,
    ) -> Result<(), DeskError> {
        let ticket = &stored.value;
        let (event, id) = (ticket.event_id, ticket.id);
        if let Some(code) = &ticket.credential_code {
            let returned = self.return_code(event, code, id).await?;
            guards.extend(returned.guards);
            writes.extend(returned.writes);
        }
        guards.push(stored.unchanged());
        writes.extend([
            Write::Delete(stored.key.clone()),
            TICKET_TOKENS.delete(&EventTicket(event, id)),
            COMPACT_TOKENS.delete(&EventTicket(event, id)),
            TICKET_EVENTS.delete(&id),
            ORDERS.delete(&OrderTicket(event, ticket.booking_reference.clone(), id)),
        ]);
        Ok(())
    }

    /// Reads a page of an issue's tickets in the order they were issued; returns the key after which the next begins.
    pub(super) async fn some_issued(
        &self,
        of: IssuedAt,
        after: Option<Key>,
    ) -> Result<(Vec<Stored<Ticket>>, Option<Key>), DeskError> {
        let prefix = of_event(of.event) + &TicketId::prefix_of(of.at);
        let mut tickets = TICKETS
            .page(self.ports.store(), &prefix, after.as_ref(), AT_ONCE)
            .await?;
        let next = tickets.last().filter(|_| tickets.len() == AT_ONCE);
        let next = next.map(|stored| stored.key.clone());
        tickets.retain(|stored| stored.value.issue == Some(of.issue));
        Ok((tickets, next))
    }
}
