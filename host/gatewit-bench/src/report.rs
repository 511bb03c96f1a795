//! What the bench prints.

use std::fmt;
use std::num::NonZero;
use std::slice;
use std::thread::available_parallelism;
use std::time::Duration;

use crate::attendees::Attendees;
use crate::bare::RECORD_BYTES;
use crate::beside::Beside;
use crate::figures::{Measured, median};
use crate::issuing::Issuing;
use crate::scans::{ROUNDS, Scans, Started};
use crate::search::Searched;
use crate::swaps::Swaps;
use crate::tokens::Compared;

mod attendees;
mod beside;
mod goal;
mod rates;
mod swaps;

use goal::{Figure, Goal};
use rates::rate;

const KB: f64 = 1e3;
const MIB: f64 = 1024.0 * 1024.0;

/// The figures of a run. What was not measured is empty.
#[derive(Default)]
pub struct Report {
    pub connections: usize,
    pub scans: Scans,
    pub issuing: Issuing,
    pub search: Vec<Searched>,
    pub attendees: Attendees,
    pub beside: Beside,
    pub swaps: Swaps,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = available_parallelism().map_or(1, NonZero::get);
        let connections = self.connections;
        writeln!(
            f,
            "{connections} connections, {cores} cores, {ROUNDS} rounds\n"
        )?;
        rates::heading(f)?;
        self.scans.rates(f)?;
        for searched in &self.search {
            let name = format!("search among {}", searched.tickets);
            rates::latencies(f, &name, "", slice::from_ref(&searched.latencies))?;
        }
        self.attendees.rates(f)?;
        self.beside.rates(f)?;
        self.swaps.rates(f)?;
        Figure::heading(f)?;
        let parts = [
            self.scans.figures(),
            self.issuing.figures(),
            self.search.iter().map(Searched::figure).collect(),
            self.attendees.figures(),
            self.beside.figures(),
            self.swaps.figures(),
        ];
        parts
            .iter()
            .flatten()
            .try_for_each(|figure| figure.fmt(f))?;
        self.scans.remarks(f)?;
        self.attendees.remark(f)?;
        self.beside.remark(f)?;
        self.swaps.remark(f)
    }
}

impl Scans {
    fn rates(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rate(f, "hello", &self.hello)?;
        rate(f, "bare scans", &self.bare)?;
        rate(f, "scans", &self.validate)?;
        rate(f, "raw log, commits", &self.raw_log)?;
        rate(f, "our store, commits", &self.store)
    }

    fn figures(&self) -> Vec<Figure> {
        let times = |one: &Compared| one.ours.as_secs_f64() / one.bare.as_secs_f64();
        let (scans, bare, hello) = (&self.validate, &self.bare, &self.hello);
        let to_bare = Goal::AtLeast(0.65, 0.75);
        let to_hello = Goal::AtLeast(0.18, 0.22);
        let to_log = Goal::AtLeast(0.4, 0.5);
        let mut figures = vec![
            Figure::new("scans / bare scans", to_bare, ratio(scans, bare)),
            Figure::new("scans / hello", to_hello, ratio(scans, hello)),
            Figure::new("bare scans / hello", Goal::None, ratio(bare, hello)),
            Figure::new(
                "our store / raw log",
                to_log,
                ratio(&self.store, &self.raw_log),
            ),
            Figure::new(
                "JWT verify / bare verify",
                Goal::AtMost(1.5, 1.25),
                self.verify.iter().map(times).collect(),
            ),
        ];
        if let Some(started) = &self.started {
            figures.extend(started.figures(self.tickets));
        }
        figures
    }

    fn remarks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Started { copied, .. }) = &self.started else {
            return Ok(());
        };
        let micros = |of: fn(&Compared) -> Duration| {
            median(self.verify.iter().map(|one| of(one).as_secs_f64() * 1e6))
        };
        let (ours, bare) = (micros(|one| one.ours), micros(|one| one.bare));
        writeln!(
            f,
            "\na ticket's token is verified in {ours:.1} µs, its signature alone by aws-lc in {bare:.1} µs\n\
             a record has {} bytes on average, a bare scan's {RECORD_BYTES}; a store opens and folds {} records in {:.2} s",
            copied.record_bytes,
            copied.records,
            copied.opening.as_secs_f64()
        )
    }
}

impl Started {
    fn figures(&self, tickets: usize) -> [Figure; 4] {
        let kilobytes = |bytes: u64| {
            let more = bytes.saturating_sub(self.empty_bytes);
            vec![more as f64 / KB / tickets as f64]
        };
        let seconds = |took: Duration| vec![took.as_secs_f64()];
        [
            Figure::new(
                format!("start to ready, {tickets} scanned, s"),
                Goal::AtMost(0.4, 0.4),
                seconds(self.ready),
            ),
            Figure::new(
                format!("start to ready, {} records, s", self.copied.records),
                Goal::AtMost(2.0, 2.0),
                seconds(self.copied_ready),
            ),
            Figure::new(
                "memory a scanned ticket, KB",
                Goal::AtMost(3.0, 1.5),
                kilobytes(self.full_bytes),
            ),
            Figure::new(
                "  at its peak while scanned, KB",
                Goal::None,
                kilobytes(self.peak_bytes),
            ),
        ]
    }
}

impl Issuing {
    fn figures(&self) -> Vec<Figure> {
        let requests = self.bytes.iter().zip(1..);
        let figure = |(bytes, number): (&u64, u32)| {
            Figure::new(
                format!("{} issued, request {number}, MiB", self.tickets),
                Goal::AtMost(150.0, 80.0),
                vec![*bytes as f64 / MIB],
            )
        };
        requests.map(figure).collect()
    }
}

impl Searched {
    fn figure(&self) -> Figure {
        let p99 = self.latencies.clone().percentile(990);
        Figure::new(
            format!("search among {}, p99, ms", self.tickets),
            Goal::AtMost(50.0, 25.0),
            vec![p99.as_secs_f64() * 1e3],
        )
    }
}

fn ratio(ours: &[Measured], limit: &[Measured]) -> Vec<f64> {
    let pairs = ours.iter().zip(limit);
    pairs
        .map(|(ours, limit)| ours.per_second / limit.per_second)
        .collect()
}
