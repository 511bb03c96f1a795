//! Finds the tickets of an order, however staff spell it.

use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::ports::Key;

use super::Tickets;
use crate::error::DeskError;
use crate::limits::AT_ONCE;
use crate::tables::{EventTicket, ORDERS, OrderTicket, TICKETS, of_event};
use crate::turns::let_others_run;

impl Tickets {
    /// Finds the tickets of the first of these folded orders that has any.
    pub(crate) async fn tickets_of_first(
        &self,
        event: EventId,
        orders: &[String],
    ) -> Result<Vec<TicketId>, DeskError> {
        for order in orders {
            let tickets = self.tickets_of_order(event, order).await?;
            if !tickets.is_empty() {
                return Ok(tickets);
            }
        }
        Ok(Vec::new())
    }

    /// Finds the tickets of a folded order.
    async fn tickets_of_order(
        &self,
        event: EventId,
        order: &str,
    ) -> Result<Vec<TicketId>, DeskError> {
        let prefix = of_event(event) + order + "/";
        let visible = self.issues.visible();
        let mut tickets = Vec::new();
        let mut pages = ORDERS.pages(self.ports.store(), &prefix, AT_ONCE);
        while let Some(page) = pages.next().await? {
            let ids = page
                .iter()
                .filter_map(|row| row.name().parse().ok().zip(Some(&row.key)));
            // One order may begin with another one's name, followed by a slash.
            let is_of_order = |(id, key): &(TicketId, &Key)| {
                **key == ORDERS.key(&OrderTicket(event, order.to_owned(), *id))
            };
            let keys = ids.filter(is_of_order);
            let keys: Vec<_> = keys.map(|(id, _)| EventTicket(event, id)).collect();
            let stored = TICKETS.get_many(self.ports.store(), &keys).await?;
            let shown = stored.into_iter().flatten().map(|stored| stored.value);
            let shown = shown.filter(|ticket| visible.shows(ticket));
            tickets.extend(shown.map(|ticket| ticket.id));
            let_others_run().await;
        }
        Ok(tickets)
    }
}
