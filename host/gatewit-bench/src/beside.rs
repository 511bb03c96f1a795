//! Scans at a steady pace: alone, then beside bulks of tickets and beside syncs, which are what organizers can burden a
//! server with, then beside thousands of clients that hang. All on one server and in turns, so that they can be compared.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::bail;

use crate::attendees::Validator;
use crate::event::BenchEvent;
use crate::figures::Latencies;
use crate::paced::Pace;
use crate::progress::note;
use crate::strangers::Strangers;

/// How often they take turns.
const ROUNDS: usize = 3;

/// The latencies of the scans, round by round, and how much went on beside them.
#[derive(Default)]
pub struct Beside {
    pub alone: Vec<Latencies>,
    pub bulks: Vec<Latencies>,
    pub syncs: Vec<Latencies>,
    pub strangers: Vec<Latencies>,
    /// How many tickets each bulk has, and each sync reads.
    pub bulk: usize,
    pub synced: usize,
    /// How long each bulk took.
    pub issuing: Vec<Duration>,
}

/// What is done beside the scans, and for how long.
pub struct BesideScans<'s> {
    /// The server, which reads its tickets from a ticketing system.
    pub server: &'s Validator,
    pub scanners: usize,
    /// How many tickets each bulk has.
    pub bulk: usize,
    /// How long each measurement takes.
    pub time: Duration,
    /// How many files this process may have open.
    pub open_files: u64,
}

impl BesideScans<'_> {
    /// Scans for a while, four times a round.
    pub fn measure(&self) -> anyhow::Result<Beside> {
        let Self { server, bulk, .. } = *self;
        let door = BenchEvent::open(server.address(), self.scanners)?;
        let pace = Pace {
            server: server.address(),
            time: self.time,
        };
        let issuer = door.issuer();
        let tickets = || issuer.issue_all(pace.count());
        let mut measured = Beside {
            bulk,
            synced: server.tickets(),
            ..Beside::default()
        };
        for round in 0..ROUNDS {
            note(&format!(
                "scanning at a steady pace, round {} of {ROUNDS}",
                round + 1
            ));
            measured.alone.push(scan(&door, pace, &tickets()?)?);
            let of_round = tickets()?;
            let issuing = &mut measured.issuing;
            let issue = || {
                issuing.push(issuer.issue(bulk)?.0);
                Ok(())
            };
            let latencies = while_scanning(issue, || scan(&door, pace, &of_round));
            measured.bulks.push(latencies?);
            let of_round = tickets()?;
            let latencies = while_scanning(|| sync(server), || scan(&door, pace, &of_round));
            measured.syncs.push(latencies?);
            let of_round = tickets()?;
            let strangers = Strangers::come(server.address(), self.open_files)?;
            measured.strangers.push(scan(&door, pace, &of_round)?);
            drop(strangers);
        }
        Ok(measured)
    }
}

/// Scans each ticket once, with all scanners in turns.
fn scan(door: &BenchEvent, pace: Pace, tickets: &[String]) -> anyhow::Result<Latencies> {
    pace.run(&door.devices(tickets))
}

/// Reads all tickets anew, and has one more event import them.
fn sync(server: &Validator) -> anyhow::Result<()> {
    server.sync()?;
    server.attach_to_new_event().map(|_| ())
}

/// Does some work over and over until the scans are through; ends when both have.
fn while_scanning(
    mut work: impl FnMut() -> anyhow::Result<()> + Send,
    scans: impl FnOnce() -> anyhow::Result<Latencies>,
) -> anyhow::Result<Latencies> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let working = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                work()?;
            }
            anyhow::Ok(())
        });
        let latencies = scans();
        is_over.store(true, Ordering::Relaxed);
        working
            .join()
            .unwrap_or_else(|_| bail!("the client panicked"))?;
        latencies
    })
}
