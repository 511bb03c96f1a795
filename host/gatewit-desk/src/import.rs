//! Imports tickets of sources into events: an event gets all tickets of its attached sources, and each sync adds the
//! changes. `gatewit-api.md` §3, §4.
//!
//! An event reads a source's log row by row and uses only the latest row of each ticket. An unchanged ticket costs a
//! read and no write, so reading everything again after a crash does nothing twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sources::LiveSource;
use super::turns::{Turns, let_others_run};
use super::warnings::Lack;
use super::{ATTEMPTS_MAX, Desk, PAGE};
use crate::error::DeskError;
use crate::tables::{
    EVENT_TICKETS, EventSource, IMPORT_PROGRESS, ImportProgress, LogRow, SOURCE_ROWS, TICKETS,
    join_key,
};
use gatewit_domain::attendees::SourceSet;
use gatewit_domain::event::Event;
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::identifier::fold;
use gatewit_domain::ports::Commit;
use gatewit_domain::problem::Problem;
use gatewit_domain::source::{LogPosition, SourceName, SourceRow, SourceTicket};
use gatewit_domain::ticket::Origin;

mod batch;
mod ids;
mod looked_up;
mod types;
use batch::ImportBatch;
use ids::TicketIds;
pub(super) use looked_up::Wanted;
pub(super) use types::listed_type;

/// The version of the import. Raise it when more of a source's ticket is stored: every event then rereads its sources.
const READING: u32 = 2;

/// A source's update of one ticket.
#[derive(Clone)]
enum TicketUpdate {
    Upsert(Box<SourceTicket>),
    /// It was looked up just now; no sync has listed it yet.
    LookedUp(Box<SourceTicket>),
    /// It no longer exists.
    Deleted(String),
    /// Another ticket is the one of its reference now: it was taken in under two spellings of it.
    Superseded(TicketId),
}

impl TicketUpdate {
    /// Which ticket of the event it is about.
    fn ticket(&self, ids: &TicketIds) -> TicketId {
        match self {
            Self::Upsert(ticket) | Self::LookedUp(ticket) => ids.of(&ticket.reference),
            Self::Deleted(reference) => ids.of(reference),
            Self::Superseded(id) => *id,
        }
    }
}

impl Desk {
    /// Checks that the event's sources exist and that its organization may have their tickets.
    pub(super) fn check_sources(&self, event: &Event) -> Result<(), DeskError> {
        for name in &event.ticket_sources {
            let Some(source) = self.sources.get(name) else {
                let known: Vec<_> = self.sources.names().map(SourceName::as_str).collect();
                let words = match known.as_slice() {
                    [] => {
                        format!("ticketSources: there is no source \"{name}\"; none is configured")
                    }
                    known => format!(
                        "ticketSources: there is no source \"{name}\"; there are: {}",
                        known.join(", ")
                    ),
                };
                return Err(DeskError::unacceptable("unknown_ticket_source", words));
            };
            let orgs = source.configured.orgs.as_ref();
            if orgs.is_some_and(|orgs| !orgs.contains(&event.org_id)) {
                let org = &event.org_id;
                let words = format!(
                    "the tickets of the source \"{name}\" are not for the organization \"{org}\""
                );
                return Err(DeskError::Forbidden(Problem::new(
                    "source_not_for_organization",
                    words,
                )));
            }
        }
        Ok(())
    }

    /// Imports the tickets of all its sources into an event. A failure is logged, shown among the event's warnings, and
    /// retried by the next sync.
    pub async fn import_attached(&self, id: EventId) {
        let Ok(live) = self.live(id) else { return };
        for name in &live.event.ticket_sources {
            if let Some(source) = self.sources.get(name)
                && let Err(error) = self.import(source, id).await
            {
                tracing::warn!(
                    source.name = %name, event.id = %id,
                    "the tickets of source {name} cannot be taken into event {id}; the next sync tries again: {error}"
                );
            }
        }
    }

    /// Imports into every event the tickets of its sources, because an event declared at the start may lack some.
    pub async fn import_all(&self) {
        for live in self.live.all() {
            self.import_attached(live.event.id).await;
            let_others_run().await;
        }
    }

