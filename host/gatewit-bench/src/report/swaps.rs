//! What is printed about plugins that are swapped while doors are open.

use std::fmt;

use super::goal::{Figure, Goal};
use super::rates::rate;
use crate::figures::Measured;
use crate::swaps::Swaps;

impl Swaps {
    pub(super) fn rates(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.plain.is_empty() {
            return Ok(());
        }
        rate(f, "scans without swaps", &self.plain)?;
        rate(f, "scans beside swaps", &self.swapping)
    }

    pub(super) fn figures(&self) -> Vec<Figure> {
        let p99 = |round: &Measured| round.latencies.clone().percentile(990).as_secs_f64();
        let rounds = self.swapping.iter().zip(&self.plain);
        let times = rounds
            .map(|(swapping, plain)| p99(swapping) / p99(plain))
            .collect();
        let compiling = self.compiled.iter().zip(&self.found);
        let compiling = compiling
            .map(|(compiled, found)| compiled - found)
            .collect();
        vec![
            Figure::new(
                "first scan after a swap, ms more",
                Goal::AtMost(1.0, 0.5),
                self.first_more.clone(),
            ),
            Figure::new(
                "file moved in → serving, ms",
                Goal::AtMost(300.0, 200.0),
                self.found.clone(),
            ),
            Figure::new(
                "  compiling it too, ms more",
                Goal::AtMost(300.0, 150.0),
                compiling,
            ),
            Figure::new("p99 beside swaps / without", Goal::AtMost(2.0, 1.5), times),
        ]
    }

    pub(super) fn remark(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.swaps {
            0 => Ok(()),
            swaps => writeln!(f, "{swaps} swaps beside the scans, one after the other"),
        }
    }
}
