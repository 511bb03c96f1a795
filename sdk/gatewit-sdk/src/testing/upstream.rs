//! A ticketing system that answers as it is told, for a backend's own tests.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::thread;

use crate::backend::wire;
use crate::{
    Backend, Continuation, Fault, Http, HttpError, Page, Request, Response, Ticket, TicketType,
    Transport,
};

/// A run may take so many pages; one that takes more goes round in circles.
const PAGES_MAX: usize = 1000;

/// Answers requests in the order they are foreseen, and panics at any other, and if one is left over in the end.
pub struct Upstream {
    base: String,
    replies: RefCell<VecDeque<(String, Reply)>>,
}

/// What the ticketing system answers, or why it does not.
pub struct Reply(Result<Response, HttpError>);

impl Upstream {
    /// A ticketing system whose URLs all begin so.
    pub fn at(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            replies: RefCell::default(),
        }
    }

    /// Foresees a request: its path behind the base, with the parameters that matter, such as `/orders/?page=2`. The
    /// request may have more of them.
    #[must_use]
    pub fn on(self, path: &str, reply: impl Into<Reply>) -> Self {
        let reply = (path.to_owned(), reply.into());
        self.replies.borrow_mut().push_back(reply);
        self
    }
}

impl Transport for Upstream {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let path = request.url.strip_prefix(&self.base);
        let path = path.unwrap_or_else(|| panic!("{} is elsewhere", request.url));
        let (expected, reply) = self
            .replies
            .borrow_mut()
            .pop_front()
            .unwrap_or_else(|| panic!("nobody foresaw {path}"));
        let (asked, parameters) = path.split_once('?').unwrap_or((path, ""));
        let (foreseen, needed) = expected.split_once('?').unwrap_or((&expected, ""));
        let is_there = |needed: &str| {
            needed.is_empty() || parameters.split('&').any(|parameter| parameter == needed)
        };
        assert!(
            asked == foreseen && needed.split('&').all(is_there),
            "asked for {path} instead of {expected}"
        );
        reply.0
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        let left = self.replies.get_mut();
        if let Some((path, _)) = left.front().filter(|_| !thread::panicking()) {
            panic!("nobody asked for {path}");
        }
    }
}

impl Reply {
    /// An answer of this status with this body.
    pub fn of(status: u16, body: &str) -> Self {
        Self(Ok(Response {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        }))
    }

    /// The answer with one more header, its name in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Ok(response) = &mut self.0 {
            response.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// An answer of status 200.
impl From<&str> for Reply {
    fn from(body: &str) -> Self {
        Self::of(200, body)
    }
}

impl From<HttpError> for Reply {
    fn from(error: HttpError) -> Self {
        Self(Err(error))
    }
}

/// One run of a backend over an upstream: its calls go the same way as the host's.
pub struct Run<B> {
    backend: B,
    upstream: Upstream,
}

/// What a whole sync brought.
#[derive(Debug, PartialEq)]
pub struct Synced {
    /// All tickets, in the order they came.
    pub tickets: Vec<Ticket>,
    /// References of tickets that exist no longer.
    pub gone: Vec<String>,
    /// With what the next sync begins; nothing if it is a full one.
    pub token: Option<String>,
}

impl<B: Backend> Run<B> {
    /// Begins a run with settings as the operator wrote them. The error is what `check-settings` would say.
    pub fn begin(settings: &str, upstream: Upstream) -> Result<Self, String> {
        let backend = wire::read(settings)?;
        Ok(Self { backend, upstream })
    }

    /// Asks for all kinds of tickets.
    pub fn ticket_types(&mut self) -> Result<Vec<TicketType>, Fault> {
        self.backend.ticket_types(&Http::over(&self.upstream))
    }

    /// Asks for one page.
    pub fn tickets(&mut self, cursor: Option<&str>) -> Result<Page, Fault> {
        self.backend.tickets(&Http::over(&self.upstream), cursor)
    }

    /// Looks tickets up.
    pub fn find(&mut self, text: &str) -> Result<Vec<Ticket>, Fault> {
        self.backend.find(&Http::over(&self.upstream), text)
    }

    /// Asks for page after page as the host does, from a token or for everything, until it is done.
    ///
    /// # Panics
    /// If a cursor comes twice.
    #[track_caller]
    pub fn sync(&mut self, token: Option<&str>) -> Result<Synced, Fault> {
        let mut synced = Synced {
            tickets: Vec::new(),
            gone: Vec::new(),
            token: None,
        };
        let mut cursors: Vec<String> = token.map(str::to_owned).into_iter().collect();
        for _ in 0..PAGES_MAX {
            let page = self.tickets(cursors.last().map(String::as_str))?;
            synced.tickets.extend(page.tickets);
            synced.gone.extend(page.gone);
            match page.next {
                Continuation::Done(token) => return Ok(Synced { token, ..synced }),
                Continuation::More(cursor) => {
                    assert!(!cursors.contains(&cursor), "the cursor {cursor} came twice");
                    cursors.push(cursor);
                }
            }
        }
        panic!("a sync of more than {PAGES_MAX} pages");
    }
}