    /// Imports what is new in a source into every event that has it. Tries all of them, then returns the last error, if
    /// any.
    pub(super) async fn import_everywhere(&self, source: &LiveSource) -> Result<(), DeskError> {
        let mut outcome = Ok(());
        for live in self.live.all() {
            if live.event.ticket_sources.contains(&source.name)
                && let Err(error) = self.import(source, live.event.id).await
            {
                outcome = Err(error);
            }
        }
        outcome
    }

    async fn import(&self, source: &LiveSource, event: EventId) -> Result<(), DeskError> {
        let taken = match self.left_to_import(source, event).await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => {
                source.note_lack(event, Some(Lack::UnderWay));
                self.import_rest(source, event).await
            }
            Err(error) => Err(error),
        };
        source.note_lack(event, taken.as_ref().err().map(|_| Lack::Failed));
        taken
    }

    /// Returns the source's served tickets and how far an event has imported them; None if it has all of them.
    async fn left_to_import(
        &self,
        source: &LiveSource,
        event: EventId,
    ) -> Result<Option<(Arc<SourceSet>, Option<LogPosition>)>, DeskError> {
        let Some(set) = source.set() else {
            return Ok(None);
        };
        let key = EventSource(event, source.name.clone());
        let taken = IMPORT_PROGRESS.get(self.store(), &key).await?;
        let taken = taken.filter(|stored| stored.value.reading == READING);
        let taken = taken.map(|stored| stored.value.up_to);
        Ok((taken != Some(set.end())).then_some((set, taken)))
    }

    async fn import_rest(&self, source: &LiveSource, event: EventId) -> Result<(), DeskError> {
        // One import at a time, each from what is served when its turn comes, so an older state never replaces a newer.
        let _importing = source.importing.lock().await;
        let key = EventSource(event, source.name.clone());
        let ids = self.ticket_ids(event, &source.name).await?;
        for _ in 0..ATTEMPTS_MAX {
            let Some((set, taken)) = self.left_to_import(source, event).await? else {
                return Ok(());
            };
            let from = taken.filter(|taken| taken.log == set.end().log);
            let is_whole = from.is_none();
            let from = from.unwrap_or(LogPosition {
                row: 0,
                ..set.end()
            });
            if self
                .import_log(source, &ids, event, &set, from, is_whole)
                .await?
            {
                let taken = ImportProgress {
                    up_to: set.end(),
                    reading: READING,
                };
                let writes = vec![IMPORT_PROGRESS.put(&key, &taken)];
                self.store().commit(Vec::new(), writes).await?;
                return Ok(());
            }
        }
        Err(DeskError::contended())
    }

    /// Imports a log from a row on; false if the log was deleted meanwhile.
    async fn import_log(
        &self,
        source: &LiveSource,
        ids: &TicketIds,
        event: EventId,
        set: &SourceSet,
        from: LogPosition,
        is_whole: bool,
    ) -> Result<bool, DeskError> {
        let mut conflicts = Vec::new();
        for row in from.row..set.end().row {
            let key = LogRow(source.name.clone(), LogPosition { row, ..from });
            let Some(stored) = SOURCE_ROWS.get(self.store(), &key).await? else {
                return Ok(false);
            };
            let updates = updates_of(stored.value, row, set);
            conflicts.extend(self.import_updates(source, ids, event, updates).await?);
            let_others_run().await;
        }
        if is_whole {
            self.delete_unlisted(source, ids, event, set).await?;
        }
        // Once every ticket has released its former codes, a code that was refused may be free.
        let mut conflicting = Vec::new();
        let mut turns = Turns::default();
        for conflict in conflicts {
            turns.step().await;
            conflicting.extend(
                self.import_updates(source, ids, event, vec![conflict])
                    .await?,
            );
        }
        report(&conflicting, ids, &source.name, event);
        Ok(true)
    }

    /// Imports updates about some tickets in one commit; returns the updates of those whose code another ticket has.
    async fn import_updates(
        &self,
        source: &LiveSource,
        ids: &TicketIds,
        event: EventId,
        updates: Vec<TicketUpdate>,
    ) -> Result<Vec<TicketUpdate>, DeskError> {
        for _ in 0..ATTEMPTS_MAX {
            let live = self.live(event)?;
            let mut batch = ImportBatch::new(self, &live, &source.name, ids);
            let mut turns = Turns::default();
            for update in &updates {
                turns.step().await;
                batch.add(update).await?;
            }
            let Some((guards, writes)) = batch.commit() else {
                return Ok(batch.conflicts);
            };
            if !batch.outdated.is_empty() {
                self.index.forget(event, &batch.outdated);
            }
            self.index_tickets(event, &batch.refiled).await;
            let commit = self.store().commit(guards, writes).await;
            if matches!(commit, Ok(Commit::Done)) {
                report_new_holders(&batch.new_holders, &source.name, event);
                self.warm_holders(&live, &batch.changed).await;
                return Ok(batch.conflicts);
            }
            self.index.forget(event, &batch.refiled);
            commit?;
        }
        Err(DeskError::contended())
    }

    /// Marks the event's tickets that are no longer in their source as gone, except those looked up since it was read.
    async fn delete_unlisted(
        &self,
        source: &LiveSource,
        ids: &TicketIds,
        event: EventId,
        set: &SourceSet,
    ) -> Result<(), DeskError> {
        let read_at = source.full_at(self.store()).await?;
        let is_newer = |origin: &Origin| origin.found_at.is_some_and(|at| Some(at) >= read_at);
        let prefix = join_key(&event, &"");
        let mut after = None;
        loop {
            let rows = EVENT_TICKETS
                .page(self.store(), &prefix, after.as_ref(), PAGE)
                .await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = Some(last.key.clone());
            for rows in rows.chunks(50) {
                let mut gone = Vec::new();
                for row in rows {
                    let id: TicketId = row.listed("ticket", event)?;
                    let stored = TICKETS.get(self.store(), &id).await?;
                    let origin = stored.and_then(|stored| stored.value.origin);
                    let origin =
                        origin.filter(|origin| origin.source == source.name && !is_newer(origin));
                    let Some(Origin { reference, .. }) = origin else {
                        continue;
                    };
                    if ids.of(&reference) != id {
                        gone.push(TicketUpdate::Superseded(id));
                    } else if set.row_of(&reference).is_none() {
                        gone.push(TicketUpdate::Deleted(reference));
                    }
                }
                self.import_updates(source, ids, event, gone).await?;
                let_others_run().await;
            }
        }
    }
}

