//! Issues and finds tickets.

use std::iter;
use std::sync::Arc;

use gatewit_decision::DayId;
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::search::Search;
use gatewit_domain::ticket::{ShownState, Ticket};

use crate::caller::Caller;
use crate::error::DeskError;
use crate::events::Events;
use crate::limits::{AT_ONCE, LOOKED_AT_MAX};
use crate::live_events::LiveEvent;
use crate::ports::Ports;
use crate::tables::{EventTicket, Stored, TICKET_ENTRIES, TICKET_EVENTS, TICKETS, of_event};
use crate::turns::let_others_run;

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
    pub code: Arc<str>,
    /// The signed code; None if a ticketing system sold the ticket.
    pub token: Option<Arc<str>>,
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
#[derive(Clone, Default)]
pub struct TicketPage {
    /// The tickets.
    pub tickets: Vec<ShownTicket>,
    /// The cursor of the next page, if there is one. A page may be short or empty although another follows.
    pub next: Option<TicketId>,
}

impl TicketPage {
    /// Adds tickets up to the limit; returns whether some are left for the next page.
    fn is_full_with(&mut self, shown: Vec<ShownTicket>, limit: usize) -> bool {
        let room = limit - self.tickets.len();
        let is_full = shown.len() > room;
        self.tickets.extend(shown.into_iter().take(room));
        if is_full {
            self.next = self.tickets.last().map(|shown| shown.ticket.id);
        }
        is_full
    }
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
        let stored = self.with_id(id).await?;
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
        let mut after = query
            .cursor
            .map(|ticket| TICKETS.key(&EventTicket(event, ticket)));
        let prefix = of_event(event);
        let visible = self.issues.visible();
        // Some of the rows may have to be skipped.
        let mut left = match query.state.is_some() || self.issues.is_any_under_way(event) {
            true => LOOKED_AT_MAX,
            false => query.limit + 1,
        };
        let mut page = TicketPage::default();
        while left > 0 {
            let at_once = left.min(AT_ONCE);
            let rows = TICKETS
                .page(self.ports.store(), &prefix, after.as_ref(), at_once)
                .await?;
            let is_last = rows.len() < at_once;
            left -= rows.len();
            after = rows.last().map(|row| row.key.clone());
            page.next = rows.last().filter(|_| !is_last).map(|row| row.value.id);
            let tickets = rows.into_iter().map(|row| row.value);
            let tickets = tickets.filter(|ticket| visible.shows(ticket)).collect();
            let shown = self.shown_in(live, tickets, query.state).await?;
            if page.is_full_with(shown, query.limit) || is_last {
                break;
            }
            let_others_run().await;
        }
        Ok(page)
    }

    /// Returns everything that is shown of a ticket.
    async fn shown(&self, live: &Arc<LiveEvent>, ticket: Ticket) -> Result<ShownTicket, DeskError> {
        let mut shown = self.shown_many(live, vec![ticket]).await?;
        Ok(shown.remove(0))
    }

    /// Returns everything that is shown of tickets, in their order.
    async fn shown_many(
        &self,
        live: &Arc<LiveEvent>,
        tickets: Vec<Ticket>,
    ) -> Result<Vec<ShownTicket>, DeskError> {
        let entered = self.entered(live.event.id, &tickets).await?;
        let tickets = iter::zip(tickets, entered).collect();
        let mut shown = self.shown_with(live, tickets).await?;
        self.renew_tokens(live, &mut shown).await?;
        Ok(shown)
    }

    /// Returns everything that is shown of those tickets that are in the requested state. Their signed codes may be
    /// outdated.
    pub(super) async fn shown_in(
        &self,
        live: &Arc<LiveEvent>,
        mut tickets: Vec<Ticket>,
        state: Option<ShownState>,
    ) -> Result<Vec<ShownTicket>, DeskError> {
        tickets.retain(|ticket| ticket.belongs_to(&live.event));
        let entered = self.entered(live.event.id, &tickets).await?;
        let is_in = |(ticket, entered): &(Ticket, Vec<DayId>)| {
            state.is_none_or(|state| state == ticket.shown_state(&live.event, entered))
        };
        let tickets = iter::zip(tickets, entered).filter(is_in);
        self.shown_with(live, tickets.collect()).await
    }

    /// Reads a ticket of an event, unless its issue is not done.
    pub(super) async fn stored(
        &self,
        event: EventId,
        id: TicketId,
    ) -> Result<Option<Stored<Ticket>>, DeskError> {
        let key = EventTicket(event, id);
        let stored = TICKETS.get(self.ports.store(), &key).await?;
        Ok(stored.filter(|stored| self.issues.shows(&stored.value)))
    }

    /// Reads a ticket of whichever event, unless its issue is not done.
    pub(super) async fn with_id(&self, id: TicketId) -> Result<Option<Stored<Ticket>>, DeskError> {
        match TICKET_EVENTS.get(self.ports.store(), &id).await? {
            Some(event) => self.stored(event.value, id).await,
            None => Ok(None),
        }
    }

    /// Returns the days on which each of an event's tickets has entered.
    async fn entered(
        &self,
        event: EventId,
        tickets: &[Ticket],
    ) -> Result<Vec<Vec<DayId>>, DeskError> {
        let keys = tickets.iter().map(|ticket| EventTicket(event, ticket.id));
        let keys: Vec<_> = keys.collect();
        let entries = TICKET_ENTRIES.get_many(self.ports.store(), &keys).await?;
        let days = entries.into_iter().map(|stored| match stored {
            Some(stored) => stored.value.days(),
            None => Vec::new(),
        });
        Ok(days.collect())
    }

    /// Returns the series of an event's tickets, in their order; None for one that does not exist.
    pub(super) async fn series_of(
        &self,
        event: EventId,
        ids: &[TicketId],
    ) -> Result<Vec<Option<String>>, DeskError> {
        let keys: Vec<_> = ids.iter().map(|id| EventTicket(event, *id)).collect();
        let stored = TICKETS.get_many(self.ports.store(), &keys).await?;
        let series = stored.into_iter();
        Ok(series
            .map(|stored| stored.map(|stored| stored.value.series))
            .collect())
    }

    async fn shown_with(
        &self,
        live: &Arc<LiveEvent>,
        tickets: Vec<(Ticket, Vec<DayId>)>,
    ) -> Result<Vec<ShownTicket>, DeskError> {
        let read = tickets.iter().map(|(ticket, _)| ticket);
        let tokens = self.stored_tokens(live.event.id, read).await?;
        let shown = iter::zip(tickets, tokens)
            .map(|((ticket, entered), tokens)| self.show_ticket(live, ticket, &entered, tokens));
        Ok(shown.collect())
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
        let code = tokens.as_ref().map(|tokens| Arc::clone(tokens.qr_code()));
        let code = code.or_else(|| Some(origin?.codes.first()?.as_str().into()));
        ShownTicket {
            event: live.clone(),
            warnings: ticket.warnings(kind.as_deref()),
            type_name: kind.map_or_else(|| ticket.type_id.clone(), |kind| kind.name.clone()),
            state: ticket.shown_state(&live.event, entered),
            code: code.unwrap_or_default(),
            token: tokens.map(|tokens| tokens.whole),
            ticket,
        }
    }
}
