//! A paged ticketing system in memory that fails on demand and records what it is asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use futures::channel::oneshot::{Receiver, Sender, channel};
use gatewit_domain::ports::{SyncRun, TicketSource};
use gatewit_domain::source::{
    Continuation, Reader, SourceFault, SourcePage, SourceState, SourceTicket, SourceTotal,
    SourceType,
};

type OnPage = Box<dyn Fn() + Send + Sync>;
type OnFind = Arc<dyn Fn() + Send + Sync>;

/// The ticketing system: its tickets and its behaviour.
pub struct Upstream(Mutex<State>);

pub struct State {
    pub types: Vec<SourceType>,
    /// In the order of listing, each with the number of its last change.
    tickets: Vec<(u64, SourceTicket)>,
    gone: Vec<(u64, String)>,
    changes: u64,
    pub page: usize,
    /// Whether it can list changes only.
    pub tells_changes: bool,
    /// The digest of the plugin, and that of its settings.
    pub digest: String,
    pub settings: String,
    /// The answers to the next requests for a page; None for a normal page.
    pub faults: VecDeque<Option<SourceFault>>,
    /// The next pages, whatever its tickets are.
    pub pages_next: VecDeque<SourcePage>,
    /// The cursor that it returns for ever, if set.
    pub stuck_at: Option<String>,
    /// The cursors of the requests for pages.
    pub asked: Vec<Option<String>>,
    pub found: Vec<String>,
    pub find_fault: Option<SourceFault>,
    /// Look-ups that are answered only once a message arrives or the sender is dropped.
    pub held: HashMap<String, Receiver<()>>,
    /// Whether it lists a ticket with all others of its order, and does not list those that left it.
    pub tells_orders_whole: bool,
    /// The total that it reports, whatever it lists.
    pub total: Option<SourceTotal>,
    /// The complete lists of the next full runs, instead of all tickets.
    pub lists_next: VecDeque<Vec<SourceTicket>>,
    /// Tickets that only look-ups find.
    pub sold_now: Vec<SourceTicket>,
    pub on_page: Option<OnPage>,
    pub on_find: Option<OnFind>,
    pub runs: usize,
}

impl Upstream {
    pub fn new(page: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            types: vec![kind("regular", "Regular"), kind("shirt", "T-shirt")],
            tickets: Vec::new(),
            gone: Vec::new(),
            changes: 0,
            page,
            tells_changes: true,
            digest: "sha256:1".to_owned(),
            settings: "settings".to_owned(),
            faults: VecDeque::new(),
            pages_next: VecDeque::new(),
            stuck_at: None,
            asked: Vec::new(),
            found: Vec::new(),
            find_fault: None,
            held: HashMap::new(),
            tells_orders_whole: false,
            total: None,
            lists_next: VecDeque::new(),
            sold_now: Vec::new(),
            on_page: None,
            on_find: None,
            runs: 0,
        })))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Sells a ticket, or changes the one with its reference.
    pub fn put(&self, ticket: SourceTicket) {
        let mut state = self.state();
        state.changes += 1;
        let row = (state.changes, ticket);
        state.gone.retain(|(_, gone)| *gone != row.1.reference);
        let known = state
            .tickets
            .iter_mut()
            .find(|(_, of)| of.reference == row.1.reference);
        match known {
            Some(known) => *known = row,
            None => state.tickets.push(row),
        }
    }

    pub fn put_all(&self, tickets: impl IntoIterator<Item = SourceTicket>) {
        tickets.into_iter().for_each(|ticket| self.put(ticket));
    }

    /// Deletes a ticket.
    pub fn delete(&self, reference: &str) {
        let mut state = self.state();
        state.changes += 1;
        let changes = state.changes;
        state
            .tickets
            .retain(|(_, ticket)| ticket.reference != reference);
        state.gone.push((changes, reference.to_owned()));
    }

    pub fn fail_next(&self, faults: impl IntoIterator<Item = Option<SourceFault>>) {
        self.state().faults.extend(faults);
    }

    pub fn tickets(&self) -> Vec<SourceTicket> {
        self.state()
            .tickets
            .iter()
            .map(|(_, ticket)| ticket.clone())
            .collect()
    }

    /// Holds back the answer to the next look-up of a text until it is released.
    pub fn hold(&self, text: &str) -> Sender<()> {
        let (sender, receiver) = channel();
        self.state().held.insert(text.to_owned(), receiver);
        sender
    }

    /// Takes the cursors it was asked for since the last call.
    pub fn take_asked(&self) -> Vec<Option<String>> {
        std::mem::take(&mut self.state().asked)
    }
}

