//! Searching an event's tickets, as staff at a desk type.

use std::time::{Duration, Instant};

use crate::client::{Caller, write_get};
use crate::event::BenchEvent;
use crate::figures::Latencies;

/// Search texts: as spelled, without accents, with a typo, in another word order, in another script, and without a
/// match.
const TYPED: [&str; 10] = [
    "Muller",
    "Mueller+Juergen",
    "jonson",
    "Tanaka+Yuki",
    "ivanov",
    "kowalsky+lukas",
    "oneill",
    "wang",
    "Zzyzx",
    "a",
];

/// Sends all the searches in turns for a while.
pub fn search(door: &BenchEvent, time: Duration) -> anyhow::Result<Latencies> {
    let mut caller = Caller::open(door.server)?;
    let mut latencies = Latencies::default();
    let mut request = Vec::new();
    let starts = Instant::now();
    while starts.elapsed() < time {
        for typed in TYPED {
            let path = format!("{}?query={typed}&limit=20", door.tickets_path());
            write_get(&path, &mut request);
            let sent = Instant::now();
            let answer = caller.call(&request)?;
            latencies.add(sent.elapsed());
            answer.must_succeed()?;
        }
    }
    Ok(latencies)
}
