//! Rates and latencies, a line for each thing measured.

use std::fmt;

use crate::figures::{Cpu, Latencies, Measured, median};

/// Writes the heading of the lines.
pub fn heading(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "{:<26}{:>11}{:>9}{:>9}{:>10}{:>9}{:>12}{:>12}",
        "", "per second", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "server µs", "client µs"
    )
}

/// Writes the median rate, the latencies of all rounds, and the median CPU time of a request.
pub fn rate(f: &mut fmt::Formatter<'_>, name: &str, rounds: &[Measured]) -> fmt::Result {
    let per_second = median(rounds.iter().map(|round| round.per_second));
    let all = together(rounds.iter().map(|round| &round.latencies));
    let cpu = |of: fn(&Cpu) -> f64| {
        let rounds = rounds.iter().filter_map(|round| round.cpu.as_ref().map(of));
        let micros = median(rounds);
        (!micros.is_nan()).then(|| format!("{micros:.1}"))
    };
    let cpu = [cpu(|cpu| cpu.server), cpu(|cpu| cpu.client)].map(Option::unwrap_or_default);
    row(f, name, &format!("{per_second:.0}"), all, cpu)
}

/// Writes latencies alone, beside a rate that was given.
pub fn latencies(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    rate: &str,
    rounds: &[Latencies],
) -> fmt::Result {
    row(f, name, rate, together(rounds), Default::default())
}

fn together<'l>(rounds: impl IntoIterator<Item = &'l Latencies>) -> Latencies {
    let mut all = Latencies::default();
    rounds
        .into_iter()
        .for_each(|round| all.extend(round.clone()));
    all
}

/// Writes one line, or none if nothing was measured.
fn row(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    rate: &str,
    mut latencies: Latencies,
    [server, client]: [String; 2],
) -> fmt::Result {
    if latencies.is_empty() {
        return Ok(());
    }
    let [p50, p99, p999, max] =
        [500, 990, 999, 1000].map(|share| latencies.percentile(share).as_secs_f64() * 1e3);
    let line = format!(
        "{name:<26}{rate:>11}{p50:>9.3}{p99:>9.3}{p999:>10.3}{max:>9.3}{server:>12}{client:>12}"
    );
    writeln!(f, "{}", line.trim_end())
}