impl State {
    fn page(&mut self, cursor: Option<&str>) -> Result<SourcePage, SourceFault> {
        if let Some(on_page) = &self.on_page {
            on_page();
        }
        self.asked.push(cursor.map(str::to_owned));
        if let Some(Some(fault)) = self.faults.pop_front() {
            return Err(fault);
        }
        if let Some(page) = self.pages_next.pop_front() {
            return Ok(page);
        }
        if let Some(cursor) = &self.stuck_at {
            let next = Continuation::More(cursor.clone());
            return Ok(SourcePage {
                tickets: Vec::new(),
                gone: Vec::new(),
                whole_orders: Vec::new(),
                total: None,
                next,
            });
        }
        if cursor.is_none()
            && let Some(tickets) = self.lists_next.pop_front()
        {
            return Ok(SourcePage {
                whole_orders: tickets.iter().map(|ticket| ticket.order.clone()).collect(),
                tickets,
                gone: Vec::new(),
                total: self.total,
                next: Continuation::Done(None),
            });
        }
        // A cursor is `since:after:began`, each the number of a change. Rows are listed in the order of their changes,
        // so that a row that changes during the run moves to the end.
        let mut at = cursor.unwrap_or("0:0:").split(':');
        let mut number = || at.next().unwrap_or_default().parse::<u64>().ok();
        let (since, after) = (number().unwrap_or(0), number().unwrap_or(0));
        let began = number().unwrap_or(self.changes);
        let changed = self.tickets.iter();
        let mut rows: Vec<_> = changed
            .filter(|(at, _)| *at > since.max(after))
            .cloned()
            .collect();
        rows.sort_by_key(|(at, _)| *at);
        let has_more = rows.len() > self.page;
        rows.truncate(self.page);
        let last = rows.last().map_or(0, |(at, _)| *at);
        let mut rows: Vec<_> = rows.into_iter().map(|(_, ticket)| ticket).collect();
        let mut whole_orders = Vec::new();
        if self.tells_orders_whole {
            whole_orders.extend(rows.iter().map(|ticket| ticket.order.clone()));
            let tickets = self.tickets.iter().map(|(_, ticket)| ticket);
            let whole = tickets.filter(|ticket| whole_orders.contains(&ticket.order));
            rows = whole.cloned().collect();
        }
        let gone = self.gone.iter().filter(|(at, _)| since > 0 && *at > since);
        Ok(SourcePage {
            tickets: rows,
            whole_orders,
            total: self.total,
            gone: match has_more || self.tells_orders_whole {
                true => Vec::new(),
                false => gone.map(|(_, reference)| reference.clone()).collect(),
            },
            next: match has_more {
                true => Continuation::More(format!("{since}:{last}:{began}")),
                false => Continuation::Done(self.tells_changes.then(|| format!("{began}:0:"))),
            },
        })
    }
}

struct Run(Arc<Upstream>, Reader);

/// The source that reads it.
pub struct Asking(pub Arc<Upstream>);

#[async_trait]
impl TicketSource for Asking {
    async fn begin(&self) -> Result<Box<dyn SyncRun>, SourceFault> {
        let mut state = self.0.state();
        state.runs += 1;
        let reader = Reader {
            plugin: state.digest.clone(),
            settings: state.settings.clone(),
        };
        Ok(Box::new(Run(Arc::clone(&self.0), reader)))
    }

    async fn find(&self, text: &str) -> Result<Vec<SourceTicket>, SourceFault> {
        let on_find = self.0.state().on_find.clone();
        if let Some(on_find) = on_find {
            on_find();
        }
        let held = {
            let mut state = self.0.state();
            state.found.push(text.to_owned());
            state.held.remove(text)
        };
        if let Some(held) = held {
            let _ = held.await;
        }
        let state = self.0.state();
        match &state.find_fault {
            Some(fault) => Err(fault.clone()),
            None => Ok(state.sold_now.clone()),
        }
    }
}

#[async_trait]
impl SyncRun for Run {
    fn reader(&self) -> &Reader {
        &self.1
    }

    async fn ticket_types(&mut self) -> Result<Vec<SourceType>, SourceFault> {
        Ok(self.0.state().types.clone())
    }

    async fn page(&mut self, cursor: Option<&str>) -> Result<SourcePage, SourceFault> {
        self.0.state().page(cursor)
    }
}

pub fn kind(id: &str, name: &str) -> SourceType {
    SourceType {
        id: id.to_owned(),
        name: name.to_owned(),
        category: None,
        activities: Vec::new(),
        admits: true,
        days: Vec::new(),
        day_pass: false,
    }
}

/// Returns a valid ticket of type `regular`, of the order with which its reference begins.
pub fn ticket(reference: &str, name: &str) -> SourceTicket {
    let (order, _) = reference.rsplit_once('-').unwrap_or((reference, ""));
    let mailbox = name.to_lowercase().replace(' ', ".");
    SourceTicket {
        reference: reference.to_owned(),
        order: order.to_owned(),
        codes: vec![format!("code-{reference}")],
        type_id: "regular".to_owned(),
        variation: None,
        parent: None,
        sub_event: None,
        holder_name: name.to_owned(),
        email: Some(format!("{mailbox}@example.org")),
        state: SourceState::Valid,
        valid_from: None,
        valid_until: None,
        attributes: Vec::new(),
        details: Vec::new(),
        updated: None,
    }
}

/// Returns tickets `T0001-1` and so on, each with its own name.
pub fn crowd(count: usize) -> Vec<SourceTicket> {
    let numbers = 1..=count;
    numbers
        .map(|number| ticket(&format!("T{number:04}-1"), &format!("Ada {number:04}")))
        .collect()
}

pub fn unavailable() -> SourceFault {
    SourceFault::Unavailable("it is being repaired".into())
}
