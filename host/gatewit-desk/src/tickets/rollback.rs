//! Rolls back an issue that will never finish: no ticket, order or code of it remains, and codes that it took over
//! belong to their former holders again.

use gatewit_domain::id::{EventId, IssueId, TicketId};
use gatewit_domain::ports::Write;
use gatewit_domain::ticket::Ticket;
use jiff::Timestamp;

use super::Tickets;
use super::issues::IssueLock;
use crate::changes::{Changes, retry};
use crate::error::DeskError;
use crate::tables::{
    COMPACT_TOKENS, EventIssue, EventTicket, ISSUES, Issue, IssueRequest, IssueState, ORDERS,
    OrderTicket, Pages, Stored, TICKET_EVENTS, TICKET_TOKENS, TICKETS, of_event,
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

    /// Deletes an issue's tickets in bounded steps, and then its row. Ends early if a step conflicts.
    async fn delete_issue(&self, row: &Stored<Issue>) -> Result<(), DeskError> {
        let mut pages = self.pages_of((&row.value).into());
        while let Some(tickets) = pages.next().await? {
            let mut step = Changes {
                guards: vec![row.unchanged()],
                writes: Vec::new(),
            };
            for ticket in &tickets {
                self.delete_ticket(ticket, &mut step).await?;
            }
            if !step.commit(self.ports.store()).await? {
                return Ok(());
            }
        }
        let (guards, writes) = (vec![row.unchanged()], vec![Write::Delete(row.key.clone())]);
        self.ports.store().commit(guards, writes).await?;
        Ok(())
    }

    /// Adds the guards and writes that delete everything written when a ticket was issued, and return its code.
    async fn delete_ticket(
        &self,
        stored: &Stored<Ticket>,
        step: &mut Changes,
    ) -> Result<(), DeskError> {
        let ticket = &stored.value;
        let (event, id) = (ticket.event_id, ticket.id);
        if let Some(code) = &ticket.credential_code {
            step.add(self.return_code(event, code, id).await?);
        }
        step.guards.push(stored.unchanged());
        step.writes.extend([
            Write::Delete(stored.key.clone()),
            TICKET_TOKENS.delete(&EventTicket(event, id)),
            COMPACT_TOKENS.delete(&EventTicket(event, id)),
            TICKET_EVENTS.delete(&id),
            ORDERS.delete(&OrderTicket(event, ticket.booking_reference.clone(), id)),
        ]);
        Ok(())
    }

    /// Reads an issue's tickets page by page, in the order they were issued.
    pub(super) fn pages_of(&self, of: IssuedAt) -> IssuePages<'_> {
        let prefix = of_event(of.event) + &TicketId::prefix_of(of.at);
        IssuePages {
            issue: of.issue,
            pages: TICKETS.pages(self.ports.store(), &prefix, AT_ONCE),
        }
    }
}

/// The tickets of an issue, page by page. A page may be empty although another follows.
pub(super) struct IssuePages<'s> {
    issue: IssueId,
    pages: Pages<'s, Ticket>,
}

impl IssuePages<'_> {
    /// Reads the next page; None after the last.
    pub async fn next(&mut self) -> Result<Option<Vec<Stored<Ticket>>>, DeskError> {
        let mut page = self.pages.next().await?;
        if let Some(tickets) = &mut page {
            // The ids of another issue may be from the same moment.
            tickets.retain(|stored| stored.value.issue == Some(self.issue));
        }
        Ok(page)
    }
}
