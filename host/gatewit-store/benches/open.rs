//! How long a store takes to open: it folds its records and loads its resident tables.
//!
//! The derivation is like the desk's: four derived rows a record, one of which it reads.

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
        &["entries", "repeats", "check_ins", "scanner_scans"]
    }

    fn derive(
        &self,
        appended: &Appended<'_>,
        before: &dyn Fn(&Key) -> Option<Bytes>,
    ) -> Result<Vec<Write>, Box<dyn Error + Send + Sync>> {
        let (ticket, rest) = appended.value.split_first_chunk().ok_or("no ticket")?;
        let (check_in, _) = rest.split_first_chunk().ok_or("no check-in")?;
        let (ticket, check_in) = (id(ticket), id(check_in));
        let number = hex(&appended.sequence.to_be_bytes());
        let of_ticket = key([b"entries", EVENT.as_bytes(), &ticket]);
        let count = before(&of_ticket).map_or(0, |entries| entries[0]) + 1;
        let sequence = appended.sequence.to_le_bytes();
        let changed = [&[count], &sequence[..]].concat();
        let entry = key([b"entries", EVENT.as_bytes(), &ticket, &number]);
        let repeat = key([b"repeats", EVENT.as_bytes(), EVENT.as_bytes(), &check_in]);
        let found = key([b"check_ins", &check_in]);
        let scanner = key([b"scanner_scans", EVENT.as_bytes(), EVENT.as_bytes()]);
        Ok(vec![
            Write::Put(of_ticket, changed.into()),
            Write::Insert(entry, vec![b'e'; 40].into()),
            Write::Insert(repeat, sequence.to_vec().into()),
            Write::Insert(found, [&[0; 16], &sequence[..]].concat().into()),
            Write::Add(scanner, 1),
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
fn id(bytes: &[u8; 16]) -> Vec<u8> {
    let hex = hex(bytes);
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join(&b'-')
}

/// Keys are put together without formatting, as in the desk.
fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
    bytes.iter().flat_map(digits).collect()
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
                writes.push(Write::Insert(code, id(&ticket).into()));
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
