//! The memory that a server takes while it issues as many tickets as one request may ask for.

use crate::event::{BULK_MAX, BenchEvent};
use crate::progress::note;
use crate::site::Site;

/// How many requests follow one another: memory that one leaves behind shows with the next.
const REQUESTS: usize = 3;

/// Requests that each issue a bulk of tickets.
#[derive(Default)]
pub struct Issuing {
    pub tickets: usize,
    /// How much more memory the server had at its peak than before the request.
    pub bytes: Vec<u64>,
}

/// Issues bulks of tickets, one after another, of at most so many.
pub fn issue(site: &Site, tickets_max: usize) -> anyhow::Result<Issuing> {
    let tickets = tickets_max.min(BULK_MAX);
    note(&format!(
        "issuing {tickets} tickets in one request, {REQUESTS} times"
    ));
    let (server, _) = site.start()?;
    let issuer = BenchEvent::open(server.address, 0)?.issuer();
    let bytes = (0..REQUESTS).map(|_| {
        let before = server.resident_bytes()?;
        server.forget_peak()?;
        issuer.issue(tickets)?;
        Ok(server.peak_bytes()?.saturating_sub(before))
    });
    let bytes = bytes.collect::<anyhow::Result<_>>()?;
    Ok(Issuing { tickets, bytes })
}
