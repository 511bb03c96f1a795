//! Searching an event's tickets, as staff at a desk type.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::attendees::Validator;
use crate::client::{Caller, write_get};
use crate::event::tickets_path;
use crate::figures::Latencies;
use crate::upstream::order;

/// Search texts: as spelled, without accents, with a typo, in another word order, in another script, an order, and
/// without a match.
const TYPED: [&str; 11] = [
    "Muller",
    "Mueller+Juergen",
    "jonson",
    "Tanaka+Yuki",
    "ivanov",
    "kowalsky+lukas",
    "oneill",
    "wang",
    "B000042",
    "Zzyzx",
    "a",
];

/// How long an event may take to import its tickets, and how often to check.
const IMPORTED_MAX: Duration = Duration::from_secs(900);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Searches of an event with so many tickets.
pub struct Searched {
    pub tickets: usize,
    pub latencies: Latencies,
}

/// Creates an event with all tickets of the server's ticketing system, and sends all the searches in turns for a while.
pub fn search(server: &Validator, time: Duration) -> anyhow::Result<Searched> {
    let tickets = server.tickets();
    let path = tickets_path(&server.attach_to_new_event()?);
    wait_until_found(server.address(), &path, &order(tickets - 1))?;
    let mut caller = Caller::open(server.address())?;
    let mut latencies = Latencies::default();
    let starts = Instant::now();
    while starts.elapsed() < time {
        for typed in TYPED {
            let sent = Instant::now();
            find(&mut caller, &path, typed)?;
            latencies.add(sent.elapsed());
        }
    }
    Ok(Searched { tickets, latencies })
}

/// Searches an event's tickets once.
pub fn once(server: SocketAddr, path: &str) -> anyhow::Result<()> {
    find(&mut Caller::open(server)?, path, TYPED[0]).map(|_| ())
}

/// The last order of a ticketing system is imported last.
fn wait_until_found(server: SocketAddr, path: &str, order: &str) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut caller = Caller::open(server)?;
    while !find(&mut caller, path, order)?.contains(order) {
        ensure!(
            began.elapsed() < IMPORTED_MAX,
            "the event does not import its tickets"
        );
        thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

fn find(caller: &mut Caller, path: &str, typed: &str) -> anyhow::Result<String> {
    let mut request = Vec::new();
    write_get(&format!("{path}?query={typed}&limit=20"), &mut request);
    let answer = caller.call(&request)?;
    answer.must_succeed()?;
    Ok(String::from_utf8(answer.body.to_vec())?)
}
