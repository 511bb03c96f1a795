//! `gatewit bench`: how fast this machine checks tickets in, beside what it could do at most.
//!
//! A figure alone says more about the machine than about the program, so each is taken beside its limit, in turns within
//! one run: scans beside an endpoint that only reads the same requests, and beside one that verifies a signature too and
//! writes as much; our store beside a bare append log; our verification of a token beside aws-lc's; `/tickets/*` with many
//! tickets beside few; scans at a steady pace beside nothing, bulks, syncs and clients that hang. The ratios are what can be compared.

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
mod event;
mod figures;
mod hello;
mod load;
mod paced;
mod report;
mod search;
mod strangers;
mod tokens;
mod upstream;

use attendees::{HELLO, VALIDATE_ATTENDEE, VALIDATE_EMAIL, Validator};
use child::Child;
use commits::Rivals;
use event::{Device, Door};
use figures::Measured;
use load::{Load, Until};
use report::{Attendees, Report};
use tokens::Tokens;

use crate::directories::PluginDirectory;

pub use hello::serve as serve_hello;

/// How often the measurements take turns.
const ROUNDS: usize = 5;
/// How many tickets are issued in one request at most.
const BULK_MAX: usize = 10_000;

/// What to measure.
#[derive(clap::Args)]
pub struct BenchArguments {
    /// How many connections scan at once, each a scanner of its own.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// How long each of the measurements beside the scans takes in all.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How many tickets are issued and scanned, once each.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    tickets: u32,
    /// How many tickets a ticketing system has whose attendees are asked about; a tenth and a hundredth for comparison.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    attendees: u32,
    /// Where the temporary data directory is made: on the disk that is to be measured.
    #[arg(long, default_value = ".", value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    plugins: PluginDirectory,
}

/// Measures and prints to stdout; tells on stderr how far it is.
pub fn run(arguments: &BenchArguments) -> anyhow::Result<()> {
    let home = Home::make(&arguments.directory)?;
    let plugins = &arguments.plugins.path;
    let plugins = fs::canonicalize(plugins)
        .with_context(|| format!("cannot find the plugins in {}", plugins.display()))?;
    let server = Child::serve(&home.0, &plugins)?;
    let hello = Child::hello(&home.0)?;
    let connections = arguments.connections.into();
    let mut report = Report {
        connections,
        ..Report::default()
    };

    note("making an event and its scanners");
    let mut door = Door::open(server.address, connections)?;
    let tickets = arguments.tickets as usize;
    note(&format!("issuing {tickets} tickets"));
    door.keep(door.issuer().issue_all(tickets)?);

    let turn = Duration::from_secs(arguments.seconds) / ROUNDS as u32;
    let tokens = Tokens::make(&home.0)?;
    let rivals = Rivals::open(&home.0, connections)?;
    for round in 0..ROUNDS {
        note(&format!("round {} of {ROUNDS}", round + 1));
        let devices = door.devices_of_round(round, ROUNDS);
        let towards = |path| devices.iter().map(move |device| device.towards(path));
        for (rounds, path) in [(&mut report.hello, "/hello"), (&mut report.bare, "/bare")] {
            let devices: Vec<_> = towards(path).collect();
            rounds.push(scan(&hello, &devices, Until::Elapsed(turn))?);
        }
        report
            .validate
            .push(scan(&server, &devices, Until::EachOnce)?);
        report.raw_log.push(rivals.raw_log(turn)?);
        report.store.push(rivals.store(turn)?);
        report.verify.push(tokens.compare(turn)?);
    }
    note("searching");
    report.search = search::search(&door, Duration::from_secs(arguments.seconds))?;
    drop(server);
    measure_attendees(arguments, &home.0, &plugins, &hello, &mut report)?;
    print!("{report}");
    Ok(())
}

fn scan(child: &Child, devices: &[Device<'_>], until: Until) -> anyhow::Result<Measured> {
    let load = Load {
        server: child.address,
        until,
    };
    load.run(devices)
}

/// Measures `/tickets/*` with few, usual and many tickets in turns, then scans beside bulks and syncs of many.
fn measure_attendees(
    arguments: &BenchArguments,
    home: &Path,
    plugins: &Path,
    hello: &Child,
    report: &mut Report,
) -> anyhow::Result<()> {
    let connections = arguments.connections.into();
    let turn = Duration::from_secs(arguments.seconds) / ROUNDS as u32;
    let start = |tickets: usize| {
        note(&format!("reading {tickets} tickets of a ticketing system"));
        Validator::start(home, plugins, hello.address, tickets)
    };
    let tickets = arguments.attendees as usize;
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
    let bulk = (arguments.tickets as usize).min(BULK_MAX);
    let time = Duration::from_secs(arguments.seconds);
    report.beside = beside::measure(&many, connections, bulk, time)?;
    Ok(())
}

fn note(words: &str) {
    eprintln!("{words} ...");
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
