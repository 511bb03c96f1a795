//! Issues and finds tickets.

use std::sync::Arc;

use gatewit_decision::DayId;
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::search::Search;
use gatewit_domain::ticket::{ShownState, Ticket};

use crate::caller::Caller;
use crate::error::DeskError;
use crate::events::Events;
use crate::limits::LOOKED_AT_MAX;
use crate::live_events::LiveEvent;
use crate::ports::Ports;
use crate::tables::{EVENT_TICKETS, EventTicket, Stored, TICKET_ENTRIES, TICKETS, join_key};
use crate::turns::Turns;

mod by_code;
mod change;
mod codes;
mod issues;
mod issuing;
mod orders;
mod pieces;
mod renewal;
mod rollback;
mod search;
mod search_index;
mod tokens;

use issues::Issues;
use search_index::SearchIndexes;
use tokens::TicketTokens;

/// Every ticket: issued here or imported, its codes, and the index to search them.
pub struct Tickets {
    ports: Arc<Ports>,
    events: Arc<Events>,
    issues: Issues,
    search_indexes: SearchIndexes,
}

/// A ticket with everything that is shown of it.
#[derive(Clone)]
pub struct ShownTicket {
    /// Its event.
    pub event: Arc<LiveEvent>,
    /// The ticket.
    pub ticket: Ticket,
    /// The type's current name; its id if the type no longer exists.
    pub type_name: String,
    /// Its state.
    pub state: ShownState,
    /// The content of the QR code: the signed code, a compact one if that is too long, or the code of the ticketing
    /// system that sold the ticket.
    pub code: String,
    /// The signed code; None if a ticketing system sold the ticket.
    pub token: Option<String>,
    /// Reasons other than its state why it opens no door, as text for organizers.
    pub warnings: Vec<String>,
}

/// Which of an event's tickets to list.
#[derive(Clone, Debug, Default)]
pub struct TicketQuery {
    /// The search text: a name, an e-mail address, an order, a series or an id.
    pub text: Option<String>,
    /// Only tickets in this state.
    pub state: Option<ShownState>,
    /// The last ticket of the previous page.
    pub cursor: Option<TicketId>,
    /// The most tickets of the page.
    pub limit: usize,
}

/// One page of an event's tickets.
#[derive(Clone)]
pub struct TicketPage {
    /// The tickets.
    pub tickets: Vec<ShownTicket>,
    /// The cursor of the next page, if there is one. A page may be short or empty although another follows.
    pub next: Option<TicketId>,
}

impl Tickets {
    /// Reads which issues are unfinished, and starts the thread for searches.
    pub(super) async fn open(ports: &Arc<Ports>, events: &Arc<Events>) -> Result<Self, DeskError> {
        Ok(Self {
            ports: Arc::clone(ports),
            events: Arc::clone(events),
            issues: Issues::open(ports.store()).await?,
            search_indexes: SearchIndexes::start()?,
        })
    }

    /// Finds one ticket.
    pub async fn get(&self, caller: &Caller, id: TicketId) -> Result<ShownTicket, DeskError> {
        let stored = self.stored(&id).await?;
        let stored = stored.ok_or_else(|| DeskError::not_found("ticket", id))?;
        let live = self.events.managed(caller, stored.value.event_id)?;
        self.shown(&live, stored.value).await
    }

    /// Lists an event's tickets in the order they were issued, or, with a search text, best match first.
    pub async fn list(
        &self,
        caller: &Caller,
        event: EventId,
        query: TicketQuery,
    ) -> Result<TicketPage, DeskError> {
        let live = self.events.managed(caller, event)?;
        let mut page = match query.text.as_deref().and_then(Search::parse) {
            Some(search) => self.search(&live, search, &query).await?,
            None => self.list_all(&live, &query).await?,
        };
        self.renew_tokens(&live, &mut page.tickets).await?;
        Ok(page)
    }

