//! Measures how fast this machine checks tickets in, beside what it could do at most.
//!
//! A figure alone says more about the machine than about the program, so each is taken beside its limit, in turns within
//! one run: scans beside an endpoint that only reads the same requests, and beside one that verifies a signature too and
//! writes as much; our store beside a bare append log; our verification of a token beside aws-lc's; `/tickets/*` with many
//! tickets beside few; scans at a steady pace beside nothing, bulks, syncs and clients that hang. Only the ratios compare.
//! Memory, a new start with all tickets or a million records, and searches have bars of their own.
//!
//! `gatewit bench` runs it. It starts the program as others do and talks HTTP to it, so that it knows ports and store alone.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

mod attendees;
mod bare;
mod beside;
mod child;
mod client;
mod commits;
mod cpu;
mod endpoints;
mod event;
mod figures;
mod hello;
mod issuing;
mod load;
mod paced;
mod part;
mod product;
mod progress;
mod records;
mod report;
mod scans;
mod search;
mod site;
mod strangers;
mod swaps;
mod tokens;
mod upstream;
mod visitors;

use attendees::{Attendees, HELLO, VALIDATE_ATTENDEE, VALIDATE_EMAIL, Validator};
use beside::BesideScans;
use child::Child;
use event::BULK_MAX;
use progress::note;
use report::Report;
use scans::{ROUNDS, ScanAll};
use search::Searched;
use site::Site;
use swaps::SwapAll;
use upstream::{NAMED, NUMBERED};

pub use endpoints::endpoints;
pub use part::Part;
pub use product::Product;

/// What to measure, and where.
#[derive(Debug)]
pub struct Bench {
    /// Which parts are measured: all if there are none.
    pub only: Vec<Part>,
    /// How many connections scan at once, each a scanner of its own.
    pub connections: usize,
    /// How long each of the measurements beside the scans takes in all.
    pub time: Duration,
    /// How many tickets are issued and scanned, once each; as many are searched, then ten times as many.
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

/// What the parts of a run share.
struct Run<'r> {
    home: &'r Path,
    plugins: &'r Path,
    hello: &'r Child,
}

impl Bench {
    /// Measures and prints to stdout; tells on stderr how far it is. The servers run as children of this program, which
    /// must have the commands `serve` and `bench-hello`; the latter serves the [`endpoints`].
    pub fn run(&self, product: &Product<'_>) -> anyhow::Result<()> {
        let home = Home::make(&self.directory)?;
        let plugins = fs::canonicalize(&self.plugins)
            .with_context(|| format!("cannot find the plugins in {}", self.plugins.display()))?;
        let run = Run {
            home: &home.0,
            plugins: &plugins,
            hello: &Child::hello(&home.0)?,
        };
        let mut report = Report {
            connections: self.connections,
            ..Report::default()
        };
        if self.measures(Part::Scans) {
            let all = ScanAll {
                home: run.home,
                hello: run.hello,
                product,
                tickets: self.tickets,
                connections: self.connections,
                turn: self.turn(),
            };
            report.scans = all.measure(&run.site("scans")?)?;
        }
        if self.measures(Part::Issuing) {
            report.issuing = issuing::issue(&run.site("issuing")?, self.tickets)?;
        }
        if self.measures(Part::Search) {
            for tickets in [self.tickets, 10 * self.tickets] {
                report.search.push(self.measure_search(&run, tickets)?);
            }
        }
        if self.measures(Part::Attendees) || self.measures(Part::Paced) {
            self.measure_attendees(&run, &mut report)?;
        }
        if self.measures(Part::Swaps) {
            let all = SwapAll {
                home: run.home,
                plugins: run.plugins,
                connections: self.connections,
                tickets: self.tickets,
            };
            report.swaps = all.measure()?;
        }
        print!("{report}");
        Ok(())
    }

    fn measures(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// How long one turn of a measurement takes.
    fn turn(&self) -> Duration {
        self.time / ROUNDS as u32
    }

    fn measure_search(&self, run: &Run<'_>, tickets: usize) -> anyhow::Result<Searched> {
        let site = run.site(&format!("search-{tickets}"))?;
        let server = run.validator(site, NAMED, tickets)?;
        search::search(&server, self.time)
    }

    /// Measures `/tickets/*` with few, usual and many tickets in turns, then scans beside bulks and syncs of many.
    fn measure_attendees(&self, run: &Run<'_>, report: &mut Report) -> anyhow::Result<()> {
        let start = |tickets: usize| {
            let site = run.site(&format!("attendees-{tickets}"))?;
            run.validator(site, NUMBERED, tickets)
        };
        let many = start(self.attendees)?;
        note("starting anew with them, and reading them anew");
        let (many, ready) = many.restart()?;
        if self.measures(Part::Attendees) {
            let (sync, sync_bytes) = many.sync()?;
            report.attendees = Attendees {
                tickets: self.attendees,
                ready,
                sync,
                sync_bytes,
                ..Attendees::default()
            };
            let (few, usual) = (start(self.attendees / 100)?, start(self.attendees / 10)?);
            self.ask(run.hello, [&few, &usual, &many], &mut report.attendees)?;
        }
        if self.measures(Part::Paced) {
            let beside = BesideScans {
                server: &many,
                scanners: self.connections,
                bulk: self.tickets.min(BULK_MAX),
                time: self.time,
                open_files: self.open_files,
            };
            report.beside = beside.measure()?;
        }
        Ok(())
    }

    fn ask(
        &self,
        hello: &Child,
        [few, usual, many]: [&Validator; 3],
        measured: &mut Attendees,
    ) -> anyhow::Result<()> {
        let (connections, turn) = (self.connections, self.turn());
        for round in 0..ROUNDS {
            note(&format!("asking, round {} of {ROUNDS}", round + 1));
            let hello = attendees::ask(hello, HELLO, self.attendees, connections, turn)?;
            measured.hello.push(hello);
            for (rounds, validator, path) in [
                (&mut measured.few, few, VALIDATE_ATTENDEE),
                (&mut measured.attendee, usual, VALIDATE_ATTENDEE),
                (&mut measured.many, many, VALIDATE_ATTENDEE),
                (&mut measured.email, usual, VALIDATE_EMAIL),
            ] {
                rounds.push(validator.ask(path, connections, turn)?);
            }
        }
        Ok(())
    }
}

impl Run<'_> {
    fn site(&self, name: &str) -> anyhow::Result<Site> {
        Site::make(self.home.join(name), self.plugins)
    }

    /// Starts a server that reads all tickets of an account of the ticketing system.
    fn validator(&self, site: Site, account: &str, tickets: usize) -> anyhow::Result<Validator> {
        note(&format!("reading {tickets} tickets of a ticketing system"));
        Validator::start(site, self.hello.address, account, tickets)
    }
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
