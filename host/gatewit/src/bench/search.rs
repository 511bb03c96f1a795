//! Searching an event's tickets, as staff at a desk type.

use std::time::{Duration, Instant};

use super::client::{Caller, write_get};
use super::event::Door;
use super::figures::Latencies;

const GIVEN: [&str; 20] = [
    "Anna",
    "Jürgen",
    "Olga",
    "Zoë",
    "Владимир",
    "Kofi",
    "Maria",
    "Søren",
    "小明",
    "Aisha",
    "Peter",
    "Łukasz",
    "Chloé",
    "Ahmed",
    "Νίκος",
    "Ingrid",
    "John",
    "Yuki",
    "Fatima",
    "Bob",
];
const FAMILY: [&str; 20] = [
    "Müller",
    "Smith",
    "Иванов",
    "Mensah",
    "García",
    "Nguyen",
    "王",
    "O'Neill",
    "Kowalski",
    "Weiß",
    "Andersson",
    "Haddad",
    "Παπαδόπουλος",
    "van Dijk",
    "Johnson",
    "Tanaka",
    "Öztürk",
    "Okafor",
    "Dubois",
    "Novák",
];
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

/// Returns the name of the visitor with this number.
pub fn name(number: usize) -> String {
    let given = GIVEN[number % GIVEN.len()];
    let family = FAMILY[number / GIVEN.len() % FAMILY.len()];
    format!("{given} {family}")
}

/// Sends all the searches in turns for a while.
pub fn search(door: &Door, time: Duration) -> anyhow::Result<Latencies> {
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