    async fn list_all(
        &self,
        live: &Arc<LiveEvent>,
        query: &TicketQuery,
    ) -> Result<TicketPage, DeskError> {
        let event = live.event.id;
        let mut page = TicketPage {
            tickets: Vec::new(),
            next: None,
        };
        let after = query
            .cursor
            .map(|ticket| EVENT_TICKETS.key(&EventTicket(event, ticket)));
        let prefix = join_key(&event, &"");
        let visible = self.issues.visible();
        // Some of the rows may have to be skipped.
        let look_at = match query.state.is_some() || self.issues.is_any_under_way(event) {
            true => LOOKED_AT_MAX,
            false => query.limit + 1,
        };
        let rows = EVENT_TICKETS
            .page(self.ports.store(), &prefix, after.as_ref(), look_at)
            .await?;
        let is_cut = rows.len() == look_at;
        let mut turns = Turns::default();
        for row in rows {
            turns.step().await;
            if page.tickets.len() == query.limit {
                page.next = page.tickets.last().map(|shown| shown.ticket.id);
                return Ok(page);
            }
            let id = row.listed("ticket", event)?;
            page.next = is_cut.then_some(id);
            let stored = TICKETS.get(self.ports.store(), &id).await?;
            let Some(stored) = stored.filter(|stored| visible.shows(&stored.value)) else {
                continue;
            };
            let shown = self.shown_in(live, stored.value, query.state).await?;
            page.tickets.extend(shown);
        }
        Ok(page)
    }

    /// Returns everything that is shown of a ticket.
    async fn shown(&self, live: &Arc<LiveEvent>, ticket: Ticket) -> Result<ShownTicket, DeskError> {
        let entered = self.entered(&ticket).await?;
        let mut shown = self.shown_with(live, ticket, &entered).await?;
        self.renew_tokens(live, std::slice::from_mut(&mut shown))
            .await?;
        Ok(shown)
    }

    /// Returns everything that is shown of a ticket, if it is in the requested state. Its signed code may be outdated.
    pub(super) async fn shown_in(
        &self,
        live: &Arc<LiveEvent>,
        ticket: Ticket,
        state: Option<ShownState>,
    ) -> Result<Option<ShownTicket>, DeskError> {
        let entered = self.entered(&ticket).await?;
        let is_other = |state| state != ticket.shown_state(&live.event, &entered);
        if state.is_some_and(is_other) || !ticket.belongs_to(&live.event) {
            return Ok(None);
        }
        self.shown_with(live, ticket, &entered).await.map(Some)
    }

    /// Reads a ticket, unless its issue is not done.
    pub(super) async fn stored(&self, id: &TicketId) -> Result<Option<Stored<Ticket>>, DeskError> {
        let stored = TICKETS.get(self.ports.store(), id).await?;
        Ok(stored.filter(|stored| self.issues.shows(&stored.value)))
    }

    /// Returns the days on which a ticket has entered.
    async fn entered(&self, ticket: &Ticket) -> Result<Vec<DayId>, DeskError> {
        let key = EventTicket(ticket.event_id, ticket.id);
        let entries = TICKET_ENTRIES.get(self.ports.store(), &key).await?;
        Ok(entries.map_or_else(Vec::new, |stored| stored.value.days()))
    }

    /// Returns the series of tickets, in their order; None for one that does not exist.
    pub(super) async fn series_of(
        &self,
        ids: &[TicketId],
    ) -> Result<Vec<Option<String>>, DeskError> {
        let stored = TICKETS.get_many(self.ports.store(), ids).await?;
        let series = stored.into_iter();
        Ok(series
            .map(|stored| stored.map(|stored| stored.value.series))
            .collect())
    }

    async fn shown_with(
        &self,
        live: &Arc<LiveEvent>,
        ticket: Ticket,
        entered: &[DayId],
    ) -> Result<ShownTicket, DeskError> {
        let tokens = self.stored_tokens(&ticket).await?;
        Ok(self.show_ticket(live, ticket, entered, tokens))
    }

    fn show_ticket(
        &self,
        live: &Arc<LiveEvent>,
        ticket: Ticket,
        entered: &[DayId],
        tokens: Option<TicketTokens>,
    ) -> ShownTicket {
        let kind = self.events.ticket_type_of(live, &ticket);
        let origin = ticket.origin.as_ref();
        let code = tokens.as_ref().map(TicketTokens::qr_code);
        let code = code.or_else(|| Some(origin?.codes.first()?.as_str()));
        ShownTicket {
            event: live.clone(),
            warnings: ticket.warnings(kind.as_deref()),
            type_name: kind.map_or_else(|| ticket.type_id.clone(), |kind| kind.name.clone()),
            state: ticket.shown_state(&live.event, entered),
            code: code.unwrap_or_default().to_owned(),
            token: tokens.map(|tokens| tokens.whole),
            ticket,
        }
    }
}
