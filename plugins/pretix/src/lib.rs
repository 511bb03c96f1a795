//! `pretix`: reads products and orders of one pretix event over its REST API.
//!
//! A full sync pages through all orders, oldest first, so that new ones only add to its end. Later syncs ask for orders
//! changed since pretix made the first page of the previous sync (`X-Page-Generated`), newest first: an order that
//! changes meanwhile moves others to later pages, so orders may come twice but are never missed. A changed order is
//! sent as a whole, so that a ticket that was split off to another order is removed from it. A full sync starts over if
//! products change, since tickets get attributes from them, and if the event leaves test mode, since orders made in
//! test mode are valid only within it.

#![warn(missing_docs)]

mod catalogue;
mod mapping;
mod orders;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::rc::Rc;

use gatewit_sdk::{
    Answer, Backend, BaseUrl, Continuation, Fault, Http, Id, Page, Request, Secret, Slug, Ticket,
    TicketType, Total, check_whole, cursor,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use catalogue::{Catalogue, Category, Item};
use mapping::Mapping;
use orders::{Order, blocked};

/// The most rows that pretix sends in one page.
const PAGE_SIZE: u32 = 50;

/// One event in pretix.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Pretix {
    /// Where pretix's API begins. `PRETIX_BASE_URL` says so, too.
    #[serde(default = "hosted")]
    #[schemars(extend("default" = HOSTED))]
    base_url: BaseUrl,
    /// The organizer's short name, as in URLs. `PRETIX_ORGANIZER_SLUG` says so, too.
    organizer: Slug,
    /// The event's short name, as in URLs. `PRETIX_EVENT_SLUG` says so, too.
    event: Slug,
    /// The token of a team that may view orders, as a reference: `secret://PRETIX_TOKEN`.
    token: Secret,
    /// Who is a speaker, a sponsor, on site: `pretix_mapping` of `event_config.yml`.
    #[serde(default, deserialize_with = "mapping::or_default")]
    mapping: Mapping,
    /// Whether tickets of orders that were made in test mode are good at the doors.
    #[serde(default)]
    test_mode: TestMode,
    /// The products, which all pages of a run need.
    #[serde(skip)]
    catalogue: Option<Rc<Catalogue>>,
    /// Whether the event is in test mode, once pretix was asked.
    #[serde(skip)]
    is_in_test_mode: Option<bool>,
}

/// What becomes of tickets of orders that were made in test mode.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum TestMode {
    /// They are blocked, unless the event is still in test mode.
    #[default]
    Refuse,
    /// They are as good as any.
    Admit,
}

const HOSTED: &str = "https://pretix.eu/api/v1";

fn hosted() -> BaseUrl {
    BaseUrl::try_from(HOSTED.to_owned()).expect("it is a URL")
}

/// The position of a sync, or the start of the next one.
#[derive(Clone, Serialize, Deserialize)]
struct Cursor {
    /// Asks for changes since this time, by pretix's clock; `None` asks for everything.
    since: Option<String>,
    page: u32,
    /// The time at which pretix made this run's first page.
    generated: Option<String>,
    /// The digest of the products with which all tickets so far were read.
    catalogue: u64,
    /// Whether the event was in test mode when tickets that depend on it were read.
    #[serde(default)]
    test_mode: Option<bool>,
}

/// The parts of the event that are read.
#[derive(Deserialize)]
struct Event {
    testmode: bool,
}

/// One page of any list.
#[derive(Deserialize)]
struct Listing<T> {
    count: Option<u32>,
    next: Option<String>,
    results: Vec<T>,
}

impl<T> Listing<T> {
    /// Whether a page follows this one. Every page has at least one row, so there are never more pages than rows.
    fn goes_on(&self, page: u32) -> Result<bool, Fault> {
        let is_endless = self.results.is_empty() || self.count.is_some_and(|count| page >= count);
        match self.next.is_some() {
            true if is_endless => Err(Fault::nonsense(format_args!("page {page} has no end"))),
            goes_on => Ok(goes_on),
        }
    }
}

