//! Latencies and statistics on them.

use std::time::Duration;

/// How long requests took, in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<u32>);

/// The result of one measurement.
#[derive(Debug)]
pub struct Measured {
    pub per_second: f64,
    pub latencies: Latencies,
    /// What a request costs, unless server and client are one process.
    pub cpu: Option<Cpu>,
}

/// The CPU time of one request on average, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cpu {
    pub server: f64,
    pub client: f64,
}

impl Latencies {
    pub fn add(&mut self, took: Duration) {
        self.0
            .push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the latency that this share of the requests, in thousandths, did not exceed.
    pub fn percentile(&mut self, thousandths: usize) -> Duration {
        let Some(last) = self.0.len().checked_sub(1) else {
            return Duration::ZERO;
        };
        let index = (self.0.len() * thousandths)
            .div_ceil(1000)
            .saturating_sub(1);
        let (_, latency, _) = self.0.select_nth_unstable(index.min(last));
        Duration::from_micros(u64::from(*latency))
    }
}

impl Measured {
    pub fn new(took: Duration, latencies: Latencies) -> Self {
        Self {
            per_second: latencies.0.len() as f64 / took.as_secs_f64(),
            latencies,
            cpu: None,
        }
    }

    /// Adds the CPU time that all the requests took.
    pub fn with_cpu(self, server: Duration, client: Duration) -> Self {
        let count = self.latencies.0.len() as f64;
        let of_one = |all: Duration| all.as_secs_f64() * 1e6 / count;
        let cpu = Cpu {
            server: of_one(server),
            client: of_one(client),
        };
        Self {
            cpu: Some(cpu),
            ..self
        }
    }
}

/// Returns the median of several values; for an even number, the upper of the middle two.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_latency_that_so_many_did_not_exceed() {
        let mut latencies = Latencies((1..=1000).rev().collect());
        let micros = [500, 990, 999, 1000].map(|share| latencies.percentile(share).as_micros());
        assert_eq!(micros, [500, 990, 999, 1000]);
        assert_eq!(Latencies::default().percentile(990), Duration::ZERO);
    }

    #[test]
    fn the_cpu_time_is_shared_among_the_requests() {
        let measured = Measured::new(Duration::from_secs(1), Latencies(vec![5; 1000]));
        let measured = measured.with_cpu(Duration::from_millis(80), Duration::from_millis(20));
        let (server, client) = (80.0, 20.0);
        assert_eq!(measured.cpu, Some(Cpu { server, client }));
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert!(median([]).is_nan());
    }
}
