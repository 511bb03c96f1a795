//! Searches 100,000 and 1,000,000 tickets of one event: how long each kind of query takes with the index, and by ranking
//! every entry; how long the index takes to build, and how much memory.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use gatewit_domain::id::TicketId;
use gatewit_domain::search::{IndexEntry, Search, SearchIndex};
use gatewit_domain::ticket::{Ticket, TicketState};
use jiff::{SignedDuration, Timestamp};

const SIZES: [u32; 2] = [100_000, 1_000_000];
const PAGE: usize = 5_000;
const ROUNDS: usize = 50;
const RANKED_ROUNDS: usize = 3;

const GIVEN: [&str; 12] = [
    "Anna",
    "Jürgen",
    "Zoë",
    "Владимир",
    "Kofi",
    "Maria",
    "小明",
    "Aisha",
    "Łukasz",
    "Νίκος",
    "Yuki",
    "John",
];
const FAMILY: [&str; 12] = [
    "Müller",
    "Smith",
    "Иванов",
    "Mensah",
    "García",
    "Nguyen",
    "王",
    "O'Neill",
    "Kowalski",
    "Haddad",
    "Johnson",
    "Tanaka",
];
const SYLLABLES: [&str; 40] = [
    "ba", "ber", "bo", "chen", "da", "den", "do", "fel", "ga", "gren", "hu", "ja", "ka", "ker",
    "ko", "la", "len", "li", "lo", "ma", "man", "mi", "mo", "na", "ner", "no", "pe", "ra", "ri",
    "ro", "sa", "sen", "ski", "son", "stein", "ta", "ti", "va", "wal", "ze",
];

/// As people type: as spelled, without accents, with a typo, in another word order, in another script, identifiers and
/// parts of them, an address, and without a match.
const TYPED: [&str; 16] = [
    "Muller",
    "Mueller Juergen",
    "jonson",
    "Tanaka Yuki",
    "ivanov",
    "kowalsky lukas",
    "oneill",
    "wang",
    "Zzyzx",
    "a",
    "sonnenfelder",
    "example",
    "VIP-0001",
    "0001",
    "EVT-9E3779B1",
    "anna.smith77@example12.org",
];

/// A ticket whose name is one of many thousands, or, of every fourth, one of few.
fn ticket(number: u32) -> Ticket {
    // Multiplying by an odd number maps each number to a different one.
    let spread = number.wrapping_mul(0x9E37_79B1);
    let pick = |of: u32| (spread >> 8) as usize / of as usize;
    let given = GIVEN[pick(1) % GIVEN.len()];
    let syllable = |of: u32| SYLLABLES[pick(of) % SYLLABLES.len()];
    let family = match number % 4 {
        0 => FAMILY[pick(12) % FAMILY.len()].to_owned(),
        _ => [syllable(12), syllable(480), syllable(19_200)].concat(),
    };
    let at = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(number.into());
    Ticket {
        id: TicketId::new(at),
        event_id: "0193c6a1-0000-7000-8000-00000000000e"
            .parse()
            .expect("the id is one"),
        type_id: "vip".to_owned(),
        series: format!("VIP-{number:04}"),
        state: TicketState::Active,
        attendee_email: Some(format!(
            "{given}.{family}{}@example{}.org",
            number % 1_000,
            number % 50
        )),
        attendee_name: format!("{given} {family}"),
        booking_reference: format!("EVT-{spread:08X}"),
        credential_code: None,
        attributes: BTreeMap::new(),
        details: BTreeMap::new(),
        issued_at: at,
        issue: None,
        origin: None,
    }
}

/// How much memory the process has, in bytes; 0 where there is no `/proc`.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1_024
}

/// Returns how many were found, and the median and 99th percentile of the time it took.
fn measure(rounds: usize, mut search: impl FnMut() -> usize) -> (usize, Duration, Duration) {
    let mut found = 0;
    let mut took: Vec<_> = (0..rounds)
        .map(|_| {
            let starts = Instant::now();
            found = search();
            starts.elapsed()
        })
        .collect();
    took.sort_unstable();
    (found, took[rounds / 2], took[rounds * 99 / 100])
}

fn compare(size: u32) {
    let before = resident();
    let starts = Instant::now();
    let (mut index, mut longest) = (SearchIndex::default(), Duration::ZERO);
    let mut folding = Duration::ZERO;
    for number in 0..size {
        let ticket = ticket(number);
        let added = Instant::now();
        let entry = IndexEntry::of(&ticket);
        folding += added.elapsed();
        let added = Instant::now();
        index.add(entry);
        longest = longest.max(added.elapsed());
    }
    println!(
        "{size} tickets: {} bytes a ticket, built in {:?}, folding {folding:?}, the longest step {longest:?}",
        (resident() - before) / u64::from(size),
        starts.elapsed(),
    );
    let before = resident();
    let entries: Vec<_> = (0..size)
        .map(|number| IndexEntry::of(&ticket(number)))
        .collect();
    println!(
        "  entries alone: {} bytes a ticket",
        (resident() - before) / u64::from(size)
    );
    for typed in TYPED {
        let search = Search::parse(typed).expect("it is not blank");
        let (_, p50, p99) = measure(ROUNDS, || index.find(&search, None, PAGE).len());
        let (found, ranked, _) = measure(RANKED_ROUNDS, || {
            entries
                .iter()
                .filter_map(|entry| search.rank(entry))
                .count()
        });
        println!(
            "  {typed:28} p50 {p50:10.2?}  p99 {p99:10.2?}  every entry {ranked:10.2?}  found {found}"
        );
    }
}

fn main() {
    for size in SIZES {
        compare(size);
    }
}
