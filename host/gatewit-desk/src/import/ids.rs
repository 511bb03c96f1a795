//! Which id a ticket of a source has at an event: one for all spellings of its reference.
//!
//! Earlier versions made an id of the reference as it was spelled. A ticket that was taken in by one of them keeps its
//! id, and with it its entries. Such ids are looked for once for each event, source and version of the fold, and then
//! kept.

use std::collections::BTreeMap;

use crate::error::DeskError;
use crate::tables::{ENTRIES, EVENT_TICKETS, EventSource, SPELLED_IDS, TICKETS, join_key};
use crate::turns::let_others_run;
use crate::{Desk, PAGE};
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::identifier::fold;
use gatewit_domain::source::SourceName;

/// The ids of a source's tickets at an event.
pub(super) struct TicketIds {
    event: EventId,
    source: SourceName,
    /// Those that were made of a spelling, by the folded reference.
    spelled: BTreeMap<String, TicketId>,
}

impl TicketIds {
    pub fn of(&self, reference: &str) -> TicketId {
        let spelled = match self.spelled.is_empty() {
            true => None,
            false => self.spelled.get(&*fold(reference)).copied(),
        };
        spelled.unwrap_or_else(|| TicketId::of_source(self.event, &self.source, reference))
    }
}

impl Desk {
    /// Tells the ids of a source's tickets.
    pub(super) async fn ticket_ids(
        &self,
        event: EventId,
        source: &SourceName,
    ) -> Result<TicketIds, DeskError> {
        let key = EventSource(event, source.clone());
        let spelled = match SPELLED_IDS.get(self.store(), &key).await? {
            Some(stored) => stored.value,
            None => {
                let spelled = self.spelled_ids(event, source).await?;
                let writes = vec![SPELLED_IDS.put(&key, &spelled)];
                self.store().commit(Vec::new(), writes).await?;
                spelled
            }
        };
        Ok(TicketIds {
            event,
            source: source.clone(),
            spelled,
        })
    }

    /// Looks for tickets whose ids are not made of the folded reference. Of two spellings of one reference, the one that
    /// has entries goes on.
    async fn spelled_ids(
        &self,
        event: EventId,
        source: &SourceName,
    ) -> Result<BTreeMap<String, TicketId>, DeskError> {
        let mut spelled = BTreeMap::<String, TicketId>::new();
        let prefix = join_key(&event, &"");
        let mut after = None;
        loop {
            let rows = EVENT_TICKETS
                .page(self.store(), &prefix, after.as_ref(), PAGE)
                .await?;
            let Some(last) = rows.last() else {
                return Ok(spelled);
            };
            after = Some(last.key.clone());
            for row in &rows {
                let id: TicketId = row.listed("ticket", event)?;
                let stored = TICKETS.get(self.store(), &id).await?;
                let origin = stored.and_then(|stored| stored.value.origin);
                let Some(origin) = origin.filter(|origin| origin.source == *source) else {
                    continue;
                };
                let folded = TicketId::of_source(event, source, &origin.reference);
                if id == folded {
                    continue;
                }
                let reference = fold(&origin.reference).into_owned();
                let best = spelled.get(&reference).copied().unwrap_or(folded);
                let is_better = !self.has_entries(best).await?
                    && (self.has_entries(id).await? || self.is_absent(best).await?);
                if is_better {
                    spelled.insert(reference, id);
                }
            }
            let_others_run().await;
        }
    }

    pub(super) async fn has_entries(&self, id: TicketId) -> Result<bool, DeskError> {
        let entries = ENTRIES.get(self.store(), &id).await?;
        Ok(entries.is_some_and(|stored| !stored.value.0.is_empty()))
    }

    async fn is_absent(&self, id: TicketId) -> Result<bool, DeskError> {
        Ok(TICKETS.get(self.store(), &id).await?.is_none())
    }
}
