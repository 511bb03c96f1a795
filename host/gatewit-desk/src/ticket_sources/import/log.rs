//! Imports the rows of a source's log.

use std::iter;

use gatewit_domain::attendees::SourceSet;
use gatewit_domain::id::TicketId;
use gatewit_domain::source::LogPosition;
use gatewit_domain::ticket::Origin;

use super::batch::ImportBatch;
use super::source_import::SourceImport;
use super::update::{TicketUpdate, updates_of};
use crate::changes::retry;
use crate::error::DeskError;
use crate::limits::AT_ONCE;
use crate::tables::{EventTicket, LogRow, SOURCE_ROWS, TICKETS, of_event};
use crate::turns::{Turns, let_others_run};

impl SourceImport<'_> {
    /// Imports the rows of a served log after those imported before; false if the log was deleted meanwhile.
    pub async fn import_rows(
        &self,
        set: &SourceSet,
        imported: Option<LogPosition>,
    ) -> Result<bool, DeskError> {
        let start = LogPosition {
            row: 0,
            ..set.end()
        };
        let from = imported.unwrap_or(start);
        let mut conflicts = Vec::new();
        for row in from.row..set.end().row {
            let key = LogRow(self.source.name.clone(), LogPosition { row, ..from });
            let Some(stored) = SOURCE_ROWS.get(self.ports.store(), &key).await? else {
                return Ok(false);
            };
            let updates = updates_of(stored.value, row, set);
            conflicts.extend(self.apply(updates).await?);
            let_others_run().await;
        }
        if imported.is_none() {
            self.delete_unlisted(set).await?;
        }
        // Once every ticket has released its former codes, a code that was refused may be free.
        let mut conflicting = Vec::new();
        let mut turns = Turns::default();
        for conflict in conflicts {
            turns.step().await;
            conflicting.extend(self.apply(vec![conflict]).await?);
        }
        self.report(&conflicting);
        Ok(true)
    }

    /// Imports updates about some tickets in one commit; returns the updates of those whose code another ticket has.
    pub async fn apply(&self, updates: Vec<TicketUpdate>) -> Result<Vec<TicketUpdate>, DeskError> {
        retry(|| self.try_apply(&updates)).await
    }

    async fn try_apply(
        &self,
        updates: &[TicketUpdate],
    ) -> Result<Option<Vec<TicketUpdate>>, DeskError> {
        let live = self.events.live(self.event)?;
        let mut batch = ImportBatch::new(self, &live);
        for some in updates.chunks(AT_ONCE) {
            let ids = some.iter().map(|update| self.id_of(update.reference()));
            let keys: Vec<_> = ids.map(|id| EventTicket(self.event, id)).collect();
            let stored = TICKETS.get_many(self.ports.store(), &keys).await?;
            for (update, stored) in iter::zip(some, stored) {
                batch.add(update, stored).await?;
            }
            let_others_run().await;
        }
        let Some(changes) = batch.take_changes() else {
            return Ok(Some(batch.conflicts));
        };
        self.tickets.index(self.event, &batch.refiled).await;
        let commit = changes.commit(self.ports.store()).await;
        if !matches!(commit, Ok(true)) {
            self.tickets.unindex(self.event, &batch.refiled);
            self.tickets.index(self.event, &batch.outdated).await;
            return commit.map(|_| None);
        }
        self.report_new_holders(&batch.new_holders);
        self.events.warm_holders(&live, &batch.changed).await;
        Ok(Some(batch.conflicts))
    }

    /// Marks the event's tickets that are no longer in their source as gone, except those looked up since it was read.
    async fn delete_unlisted(&self, set: &SourceSet) -> Result<(), DeskError> {
        let read_at = self.source.full_at().await?;
        let is_newer = |origin: &Origin| origin.found_at.is_some_and(|at| Some(at) >= read_at);
        let is_unlisted = |origin: &Origin| {
            origin.source == self.source.name
                && !is_newer(origin)
                && set.row_of(&origin.reference).is_none()
        };
        let mut pages = TICKETS.pages(self.ports.store(), &of_event(self.event), AT_ONCE);
        while let Some(rows) = pages.next().await? {
            let origins = rows.into_iter().filter_map(|row| row.value.origin);
            let gone = origins.filter(is_unlisted);
            let gone = gone.map(|origin| TicketUpdate::Deleted(origin.reference));
            self.apply(gone.collect()).await?;
            let_others_run().await;
        }
        Ok(())
    }

    /// Logs that tickets bear codes that belong to other tickets: a scan of such a code finds the other ticket.
    fn report(&self, conflicting: &[TicketUpdate]) {
        let (source, event) = (&self.source.name, self.event);
        if let Some(first) = conflicting.first() {
            let ticket = self.id_of(first.reference());
            tracing::warn!(
                source.name = %source, event.id = %event, tickets = conflicting.len(),
                "the source {source} gives tickets of event {event} codes that are other tickets' already, ticket {ticket} \
                 for one: a scan of such a code finds the other ticket"
            );
        }
    }

    /// Warns of tickets with entries that have another holder now: the lines of a list may be in a new order.
    fn report_new_holders(&self, tickets: &[TicketId]) {
        let (source, event) = (&self.source.name, self.event);
        if let Some(ticket) = tickets.first() {
            tracing::warn!(
                source.name = %source, event.id = %event, ticket.id = %ticket, tickets = tickets.len(),
                "{} tickets of source {source} at event {event} were let in before and have another holder now, ticket \
                 {ticket} for one; if the lines of the list were sorted anew, give each a reference of its own",
                tickets.len()
            );
        }
    }
}