impl Backend for Pretix {
    fn ticket_types(&mut self, http: &Http) -> Result<Vec<TicketType>, Fault> {
        Ok(self.catalogue(http)?.ticket_types())
    }

    fn tickets(&mut self, http: &Http, cursor: Option<&str>) -> Result<Page, Fault> {
        let catalogue = self.catalogue(http)?;
        let digest = catalogue.digest();
        let mut at = match cursor {
            Some(cursor) => cursor::read(cursor)?,
            None => Cursor {
                since: None,
                page: 1,
                generated: None,
                catalogue: digest,
                test_mode: None,
            },
        };
        if at.catalogue != digest {
            return Err(Fault::StartOver("the products have changed".to_owned()));
        }
        if let Some(before) = at.test_mode
            && before != self.is_in_test_mode(http)?
        {
            return Err(Fault::StartOver(
                "the event has entered or left its test mode".to_owned(),
            ));
        }
        let answer = self.fetch_orders(http, &at)?;
        if at.page == 1 {
            at.generated = answer.header("x-page-generated").map(str::to_owned);
        }
        let listing: Listing<Order> = answer.json()?;
        let goes_on = listing.goes_on(at.page)?;
        let told = listing.results.iter().map(|order| order.code.clone());
        let whole_orders = told.collect();
        let tickets = self.read(http, &catalogue, listing.results)?;
        at.test_mode = at.test_mode.or(self.is_in_test_mode);
        Ok(Page {
            whole_orders,
            tickets,
            gone: Vec::new(),
            total: listing.count.map(Total::Orders),
            next: match goes_on {
                true => Continuation::More(cursor::write(&Cursor {
                    page: at.page + 1,
                    ..at
                })),
                false => Continuation::Done(next_sync(at).as_ref().map(cursor::write)),
            },
        })
    }

    fn find(&mut self, http: &Http, text: &str) -> Result<Vec<Ticket>, Fault> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.orders(1);
        let request = match order_of(text) {
            Some(order) => request.query("code", order.to_uppercase()),
            None => request.query("search", text),
        };
        // Exact matches are on the first page: the search matches substrings, and one this long is rare.
        let listing: Listing<Order> = self.fetch(http, &request)?.json()?;
        if listing.results.is_empty() {
            return Ok(Vec::new());
        }
        let catalogue = self.catalogue(http)?;
        let mut tickets = self.read(http, &catalogue, listing.results)?;
        tickets.retain(|ticket| ticket.is_called(text));
        Ok(tickets)
    }

    fn check(&self) -> Result<(), String> {
        self.mapping.check()
    }
}

impl Pretix {
    fn catalogue(&mut self, http: &Http) -> Result<Rc<Catalogue>, Fault> {
        if let Some(catalogue) = &self.catalogue {
            return Ok(Rc::clone(catalogue));
        }
        let catalogue = Rc::new(Catalogue {
            categories: self.fetch_all(http, "categories", |row: &Category| &row.id)?,
            items: self.fetch_all(http, "items", |row: &Item| &row.id)?,
        });
        self.catalogue = Some(Rc::clone(&catalogue));
        Ok(catalogue)
    }

    fn read(
        &mut self,
        http: &Http,
        catalogue: &Catalogue,
        orders: Vec<Order>,
    ) -> Result<Vec<Ticket>, Fault> {
        let blocks_tests = self.test_mode == TestMode::Refuse
            && orders.iter().any(Order::is_test)
            && !self.is_in_test_mode(http)?;
        let tickets = orders.into_iter().flat_map(|order| {
            let is_blocked = blocks_tests && order.is_test();
            let tickets = order.into_tickets(catalogue, &self.mapping).into_iter();
            tickets.map(move |ticket| if is_blocked { blocked(ticket) } else { ticket })
        });
        Ok(tickets.collect())
    }

