//! What is printed about scans at a steady pace.

use std::fmt;
use std::time::Duration;

use super::goal::{Figure, Goal};
use super::rates::latencies;
use crate::beside::Beside;
use crate::figures::{Latencies, median};
use crate::paced::PER_SECOND;
use crate::strangers::STRANGERS;

impl Beside {
    /// The scans alone, and beside what organizers do, each with the name of its lines.
    fn kinds(&self) -> [(String, &[Latencies]); 3] {
        [
            ("scans alone".to_owned(), &self.alone),
            (format!("beside bulks of {}", self.bulk), &self.bulks),
            (format!("beside syncs of {}", self.synced), &self.syncs),
        ]
    }

    pub(super) fn rates(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pace = PER_SECOND.to_string();
        for (name, rounds) in self.kinds() {
            latencies(f, &name, &pace, rounds)?;
        }
        latencies(f, &beside_strangers(), &pace, &self.strangers)
    }

    /// Either of the two is good enough: so many milliseconds, or so many times as long as alone.
    pub(super) fn figures(&self) -> Vec<Figure> {
        let mut figures = Vec::new();
        let shares = [("p99", 990, 20.0, 10.0), ("max", 1000, 100.0, 50.0)];
        for (share, thousandths, bar, aim) in shares {
            let alone = millis(&self.alone, thousandths);
            let [(name, _), beside @ ..] = self.kinds();
            let name = format!("{name}, {share}, ms");
            figures.push(Figure::new(name, Goal::None, alone.clone()));
            for (name, rounds) in beside {
                let beside = millis(rounds, thousandths);
                let times = times(&beside, &alone);
                let name = format!("{name}, {share}, ms");
                figures.push(Figure::new(name, Goal::AtMost(bar, aim), beside));
                let name = "  or times as long as alone";
                figures.push(Figure::new(name, Goal::AtMost(3.0, 2.0), times));
            }
        }
        let [beside, alone] = [&self.strangers, &self.alone].map(|rounds| millis(rounds, 990));
        let name = format!("{}, p99 / alone", beside_strangers());
        let goal = Goal::AtMost(2.0, 1.5);
        figures.push(Figure::new(name, goal, times(&beside, &alone)));
        figures
    }

    pub(super) fn remark(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.issuing.is_empty() {
            return Ok(());
        }
        let seconds = median(self.issuing.iter().map(Duration::as_secs_f64));
        let bulk = self.bulk;
        let per_second = bulk as f64 / seconds;
        writeln!(
            f,
            "{bulk} tickets are issued in one request, beside scans, in {seconds:.2} s, {per_second:.0} a second"
        )
    }
}

fn beside_strangers() -> String {
    format!("beside {STRANGERS} that hang")
}

/// Returns the latency of each round that this share of the requests, in thousandths, did not exceed.
fn millis(rounds: &[Latencies], thousandths: usize) -> Vec<f64> {
    let of = |round: &Latencies| round.clone().percentile(thousandths);
    let millis = rounds.iter().map(|round| of(round).as_secs_f64() * 1e3);
    millis.collect()
}

fn times(beside: &[f64], alone: &[f64]) -> Vec<f64> {
    let pairs = beside.iter().zip(alone);
    pairs.map(|(beside, alone)| beside / alone).collect()
}
