//! Measures how fast this machine checks tickets in, beside what it could do at most.
//!
//! A figure alone says more about the machine than about the program, so each is taken beside its limit, in turns within
//! one run: scans beside an endpoint that only reads the same requests, and beside one that verifies a signature too and
//! writes as much; our store beside a bare append log; our verification of a token beside aws-lc's; `/tickets/*` with many
//! tickets beside few; scans at a steady pace beside nothing, bulks, syncs and clients that hang. Only the ratios compare.
//!
//! `gatewit bench` runs it. It starts the program as others do and talks HTTP to it, so that it knows ports and store alone.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use gatewit_domain::ports::Signer;

mod attendees;
mod bare;
mod beside;
mod child;
mod client;
mod commits;
mod endpoints;
mod event;
mod figures;
mod hello;
mod load;
mod paced;
mod progress;
mod report;
mod search;
mod strangers;
mod tokens;
mod upstream;
mod visitors;

use attendees::{HELLO, VALIDATE_ATTENDEE, VALIDATE_EMAIL, Validator};
use beside::BesideScans;
use child::Child;
use commits::Rivals;
use event::{BULK_MAX, BenchEvent, Device};
use figures::Measured;
use load::{Load, Until};
use progress::note;
use report::{Attendees, Report};
use tokens::Tokens;

pub use endpoints::endpoints;

/// How often the measurements take turns.
const ROUNDS: usize = 5;

/// What to measure, and where.
#[derive(Debug)]
pub struct Bench {
    /// How many connections scan at once, each a scanner of its own.
    pub connections: usize,
    /// How long each of the measurements beside the scans takes in all.
    pub time: Duration,
    /// How many tickets are issued and scanned, once each.
    pub tickets: usize,
    /// How many tickets a ticketing system has whose attendees are asked about; a tenth and a hundredth for comparison.
    pub attendees: usize,
    /// Where the temporary data directory is made: on the disk that is to be measured.
    pub directory: PathBuf,
    /// The directory of plugins that the servers load.
    pub plugins: PathBuf,
    /// How many files this process may have open.
    pub open_files: u64,
}

impl Bench {
    /// Measures and prints to stdout; tells on stderr how far it is. The servers run as children of this program, which
    /// must have the commands `serve` and `bench-hello`; the latter serves the [`endpoints`].
    pub fn run(&self, signer: &dyn Signer) -> anyhow::Result<()> {
        let home = Home::make(&self.directory)?;
        let plugins = fs::canonicalize(&self.plugins)
            .with_context(|| format!("cannot find the plugins in {}", self.plugins.display()))?;
        let server = Child::serve(&home.0, &plugins)?;
        let hello = Child::hello(&home.0)?;
        let mut report = Report {
            connections: self.connections,
            ..Report::default()
        };
        self.measure_scans(&home.0, &server, &hello, signer, &mut report)?;
        drop(server);
        self.measure_attendees(&home.0, &plugins, &hello, &mut report)?;
        print!("{report}");
        Ok(())
    }

    /// How long one turn of a measurement takes.
    fn turn(&self) -> Duration {
        self.time / ROUNDS as u32
    }

    /// Measures scans, commits and tokens beside their limits in turns, then searches of the event's tickets.
    fn measure_scans(
        &self,
        home: &Path,
        server: &Child,
        hello: &Child,
        signer: &dyn Signer,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        note("making an event and its scanners");
        let mut door = BenchEvent::open(server.address, self.connections)?;
        note(&format!("issuing {} tickets", self.tickets));
        door.keep(door.issuer().issue_all(self.tickets)?);
        let turn = self.turn();
        let tokens = Tokens::make(signer)?;
        let rivals = Rivals::open(home, self.connections)?;
        for round in 0..ROUNDS {
            note(&format!("round {} of {ROUNDS}", round + 1));
            let devices = door.devices_of_round(round, ROUNDS);
            let towards = |path| devices.iter().map(move |device| device.towards(path));
            for (rounds, path) in [(&mut report.hello, "/hello"), (&mut report.bare, "/bare")] {
                let devices: Vec<_> = towards(path).collect();
                rounds.push(scan(hello, &devices, Until::Elapsed(turn))?);
            }
            report
                .validate
                .push(scan(server, &devices, Until::EachOnce)?);
            report.raw_log.push(rivals.raw_log(turn)?);
            report.store.push(rivals.store(turn)?);
            report.verify.push(tokens.compare(turn)?);
        }
        note("searching");
        report.search = search::search(&door, self.time)?;
        Ok(())
    }

    /// Measures `/tickets/*` with few, usual and many tickets in turns, then scans beside bulks and syncs of many.
    fn measure_attendees(
        &self,
        home: &Path,
        plugins: &Path,
        hello: &Child,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let (connections, turn) = (self.connections, self.turn());
        let start = |tickets: usize| {
            note(&format!("reading {tickets} tickets of a ticketing system"));
            Validator::start(home, plugins, hello.address, tickets)
        };
        let tickets = self.attendees;
        let [few, usual, many] = [tickets / 100, tickets / 10, tickets].map(start);
        let (few, usual) = (few?, usual?);
        note("starting anew with them, and reading them anew");
        let (many, ready) = many?.restart()?;
        let (sync, sync_bytes) = many.sync()?;
        let mut measured = Attendees {
            tickets,
            ready,
            sync,
            sync_bytes,
            ..Attendees::default()
        };
        for round in 0..ROUNDS {
            note(&format!("asking, round {} of {ROUNDS}", round + 1));
            let hello = attendees::ask(hello.address, HELLO, tickets, connections, turn)?;
            measured.hello.push(hello);
            for (rounds, validator, path) in [
                (&mut measured.few, &few, VALIDATE_ATTENDEE),
                (&mut measured.attendee, &usual, VALIDATE_ATTENDEE),
                (&mut measured.many, &many, VALIDATE_ATTENDEE),
                (&mut measured.email, &usual, VALIDATE_EMAIL),
            ] {
                rounds.push(validator.ask(path, connections, turn)?);
            }
        }
        report.attendees = measured;
        drop((few, usual));
        let beside = BesideScans {
            server: &many,
            scanners: connections,
            bulk: self.tickets.min(BULK_MAX),
            time: self.time,
            open_files: self.open_files,
        };
        report.beside = beside.measure()?;
        Ok(())
    }
}

fn scan(child: &Child, devices: &[Device<'_>], until: Until) -> anyhow::Result<Measured> {
    let load = Load {
        server: child.address,
        until,
    };
    load.run(devices)
}

/// A directory of the run's own, gone when dropped.
struct Home(PathBuf);

impl Home {
    fn make(within: &Path) -> anyhow::Result<Self> {
        let name = format!("gatewit-bench-{}", std::process::id());
        let within = fs::canonicalize(within);
        let within = within.context("cannot find the directory to measure in")?;
        let home = within.join(name);
        fs::create_dir(&home).with_context(|| format!("cannot make {}", home.display()))?;
        Ok(Self(home))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("cannot remove {}: {error}", self.0.display());
        }
    }
}
