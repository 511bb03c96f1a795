//! Check-in without a code: staff found the ticket, or the whole order, themselves. `gatewit-api.md` §12.

use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::identifier::order_meanings;
use gatewit_domain::problem::CheckInCode;
use gatewit_domain::scan::{
    Contract, IdempotencyKey, Intent, ManualCheckIn, Presented, Scan, ScannedAt, ScannedBy, Station,
};

use super::{Admissions, Answered};
use crate::caller::Caller;
use crate::changes::{Changes, retry};
use crate::error::DeskError;
use crate::idempotency::{is_forgotten, organizer, used_for_another};
use crate::tables::{CallerKey, DESK_REQUESTS, DeskRequest, EVENT_DELETIONS};
use crate::ticket_sources::Wanted;
use crate::turns::Turns;

impl Admissions {
    /// Decides on each ticket as if its code were scanned without a scan point.
    pub async fn check_in_manually(
        &self,
        caller: &Caller,
        event: EventId,
        found: &ManualCheckIn,
        idempotency_key: Option<&IdempotencyKey>,
    ) -> Result<Vec<Answered>, DeskError> {
        self.events.managed(caller, event)?;
        let tickets = match idempotency_key {
            Some(key) => self.found_once(caller, event, found, key).await?,
            None => self.found(event, found).await?,
        };
        let mut answers = Vec::with_capacity(tickets.len());
        let mut turns = Turns::default();
        for ticket in tickets {
            turns.step().await;
            let scan = Scan {
                station: Station {
                    by: ScannedBy::Organizer(caller.sub().to_owned()),
                    contract: Contract::Desk,
                    event,
                    location: None,
                },
                presented: Presented::Ticket(ticket),
                at: ScannedAt::Now,
                intent: Intent::Admit,
                idempotency: idempotency_key.map(|key| key.for_one_of_many(&ticket)),
            };
            answers.push(self.admit(&scan).await?);
        }
        Ok(answers)
    }

    async fn found(
        &self,
        event: EventId,
        found: &ManualCheckIn,
    ) -> Result<Vec<TicketId>, DeskError> {
        match found {
            ManualCheckIn::Ticket(id) => Ok(vec![self.ticket_of(event, *id).await?]),
            ManualCheckIn::Order(order) => {
                let orders = order_meanings(order);
                let mut tickets = self.tickets.tickets_of_first(event, &orders).await?;
                let live = self.events.live(event)?;
                if tickets.is_empty()
                    && self
                        .sources
                        .import_looked_up(&live, Wanted::Order(&orders))
                        .await
                {
                    tickets = self.tickets.tickets_of_first(event, &orders).await?;
                }
                match tickets.is_empty() {
                    false => Ok(tickets),
                    true => Err(DeskError::unacceptable(
                        CheckInCode::UnknownOrder,
                        format!("order: event {event} has no ticket of the order \"{order}\""),
                    )),
                }
            }
        }
    }

    /// Returns the tickets that a request named when its key was first used; tickets added to the order since are not
    /// among them.
    async fn found_once(
        &self,
        caller: &Caller,
        event: EventId,
        found: &ManualCheckIn,
        key: &IdempotencyKey,
    ) -> Result<Vec<TicketId>, DeskError> {
        let key = CallerKey(organizer(caller.sub()), key.clone());
        retry(|| self.try_find_once(event, found, &key)).await
    }

    async fn try_find_once(
        &self,
        event: EventId,
        found: &ManualCheckIn,
        key: &CallerKey,
    ) -> Result<Option<Vec<TicketId>>, DeskError> {
        self.events.live(event)?;
        let at = self.ports.now();
        let stored = DESK_REQUESTS.get(self.ports.store(), key).await?;
        let guards = vec![
            EVENT_DELETIONS.absent(&event),
            DESK_REQUESTS.as_read(key, stored.as_ref()),
        ];
        let first = stored.map(|stored| stored.value);
        if let Some(first) = first.filter(|first| !is_forgotten(first.at, at)) {
            return match (first.event_id, &first.found) == (event, found) {
                true => Ok(Some(first.tickets)),
                false => Err(used_for_another()),
            };
        }
        let request = DeskRequest {
            event_id: event,
            found: found.clone(),
            tickets: self.found(event, found).await?,
            at,
        };
        let writes = vec![DESK_REQUESTS.put(key, &request)];
        let keeping = Changes { guards, writes };
        let is_done = keeping.commit(self.ports.store()).await?;
        Ok(is_done.then_some(request.tickets))
    }

    async fn ticket_of(&self, event: EventId, id: TicketId) -> Result<TicketId, DeskError> {
        match self.tickets.stored(event, id).await? {
            Some(_) => Ok(id),
            None => {
                let words = format!("ticketInstanceId: event {event} has no ticket {id}");
                Err(DeskError::unacceptable(CheckInCode::UnknownTicket, words))
            }
        }
    }
}
