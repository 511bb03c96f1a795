//! Runs of a backend for its own tests, and prepared answers of ticketing systems.

use crate::backend::wire;
use crate::{
    Backend, Continuation, Fault, Http, HttpError, Page, Request, Response, Ticket, TicketType,
    Transport,
};

/// The most pages of a run; a run with more goes round in circles.
const PAGES_MAX: usize = 1000;

/// An answer of a ticketing system, or the error instead. As a [`Transport`], it answers every request.
///
/// `gatewit-harness` plays recorded answers of a real one.
#[derive(Clone)]
pub struct Reply(Result<Response, HttpError>);

impl Transport for Reply {
    fn send(&self, _: &Request) -> Result<Response, HttpError> {
        self.0.clone()
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

/// One run of a backend over a transport. Its calls take the same path as the host's.
pub struct Run<B> {
    backend: B,
    transport: Box<dyn Transport>,
}

/// The result of a whole sync.
#[derive(Debug, PartialEq)]
pub struct Synced {
    /// All tickets, in the order in which they came.
    pub tickets: Vec<Ticket>,
    /// References of tickets that no longer exist.
    pub gone: Vec<String>,
    /// Orders whose tickets all came.
    pub whole_orders: Vec<String>,
    /// The token with which the next sync begins; `None` if it is a full one.
    pub token: Option<String>,
}

impl<B: Backend> Run<B> {
    /// Begins a run with settings as the operator wrote them. The error is that of `check-settings`.
    pub fn begin(settings: &str, transport: impl Transport + 'static) -> Result<Self, String> {
        let backend = wire::read(settings)?;
        let transport = Box::new(transport);
        Ok(Self { backend, transport })
    }

    /// Reads all ticket types.
    pub fn ticket_types(&mut self) -> Result<Vec<TicketType>, Fault> {
        self.backend.ticket_types(&Http::over(&*self.transport))
    }

    /// Reads one page.
    pub fn tickets(&mut self, cursor: Option<&str>) -> Result<Page, Fault> {
        self.backend.tickets(&Http::over(&*self.transport), cursor)
    }

    /// Looks tickets up.
    pub fn find(&mut self, text: &str) -> Result<Vec<Ticket>, Fault> {
        self.backend.find(&Http::over(&*self.transport), text)
    }

    /// Reads page after page as the host does, from a token or from the start, until the sync is done.
    ///
    /// # Panics
    /// If a cursor comes twice.
    #[track_caller]
    pub fn sync(&mut self, token: Option<&str>) -> Result<Synced, Fault> {
        let mut synced = Synced {
            tickets: Vec::new(),
            gone: Vec::new(),
            whole_orders: Vec::new(),
            token: None,
        };
        let mut cursors: Vec<String> = token.map(str::to_owned).into_iter().collect();
        for _ in 0..PAGES_MAX {
            let page = self.tickets(cursors.last().map(String::as_str))?;
            synced.tickets.extend(page.tickets);
            synced.gone.extend(page.gone);
            synced.whole_orders.extend(page.whole_orders);
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