/// Logs that tickets bear codes that belong to other tickets: a scan of such a code finds the other ticket.
fn report(conflicting: &[TicketUpdate], ids: &TicketIds, source: &SourceName, event: EventId) {
    if let Some(first) = conflicting.first() {
        let ticket = first.ticket(ids);
        tracing::warn!(
            source.name = %source, event.id = %event, tickets = conflicting.len(),
            "the source {source} gives tickets of event {event} codes that are other tickets' already, ticket {ticket} \
             for one: a scan of such a code finds the other ticket"
        );
    }
}

/// Warns of tickets with entries that have another holder now: the lines of a list may be in a new order.
fn report_new_holders(tickets: &[TicketId], source: &SourceName, event: EventId) {
    if let Some(ticket) = tickets.first() {
        tracing::warn!(
            source.name = %source, event.id = %event, ticket.id = %ticket, tickets = tickets.len(),
            "{} tickets of source {source} at event {event} were let in before and have another holder now, ticket \
             {ticket} for one; if the lines of the list were sorted anew, give each a reference of its own",
            tickets.len()
        );
    }
}

/// Returns the updates of a row that no later row replaces.
fn updates_of(row: SourceRow, number: u32, set: &SourceSet) -> Vec<TicketUpdate> {
    let mut told = BTreeMap::new();
    for ticket in row.tickets {
        if set.row_of(&ticket.reference) == Some(number) {
            told.insert(fold(&ticket.reference).into_owned(), Box::new(ticket));
        }
    }
    let gone = row
        .gone
        .into_iter()
        .filter(|gone| set.row_of(gone).is_none());
    told.into_values()
        .map(TicketUpdate::Upsert)
        .chain(gone.map(TicketUpdate::Deleted))
        .collect()
}
