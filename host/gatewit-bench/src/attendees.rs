//! `/tickets/*` on a server that has read its tickets from a ticketing system: the throughput by number of tickets, the
//! time to restart, and the memory of a sync.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::child::Child;
use crate::client::{Caller, write_post};
use crate::event::make_event;
use crate::figures::Measured;
use crate::load::{Load, Requests, Until};
use crate::site::Site;
use crate::upstream::{NUMBERED, Visitor};

pub const VALIDATE_ATTENDEE: &str = "/tickets/validate_attendee/";
pub const VALIDATE_EMAIL: &str = "/tickets/validate_email/";
pub const HELLO: &str = "/hello-attendee";

const REFRESH: &[u8] = b"GET /tickets/refresh_all/ HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A server that has read its tickets.
pub struct Validator {
    server: Child,
    site: Site,
    tickets: usize,
}

/// Questions whether somebody is an attendee, with few, usual and many tickets cached.
#[derive(Default)]
pub struct Attendees {
    /// How many are many; few are a hundredth, usual a tenth.
    pub tickets: usize,
    pub hello: Vec<Measured>,
    pub attendee: Vec<Measured>,
    pub email: Vec<Measured>,
    pub few: Vec<Measured>,
    pub many: Vec<Measured>,
    /// With many: from start to ready, how long a sync takes, and how much more memory.
    pub ready: Duration,
    pub sync: Duration,
    pub sync_bytes: u64,
}

/// A client's questions about all attendees, in an order of its own.
struct Questions {
    path: &'static str,
    tickets: usize,
    /// The first attendee asked about.
    first: usize,
}

impl Validator {
    /// Starts a server beside a ticketing system, and waits until it has read all tickets of an account.
    pub fn start(
        site: Site,
        upstream: SocketAddr,
        account: &str,
        tickets: usize,
    ) -> anyhow::Result<Self> {
        let config = config(upstream, account, tickets);
        fs::write(site.home.join("event_config.yml"), config)?;
        let token = "TITO_TOKEN=the-token-of-the-bench\n";
        fs::write(site.home.join(".env"), token)?;
        let (server, _) = site.start()?;
        Ok(Self {
            server,
            site,
            tickets,
        })
    }

    /// Restarts the server over the tickets it has read; returns how long it takes to be ready.
    pub fn restart(self) -> anyhow::Result<(Self, Duration)> {
        let Self {
            server,
            site,
            tickets,
        } = self;
        drop(server);
        let (server, ready) = site.start()?;
        let validator = Self {
            server,
            site,
            tickets,
        };
        Ok((validator, ready))
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The number of tickets.
    pub fn tickets(&self) -> usize {
        self.tickets
    }

    /// Creates an event with all of the tickets, which are imported meanwhile; returns its id.
    pub fn attach_to_new_event(&self) -> anyhow::Result<String> {
        let mut caller = Caller::open(self.server.address)?;
        make_event(&mut caller, &["tito"])
    }

    /// Reads all tickets again; returns how long that takes and how many more bytes of memory it needs.
    pub fn sync(&self) -> anyhow::Result<(Duration, u64)> {
        let before = self.server.resident_bytes()?;
        self.server.forget_peak()?;
        let began = Instant::now();
        let mut caller = Caller::open(self.server.address)?;
        let answer = caller.call(REFRESH)?;
        ensure!(answer.status == 200, "the tickets could not be read anew");
        let took = began.elapsed();
        Ok((took, self.server.peak_bytes()?.saturating_sub(before)))
    }

    /// Sends questions from many clients for a while.
    pub fn ask(
        &self,
        path: &'static str,
        connections: usize,
        time: Duration,
    ) -> anyhow::Result<Measured> {
        ask(&self.server, path, self.tickets, connections, time)
    }
}

/// Sends questions about all tickets to a server from many clients, for a while.
pub fn ask(
    server: &Child,
    path: &'static str,
    tickets: usize,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Measured> {
    let clients: Vec<_> = (0..connections)
        .map(|number| Questions {
            path,
            tickets,
            first: number * tickets / connections,
        })
        .collect();
    let load = Load {
        server,
        until: Until::Elapsed(time),
    };
    load.run(&clients).with_context(|| format!("at {path}"))
}

impl Requests for Questions {
    fn count(&self) -> usize {
        self.tickets
    }

    fn write(&self, index: usize, request: &mut Vec<u8>) {
        let Visitor { order, name, email } =
            Visitor::of(NUMBERED, (self.first + index) % self.tickets);
        let body = match self.path {
            VALIDATE_EMAIL => format!(r#"{{"email":"{email}"}}"#),
            _ => format!(r#"{{"order_id":"{order}","name":"{name}"}}"#),
        };
        write_post(self.path, "", &body, request);
    }
}

fn config(upstream: SocketAddr, account: &str, tickets: usize) -> String {
    format!(
        "TICKETING_BACKEND: tito
sources:
  tito:
    settings:
      base_url: http://{upstream}/v3
      account: {account}
      event: \"{tickets}\"
    sync: {{every: 24h}}
"
    )
}
