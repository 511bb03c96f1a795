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
/// What is typed: plainly, without marks, with a typo, in the other order, in other letters, and what nobody is called.
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

/// What visitor number so many is called.
pub fn name(number: usize) -> String {
    let given = GIVEN[number % GIVEN.len()];
    let family = FAMILY[number / GIVEN.len() % FAMILY.len()];
    format!("{given} {family}")
}

/// Types everything in turns for a while.
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
