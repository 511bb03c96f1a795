//! How much one run of a source may read: all its pages together.

use std::io;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Continuation, SourcePage};

/// What a page takes besides its rows, in bytes: with every page the state of the run is written, too.
const PAGE_BYTES: u64 = 1_024;
/// What an order takes that a page lists completely, besides its name.
const ORDER_BYTES: u64 = 64;

/// The limits of one run. A run that exceeds one fails, and what it has read is thrown away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLimits {
    /// Tickets on all pages, including the references that no longer exist. A ticket that is listed twice counts twice.
    pub tickets: u64,
    /// The size of all pages as they are stored, in bytes.
    pub bytes: u64,
    /// From the first page to the last. A run that is resumed begins again.
    pub time: SignedDuration,
}

impl Default for RunLimits {
    /// 1,000,000 tickets, 1 GiB, 1 h.
    fn default() -> Self {
        Self {
            tickets: 1_000_000,
            bytes: 1 << 30,
            time: SignedDuration::from_hours(1),
        }
    }
}

/// The limit that a run exceeded. It names the key of the configuration that raises it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitExceeded {
    /// [`RunLimits::tickets`].
    #[error(
        "it listed more than {0} tickets in one run; limits.tickets_per_run of the source raises that"
    )]
    Tickets(u64),
    /// [`RunLimits::bytes`].
    #[error("its tickets of one run take more than {} MiB; limits.run_mib of the source raises that", .0 >> 20)]
    Bytes(u64),
    /// [`RunLimits::time`].
    #[error("its run took longer than {} s; limits.run_timeout_s of the source raises that", .0.as_secs())]
    Time(SignedDuration),
}

/// How much a run has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunSize {
    tickets: u64,
    bytes: u64,
}

impl RunSize {
    /// Adds a page, unless the run then exceeds a limit.
    pub(super) fn add(
        &mut self,
        page: &SourcePage,
        limits: &RunLimits,
    ) -> Result<(), LimitExceeded> {
        self.tickets += (page.tickets.len() + page.gone.len()) as u64;
        self.bytes += size(page);
        if self.tickets > limits.tickets {
            return Err(LimitExceeded::Tickets(limits.tickets));
        }
        if self.bytes > limits.bytes {
            return Err(LimitExceeded::Bytes(limits.bytes));
        }
        Ok(())
    }
}

/// Returns what a page takes, in bytes.
fn size(page: &SourcePage) -> u64 {
    let mut written = Counter(PAGE_BYTES);
    let counted = serde_json::to_writer(&mut written, &(&page.tickets, &page.gone));
    counted.expect("tickets are plain data");
    let orders = page.whole_orders.iter();
    let orders: u64 = orders.map(|order| ORDER_BYTES + order.len() as u64).sum();
    let cursor = match &page.next {
        Continuation::More(cursor) | Continuation::Done(Some(cursor)) => cursor.len(),
        Continuation::Done(None) => 0,
    };
    written.0 + orders + cursor as u64
}

/// Counts bytes instead of writing them.
struct Counter(u64);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
