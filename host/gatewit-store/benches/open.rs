//! How long a store takes to open: it folds its records and loads its resident tables.
//!
//! The derivation is like the desk's: five derived rows a record, two of which it reads.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use gatewit_domain::ports::{Appended, Derivation, Key, Store, StoreLayout, Write};
use gatewit_store::SledStore;
use mimalloc::MiMalloc;
use tokio::runtime::Runtime;

const EVENT: &str = "0192f3a4-7c1e-7d2a-9b3c-4d5e6f708192";
/// As in the server.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The size of a record, and of a ticket.
const RECORD_BYTES: usize = 126;
const TICKET_BYTES: usize = 700;

/// A record begins with the ids of its ticket and of the check-in, 16 bytes each.
struct Entries;

impl Derivation for Entries {
    fn tables(&self) -> &'static [&'static str] {
        &[
            "entries",
            "ticket_entries",
            "repeats",
            "check_ins",
            "scanner_scans",
        ]
    }

    fn derive(
        &self,
        appended: &Appended<'_>,
        before: &dyn Fn(&Key) -> Option<Bytes>,
    ) -> Result<Vec<Write>, Box<dyn Error + Send + Sync>> {
        let (ticket, rest) = appended.value.split_first_chunk().ok_or("no ticket")?;
        let (check_in, _) = rest.split_first_chunk().ok_or("no check-in")?;
        let (event, ticket, check_in) = (EVENT.as_bytes(), id(ticket), id(check_in));
        let number = hex(appended.sequence);
        let of_ticket = key([b"ticket_entries", event, &ticket]);
        let entries = before(&of_ticket).map_or(0, |entries| entries[0]) + 1;
        let sequence = appended.sequence.to_le_bytes();
        let changed = [&[entries], &sequence[..]].concat();
        let place = [&[0; 16], &sequence[..]].concat();
        Ok(vec![
            Write::Put(key([b"check_ins", &check_in]), place.into()),
            Write::Put(
                key([b"entries", event, &ticket, &number]),
                vec![b'e'; 40].into(),
            ),
            Write::Put(of_ticket, changed.into()),
            Write::Add(key([b"scanner_scans", event, event]), 1),
            Write::Put(
                key([b"repeats", event, event, &check_in]),
                sequence.to_vec().into(),
            ),
        ])
    }
}

fn layout() -> StoreLayout {
    StoreLayout {
        appended: "records",
        resident: &["tickets", "ticket_codes"],
        derivation: Arc::new(Entries),
    }
}

/// An id as text, with hyphens.
fn id(bytes: &[u8; 16]) -> [u8; 36] {
    let both = u128::from_be_bytes(*bytes);
    let digits = [hex((both >> 64) as u64), hex(both as u64)];
    let mut digits = digits.as_flattened().iter();
    let is_hyphen = |at| matches!(at, 8 | 13 | 18 | 23);
    std::array::from_fn(|at| match is_hyphen(at) {
        true => b'-',
        false => *digits.next().expect("an id has 32 digits"),
    })
}

/// Keys are put together without formatting, as in the desk.
fn hex(number: u64) -> [u8; 16] {
    let digit = |at: usize| (number >> (60 - 4 * at)) as usize & 15;
    std::array::from_fn(|at| b"0123456789abcdef"[digit(at)])
}

fn key<const PARTS: usize>(parts: [&[u8]; PARTS]) -> Key {
    Key::new(parts.join(&b'/'))
}

/// Ids that follow no order.
fn scattered(number: u64, salt: u64) -> [u8; 16] {
    let high = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt;
    let low = high.rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
}

/// Fills a store with tickets, and with records of one scan each.
async fn fill(store: &dyn Store, tickets: u64, records: u64) {
    const PIECE: u64 = 1000;
    for piece in 0..tickets.max(records) / PIECE {
        let mut writes = Vec::new();
        for number in piece * PIECE..(piece + 1) * PIECE {
            let ticket = scattered(number, 1);
            if number < tickets {
                let row = key([b"tickets", EVENT.as_bytes(), &id(&ticket)]);
                writes.push(Write::Insert(row, vec![b't'; TICKET_BYTES].into()));
                let code = Key::new(format!("ticket_codes/{EVENT}/{number:012}"));
                writes.push(Write::Insert(code, id(&ticket).to_vec().into()));
            }
            if number < records {
                let mut record = [ticket, scattered(number, 2)].concat();
                record.resize(RECORD_BYTES, b'r');
                let prefix = Key::new(format!("records/{EVENT}/"));
                writes.push(Write::Append(prefix, record.into()));
            }
        }
        let commit = store.commit(Vec::new(), writes).await;
        assert!(commit.expect("the store commits").is_done());
    }
}

fn open(home: &Path) -> SledStore {
    SledStore::open(home, layout()).expect("the store opens")
}

fn time_to_open(home: &Path) -> Duration {
    // Threads of the last store hold its file a little longer.
    thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    let store = open(home);
    let took = begun.elapsed();
    drop(store);
    took
}

fn opening(criterion: &mut Criterion) {
    let workers = Runtime::new().expect("the runtime starts");
    let mut group = criterion.benchmark_group("open");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    for (name, tickets, records) in [
        ("100,000 tickets with a scan each", 100_000, 100_000),
        ("1,000,000 records", 0, 1_000_000),
    ] {
        // In the build directory, which is on a disk; the system's own temporary one may be in memory.
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("there is room");
        workers.block_on(fill(&open(home.path()), tickets, records));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|rounds| (0..rounds).map(|_| time_to_open(home.path())).sum());
        });
    }
    group.finish();
}

criterion_group!(benches, opening);
criterion_main!(benches);
