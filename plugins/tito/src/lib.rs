//! `tito`: reads releases and tickets of one Tito event over its Admin API, version 3.0 or 3.1.
//!
//! Tito has no feed of changes that includes deletions, so every sync is a full one, with a thousand tickets per page.
//! Tickets come oldest first, including void ones, so that changes meanwhile only add to the end.

#![warn(missing_docs)]

mod releases;
#[cfg(test)]
mod tests;
mod tickets;

use std::collections::HashSet;
use std::rc::Rc;

use gatewit_sdk::{
    Backend, BaseUrl, Continuation, Fault, Http, Page, Request, Secret, Slug, Ticket, TicketType,
    Total, check_whole, cursor,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use releases::Release;
use tickets::TitoTicket;

/// The most rows that Tito sends in one page.
const PAGE_SIZE: u32 = 1000;

/// One event in Tito.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Tito {
    /// Where Tito's API begins. `TITO_BASE_URL` says so, too.
    #[serde(default = "hosted")]
    #[schemars(extend("default" = HOSTED))]
    base_url: BaseUrl,
    /// The account's slug. `ACCOUNT_SLUG` says so, too.
    account: Slug,
    /// The event's slug. `EVENT_SLUG` says so, too.
    event: Slug,
    /// The secret API token, as a reference: `secret://TITO_TOKEN`.
    token: Secret,
    /// Which version of the API to ask for.
    #[serde(default)]
    api_version: ApiVersion,
    /// References, such as `ABCD-1`, of organizers who also give a talk: `organizer_speakers` of `event_config.yml`.
    #[serde(default)]
    organizer_speakers: Vec<String>,
    /// The releases, which all pages of a run need.
    #[serde(skip)]
    releases: Option<Rc<[Release]>>,
}

const HOSTED: &str = "https://api.tito.io/v3";

fn hosted() -> BaseUrl {
    BaseUrl::try_from(HOSTED.to_owned()).expect("it is a URL")
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum ApiVersion {
    #[serde(rename = "3.0")]
    V3_0,
    #[default]
    #[serde(rename = "3.1")]
    V3_1,
}

/// The next page, and how to ask for it.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Cursor {
    page: u32,
    /// Whether Tito obeyed `page[size]`. A version that does not know it numbers its pages by a plain `page`.
    is_sized: bool,
}

/// The end of every list from Tito.
#[derive(Deserialize)]
struct Meta {
    next_page: Option<u32>,
    per_page: Option<u32>,
    /// The number of rows on all pages together.
    total_count: Option<u32>,
}

#[derive(Deserialize)]
struct ReleasePage {
    releases: Vec<Release>,
    meta: Meta,
}

#[derive(Deserialize)]
struct TicketPage {
    tickets: Vec<TitoTicket>,
    meta: Meta,
}

impl Meta {
    /// The page after this one, if there is one.
    fn next(&self, at: Option<Cursor>) -> Result<Option<Cursor>, Fault> {
        let Some(page) = self.next_page else {
            return Ok(None);
        };
        let current = at.map_or(1, |at| at.page);
        if page <= current {
            let what = format_args!("page {page} comes after page {current}");
            return Err(Fault::nonsense(what));
        }
        let is_sized = at.map_or(self.per_page == Some(PAGE_SIZE), |at| at.is_sized);
        Ok(Some(Cursor { page, is_sized }))
    }
}

impl Backend for Tito {
    fn ticket_types(&mut self, http: &Http) -> Result<Vec<TicketType>, Fault> {
        let releases = self.releases(http)?;
        Ok(releases.iter().map(Release::ticket_type).collect())
    }

    fn tickets(&mut self, http: &Http, cursor: Option<&str>) -> Result<Page, Fault> {
        let at: Option<Cursor> = cursor.map(cursor::read).transpose()?;
        let releases = self.releases(http)?;
        let request = self
            .list("tickets", at)
            .query("search[sort]", "created_at")
            .query("search[direction]", "asc");
        let page: TicketPage = http.fetch(&in_all_states(request))?.json()?;
        let next = page.meta.next(at)?;
        Ok(Page {
            tickets: self.read(&releases, page.tickets),
            gone: Vec::new(),
            whole_orders: Vec::new(),
            total: page.meta.total_count.map(Total::Tickets),
            next: match next {
                Some(next) => Continuation::More(cursor::write(&next)),
                None => Continuation::Done(None),
            },
        })
    }

    fn find(&mut self, http: &Http, text: &str) -> Result<Vec<Ticket>, Fault> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.list("tickets", None).query("search[q]", text);
        let page: TicketPage = http.fetch(&in_all_states(request))?.json()?;
        if page.tickets.is_empty() {
            return Ok(Vec::new());
        }
        let releases = self.releases(http)?;
        let mut tickets = self.read(&releases, page.tickets);
        // Tito's own search also finds `ABCD-12` for `ABCD-1`, and matches names.
        tickets.retain(|ticket| ticket.is_called(text));
        Ok(tickets)
    }
}

impl Tito {
    fn releases(&mut self, http: &Http) -> Result<Rc<[Release]>, Fault> {
        if let Some(releases) = &self.releases {
            return Ok(Rc::clone(releases));
        }
        let mut releases: Vec<Release> = Vec::new();
        let mut at = None;
        loop {
            let page: ReleasePage = http.fetch(&self.list("releases", at))?.json()?;
            releases.extend(page.releases);
            at = page.meta.next(at)?;
            if at.is_none() {
                let ids: HashSet<_> = releases.iter().map(Release::id).collect();
                check_whole("releases", ids.len(), page.meta.total_count)?;
                break;
            }
        }
        let releases: Rc<[Release]> = releases.into();
        self.releases = Some(Rc::clone(&releases));
        Ok(releases)
    }

    fn read(&self, releases: &[Release], tickets: Vec<TitoTicket>) -> Vec<Ticket> {
        let tickets = tickets
            .into_iter()
            .map(|ticket| ticket.into_ticket(releases, &self.organizer_speakers));
        tickets.collect()
    }

    fn list(&self, list: &str, at: Option<Cursor>) -> Request {
        let Self {
            base_url,
            account,
            event,
            token,
            ..
        } = self;
        let request = Request::get(format!("{base_url}/{account}/{event}/{list}"))
            .header("authorization", format!("Token token={token}"));
        let request = match (self.api_version, list) {
            (ApiVersion::V3_0, _) => request.query("version", "3.0").query("view", "extended"),
            (ApiVersion::V3_1, "releases") => request
                .query("version", "3.1")
                .query("expand", "activities"),
            (ApiVersion::V3_1, _) => request.query("version", "3.1"),
        };
        match at {
            Some(at) if !at.is_sized => request.query("page", at.page),
            Some(at) => request
                .query("page[size]", PAGE_SIZE)
                .query("page[number]", at.page),
            None => request.query("page[size]", PAGE_SIZE),
        }
    }
}

/// Asks for tickets in all states: Tito sends void ones only on request.
fn in_all_states(request: Request) -> Request {
    tickets::STATES.iter().fold(request, |request, state| {
        request.query("search[states][]", state)
    })
}

gatewit_sdk::export_backend!(Tito);
