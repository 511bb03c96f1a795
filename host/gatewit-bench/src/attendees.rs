//! `/tickets/*` on a server that has read its tickets from a ticketing system: the throughput by number of tickets, the
//! time to restart, and the memory of a sync.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::child::Child;
use crate::client::{Caller, write_post};
use crate::event::make_event;
use crate::figures::Measured;
use crate::load::{Load, Requests, Until};
use crate::upstream::Visitor;

pub const VALIDATE_ATTENDEE: &str = "/tickets/validate_attendee/";
pub const VALIDATE_EMAIL: &str = "/tickets/validate_email/";
pub const HELLO: &str = "/hello-attendee";

/// How long the first sync may take, and how often to check whether it has finished.
const READY_MAX: Duration = Duration::from_secs(600);
const LOOK_EVERY: Duration = Duration::from_millis(5);
const REFRESH: &[u8] = b"GET /tickets/refresh_all/ HTTP/1.1\r\nHost: localhost\r\n\r\n";
const READY: &[u8] = b"GET /healthcheck/ready HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A server that has read its tickets.
pub struct Validator {
    server: Child,
    plugins: PathBuf,
    directory: PathBuf,
    tickets: usize,
}

/// A client's questions about all attendees, in an order of its own.
struct Questions {
    path: &'static str,
    tickets: usize,
    /// The first attendee asked about.
    first: usize,
}

impl Validator {
    /// Starts a server beside a ticketing system, and waits until it has read all tickets.
    pub fn start(
        home: &Path,
        plugins: &Path,
        upstream: SocketAddr,
        tickets: usize,
    ) -> anyhow::Result<Self> {
        let directory = home.join(format!("attendees-{tickets}"));
        fs::create_dir(&directory)?;
        fs::write(
            directory.join("event_config.yml"),
            config(upstream, tickets),
        )?;
        fs::write(
            directory.join(".env"),
            "TITO_TOKEN=the-token-of-the-bench\n",
        )?;
        let validator = Self {
            server: Child::serve(&directory, plugins)?,
            plugins: plugins.to_owned(),
            directory,
            tickets,
        };
        validator.wait_until_ready()?;
        Ok(validator)
    }

    /// Restarts the server over the tickets it has read; returns how long it takes to be ready.
    pub fn restart(self) -> anyhow::Result<(Self, Duration)> {
        let Self {
            server,
            plugins,
            directory,
            tickets,
        } = self;
        drop(server);
        let began = Instant::now();
        let validator = Self {
            server: Child::serve(&directory, &plugins)?,
            plugins,
            directory,
            tickets,
        };
        validator.wait_until_ready()?;
        Ok((validator, began.elapsed()))
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The number of tickets.
    pub fn tickets(&self) -> usize {
        self.tickets
    }

    /// Creates an event with all of the tickets, which are imported meanwhile.
    pub fn attach_to_new_event(&self) -> anyhow::Result<()> {
        let mut caller = Caller::open(self.server.address)?;
        make_event(&mut caller, &["tito"]).map(|_| ())
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
        ask(self.server.address, path, self.tickets, connections, time)
    }

    fn wait_until_ready(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut caller = Caller::open(self.server.address)?;
        while caller.call(READY)?.status != 200 {
            ensure!(began.elapsed() < READY_MAX, "the server does not get ready");
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

/// Sends questions about all tickets to a server from many clients, for a while.
pub fn ask(
    server: SocketAddr,
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
        let Visitor { order, name, email } = Visitor::of((self.first + index) % self.tickets);
        let body = match self.path {
            VALIDATE_EMAIL => format!(r#"{{"email":"{email}"}}"#),
            _ => format!(r#"{{"order_id":"{order}","name":"{name}"}}"#),
        };
        write_post(self.path, "", &body, request);
    }
}

fn config(upstream: SocketAddr, tickets: usize) -> String {
    format!(
        "TICKETING_BACKEND: tito
sources:
  tito:
    settings:
      base_url: http://{upstream}/v3
      account: bench
      event: \"{tickets}\"
    sync: {{every: 24h}}
"
    )
}
