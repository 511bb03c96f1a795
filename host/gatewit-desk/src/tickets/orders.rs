//! Finds the tickets of an order, however staff spell it.

use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::identifier::is_same;
use gatewit_domain::ports::{Key, Write};
use gatewit_domain::ticket::Ticket;

use super::Tickets;
use crate::error::DeskError;
use crate::limits::PAGE;
use crate::tables::{FOLDED_ORDERS, ORDERS, OrderTicket, Stored, TICKETS, join_key};
use crate::turns::{Turns, let_others_run};

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
        self.fold_orders(event).await?;
        let prefix = join_key(&join_key(&event, &order), &"");
        let visible = self.issues.visible();
        let mut tickets = Vec::new();
        let mut turns = Turns::default();
        let mut pages = ORDERS.pages(self.ports.store(), &prefix, PAGE);
        while let Some(page) = pages.next().await? {
            let ids = page
                .iter()
                .filter_map(|row| row.name().parse().ok().zip(Some(&row.key)));
            // One order may begin with another one's name, followed by a slash.
            let is_of_order = |(id, key): &(TicketId, &Key)| {
                **key == ORDERS.key(&OrderTicket(event, order.to_owned(), *id))
            };
            for (id, _) in ids.filter(is_of_order) {
                turns.step().await;
                let stored = TICKETS.get(self.ports.store(), &id).await?;
                let stored = stored.filter(|stored| visible.shows(&stored.value));
                // The row may be for an earlier order, filed by a version that did not fold.
                let has_order =
                    |stored: Stored<Ticket>| is_same(&stored.value.booking_reference, order);
                if stored.is_some_and(has_order) {
                    tickets.push(id);
                }
            }
        }
        Ok(tickets)
    }

    /// Folds the orders that an older version filed as written: once per event, when it is first asked for an order.
    async fn fold_orders(&self, event: EventId) -> Result<(), DeskError> {
        if FOLDED_ORDERS
            .get(self.ports.store(), &event)
            .await?
            .is_some()
        {
            return Ok(());
        }
        let prefix = join_key(&event, &"");
        let mut pages = ORDERS.pages(self.ports.store(), &prefix, PAGE);
        while let Some(page) = pages.next().await? {
            let rows = page.iter().filter_map(|row| refiled(event, row));
            let writes: Vec<_> = rows.flatten().collect();
            if !writes.is_empty() {
                self.ports.store().commit(Vec::new(), writes).await?;
            }
            let_others_run().await;
        }
        let writes = vec![FOLDED_ORDERS.put(&event, &())];
        self.ports.store().commit(Vec::new(), writes).await?;
        Ok(())
    }
}

/// Files a row under its folded order; None if it is there already.
fn refiled(event: EventId, row: &Stored<()>) -> Option<[Write; 2]> {
    let key = String::from_utf8_lossy(row.key.as_bytes());
    let (order, ticket) = key.splitn(3, '/').nth(2)?.rsplit_once('/')?;
    let folded = OrderTicket(event, order.to_owned(), ticket.parse().ok()?);
    let is_folded = ORDERS.key(&folded) == row.key;
    (!is_folded).then(|| [ORDERS.put(&folded, &()), Write::Delete(row.key.clone())])
}