    /// Whether the event is in test mode. If the token may read orders but not the event, this is unknown, and test
    /// orders stay blocked.
    fn is_in_test_mode(&mut self, http: &Http) -> Result<bool, Fault> {
        if let Some(known) = self.is_in_test_mode {
            return Ok(known);
        }
        let event = http
            .fetch(&self.request(""))
            .and_then(|answer| answer.json());
        let is_in_test_mode = match event {
            Ok(Event { testmode }) => testmode,
            Err(Fault::Unauthorized(_) | Fault::NotFound(_)) => false,
            Err(fault) => return Err(fault),
        };
        self.is_in_test_mode = Some(is_in_test_mode);
        Ok(is_in_test_mode)
    }

    fn fetch_orders(&self, http: &Http, at: &Cursor) -> Result<Answer, Fault> {
        let request = self.orders(at.page);
        let request = match &at.since {
            None => request.query("ordering", "datetime"),
            Some(since) => request
                .query("modified_since", since)
                .query("ordering", "-last_modified"),
        };
        let fault = match self.fetch(http, &request) {
            Ok(answer) => return Ok(answer),
            Err(fault) => fault,
        };
        Err(match fault {
            Fault::NotFound(words) if at.page > 1 => Fault::StartOver(words),
            Fault::Unexpected(words) if at.since.is_some() => Fault::StartOver(words),
            fault => fault,
        })
    }

    /// Reads all pages of a list. pretix may list a row twice while the list changes; it is returned once.
    fn fetch_all<T: DeserializeOwned>(
        &self,
        http: &Http,
        list: &str,
        id: fn(&T) -> &Id,
    ) -> Result<Vec<T>, Fault> {
        let mut rows = Vec::new();
        for page in 1.. {
            let listing: Listing<T> = self.fetch(http, &self.get(list, page))?.json()?;
            let goes_on = listing.goes_on(page)?;
            rows.extend(listing.results);
            if !goes_on {
                let mut seen = HashSet::new();
                rows.retain(|row| seen.insert(id(row).clone()));
                check_whole(list, rows.len(), listing.count)?;
                break;
            }
        }
        Ok(rows)
    }

    fn fetch(&self, http: &Http, request: &Request) -> Result<Answer, Fault> {
        http.fetch(request).map_err(|fault| match fault {
            Fault::Unauthorized(words) => Fault::Unauthorized(format!(
                "{words} (so pretix also says of organizers and events that do not exist)"
            )),
            fault => fault,
        })
    }

    /// A request for orders. pretix sends canceled positions only on request. The request leaves out unneeded fields,
    /// which are most of an order.
    fn orders(&self, page: u32) -> Request {
        let request = self
            .get("orders", page)
            .query("include_canceled_positions", true);
        let fields = orders::FIELDS.iter();
        fields.fold(request, |request, field| request.query("include", field))
    }

    fn get(&self, list: &str, page: u32) -> Request {
        self.request(&format!("{list}/"))
            .query("page", page)
            .query("page_size", PAGE_SIZE)
    }

    /// A request for the event, or for a resource below it.
    fn request(&self, path: &str) -> Request {
        let Self {
            base_url,
            organizer,
            event,
            token,
            ..
        } = self;
        let url = format!("{base_url}/organizers/{organizer}/events/{event}/{path}");
        Request::get(url).header("authorization", format!("Token {token}"))
    }
}

/// The start of the next sync. If pretix does not say when it made the page, every sync is a full one.
fn next_sync(done: Cursor) -> Option<Cursor> {
    Some(Cursor {
        since: Some(done.generated?),
        page: 1,
        generated: None,
        catalogue: done.catalogue,
        test_mode: done.test_mode,
    })
}

/// The order in a text that looks like a reference: `ABCDE` of `ABCDE-1`.
fn order_of(text: &str) -> Option<&str> {
    let (order, position) = text.rsplit_once('-')?;
    let is_reference = !order.is_empty()
        && order.chars().all(|letter| letter.is_ascii_alphanumeric())
        && !position.is_empty()
        && position.chars().all(|digit| digit.is_ascii_digit());
    is_reference.then_some(order)
}

gatewit_sdk::export_backend!(Pretix);
