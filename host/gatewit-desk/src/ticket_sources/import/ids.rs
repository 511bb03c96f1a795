//! Which id a ticket of a source has at an event: one for all spellings of its reference.
//!
//! Earlier versions made an id of the reference as it was spelled. A ticket that was taken in by one of them keeps its
//! id, and with it its entries. Such ids are looked for once for each event, source and version of the fold, and then
//! kept.

use std::collections::BTreeMap;

use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::identifier::fold;
use gatewit_domain::source::SourceName;

use crate::error::DeskError;
use crate::limits::PAGE;
use crate::ports::Ports;
use crate::tables::{
    EVENT_TICKETS, EventSource, EventTicket, SPELLED_IDS, TICKET_ENTRIES, TICKETS, join_key,
};
use crate::turns::let_others_run;

/// The ids of a source's tickets at an event.
pub(super) struct TicketIds {
    event: EventId,
    source: SourceName,
    /// Those that were made of a spelling, by the folded reference.
    spelled: BTreeMap<String, TicketId>,
}

impl TicketIds {
    /// Reads or finds the ids of a source's tickets.
    pub async fn of_source(
        ports: &Ports,
        event: EventId,
        source: &SourceName,
    ) -> Result<TicketIds, DeskError> {
        let key = EventSource(event, source.clone());
        let spelled = match SPELLED_IDS.get(ports.store(), &key).await? {
            Some(stored) => stored.value,
            None => {
                let spelled = spelled_ids(ports, event, source).await?;
                let writes = vec![SPELLED_IDS.put(&key, &spelled)];
                ports.store().commit(Vec::new(), writes).await?;
                spelled
            }
        };
        Ok(Self {
            event,
            source: source.clone(),
            spelled,
        })
    }

    pub fn of(&self, reference: &str) -> TicketId {
        let spelled = match self.spelled.is_empty() {
            true => None,
            false => self.spelled.get(&*fold(reference)).copied(),
        };
        spelled.unwrap_or_else(|| TicketId::of_source(self.event, &self.source, reference))
    }
}

/// Looks for tickets whose ids are not made of the folded reference. Of two spellings of one reference, the one that
/// has entries goes on.
async fn spelled_ids(
    ports: &Ports,
    event: EventId,
    source: &SourceName,
) -> Result<BTreeMap<String, TicketId>, DeskError> {
    let mut spelled = BTreeMap::<String, TicketId>::new();
    let prefix = join_key(&event, &"");
    let mut pages = EVENT_TICKETS.pages(ports.store(), &prefix, PAGE);
    while let Some(rows) = pages.next().await? {
        for row in &rows {
            let id: TicketId = row.listed("ticket", event)?;
            let stored = TICKETS.get(ports.store(), &id).await?;
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
            let is_better = !has_entries(ports, event, best).await?
                && (has_entries(ports, event, id).await? || is_absent(ports, best).await?);
            if is_better {
                spelled.insert(reference, id);
            }
        }
        let_others_run().await;
    }
    Ok(spelled)
}

/// Whether somebody was let in with a ticket.
pub(super) async fn has_entries(
    ports: &Ports,
    event: EventId,
    id: TicketId,
) -> Result<bool, DeskError> {
    let key = EventTicket(event, id);
    let entries = TICKET_ENTRIES.get(ports.store(), &key).await?;
    Ok(entries.is_some_and(|stored| !stored.value.by_day.is_empty()))
}

async fn is_absent(ports: &Ports, id: TicketId) -> Result<bool, DeskError> {
    Ok(TICKETS.get(ports.store(), &id).await?.is_none())
}
