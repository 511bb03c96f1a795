//! Scans beside what they cost at least, then a new start of the same server: with the tickets and their scans, and with
//! ten times as many records.

use std::path::Path;
use std::time::Duration;

use crate::child::Child;
use crate::commits::Rivals;
use crate::event::{BenchEvent, Device};
use crate::figures::Measured;
use crate::load::{Load, Until};
use crate::product::Product;
use crate::progress::note;
use crate::records::{self, Copied};
use crate::search;
use crate::site::Site;
use crate::tokens::{Compared, Tokens};

/// How often the measurements take turns.
pub const ROUNDS: usize = 5;

/// The figures of the scans, round by round.
#[derive(Default)]
pub struct Scans {
    pub tickets: usize,
    pub hello: Vec<Measured>,
    pub bare: Vec<Measured>,
    pub validate: Vec<Measured>,
    pub raw_log: Vec<Measured>,
    pub store: Vec<Measured>,
    pub verify: Vec<Compared>,
    pub started: Option<Started>,
}

/// The server, started anew.
pub struct Started {
    /// From start to ready with all tickets and their scans.
    pub ready: Duration,
    /// The server's memory without any tickets, with all of them, and at its peak while it issued and scanned them.
    pub empty_bytes: u64,
    pub full_bytes: u64,
    pub peak_bytes: u64,
    pub copied: Copied,
    /// From start to ready with the copied records.
    pub copied_ready: Duration,
}

/// What scans are compared with.
struct Limits<'l> {
    hello: &'l Child,
    rivals: Rivals,
    tokens: Tokens,
    /// How long one turn of each takes.
    turn: Duration,
}

/// Issues tickets and scans each once, over this many connections.
pub struct ScanAll<'s> {
    pub home: &'s Path,
    pub hello: &'s Child,
    pub product: &'s Product<'s>,
    pub tickets: usize,
    pub connections: usize,
    pub turn: Duration,
}

impl ScanAll<'_> {
    /// Measures on a server of this site.
    pub fn measure(&self, site: &Site) -> anyhow::Result<Scans> {
        let (server, _) = site.start()?;
        let empty_bytes = server.resident_bytes()?;
        note("making an event and its scanners");
        let mut door = BenchEvent::open(server.address, self.connections)?;
        note(&format!("issuing {} tickets", self.tickets));
        door.keep(door.issuer().issue_all(self.tickets)?);
        let limits = Limits {
            hello: self.hello,
            rivals: Rivals::open(self.home, self.connections)?,
            tokens: Tokens::make(self.product.signer)?,
            turn: self.turn,
        };
        let mut measured = Scans {
            tickets: self.tickets,
            ..Scans::default()
        };
        for round in 0..ROUNDS {
            note(&format!("scanning, round {} of {ROUNDS}", round + 1));
            measured.round(&limits, &server, &door.devices_of_round(round, ROUNDS))?;
        }
        let peak_bytes = server.peak_bytes()?;
        drop(server);
        note("starting anew, then with ten times as many records");
        let (server, ready) = site.start()?;
        // The answer waits until all tickets can be found.
        search::once(server.address, &door.tickets_path())?;
        let full_bytes = server.resident_bytes()?;
        drop(server);
        let copied = records::copy(&site.home.join("data"), self.product)?;
        let (_, copied_ready) = site.start()?;
        measured.started = Some(Started {
            ready,
            empty_bytes,
            full_bytes,
            peak_bytes,
            copied,
            copied_ready,
        });
        Ok(measured)
    }
}

impl Scans {
    /// Scans each ticket of the round, and takes every limit in turn.
    fn round(
        &mut self,
        limits: &Limits<'_>,
        server: &Child,
        devices: &[Device<'_>],
    ) -> anyhow::Result<()> {
        let Limits { rivals, turn, .. } = limits;
        for (rounds, path) in [(&mut self.hello, "/hello"), (&mut self.bare, "/bare")] {
            let towards = devices.iter().map(|device| device.towards(path));
            let devices: Vec<_> = towards.collect();
            rounds.push(scan(limits.hello, &devices, Until::Elapsed(*turn))?);
        }
        self.validate.push(scan(server, devices, Until::EachOnce)?);
        self.raw_log.push(rivals.raw_log(*turn)?);
        self.store.push(rivals.store(*turn)?);
        self.verify.push(limits.tokens.compare(*turn)?);
        Ok(())
    }
}

fn scan(server: &Child, devices: &[Device<'_>], until: Until) -> anyhow::Result<Measured> {
    Load { server, until }.run(devices)
}
