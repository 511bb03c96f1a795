//! The ratio of Ratcliff and Obershelp: the longest common block, then the same left and right of it. Equals Python's
//! `difflib.SequenceMatcher(None, a, b).ratio()` to the last bit, since thresholds are tuned to that.

use std::mem;

/// If `b` has this length or more, its frequent letters begin no block.
const LONG: usize = 200;

/// Returns the share of both that is in common, from 0 to 1. Among blocks of equal length, the first in `a` counts,
/// then the first in `b`, so the order of the two may matter.
pub(super) fn ratio(a: &[u8], b: &[u8]) -> f64 {
    let total = a.len() + b.len();
    if total == 0 || a == b {
        return 1.0;
    }
    let mut blocks = Blocks {
        popular: popular(b),
        last: vec![0; b.len() + 1],
        next: vec![0; b.len() + 1],
    };
    2.0 * blocks.in_common(a, b) as f64 / total as f64
}

struct Blocks {
    popular: [bool; 256],
    /// For each letter of `b`, the length of the block that ends there, at the last letter of `a` and at the next. A 0
    /// precedes them.
    last: Vec<u16>,
    next: Vec<u16>,
}

impl Blocks {
    /// Counts the letters in common blocks.
    fn in_common(&mut self, a: &[u8], b: &[u8]) -> usize {
        if a.is_empty() || b.is_empty() {
            return 0;
        }
        match self.longest(a, b) {
            (_, _, 0) => 0,
            (in_a, in_b, length) => {
                let left = self.in_common(&a[..in_a], &b[..in_b]);
                let right = self.in_common(&a[in_a + length..], &b[in_b + length..]);
                left + length + right
            }
        }
    }

    /// Returns where the longest common block begins in both, and its length.
    fn longest(&mut self, a: &[u8], b: &[u8]) -> (usize, usize, usize) {
        let (mut in_a, mut in_b, mut length) = (0, 0, 0);
        let (mut last, mut next) = (&mut self.last[..=b.len()], &mut self.next[..=b.len()]);
        last.fill(0);
        for (at, letter) in a.iter().enumerate() {
            if self.popular[usize::from(*letter)] {
                last.fill(0);
                continue;
            }
            let mut most = 0;
            for ((next, last), other) in next[1..].iter_mut().zip(&*last).zip(b) {
                *next = if other == letter { last + 1 } else { 0 };
                most = most.max(*next);
            }
            if usize::from(most) > length {
                length = usize::from(most);
                let end = next.iter().position(|found| *found == most);
                in_a = at + 1 - length;
                in_b = end.expect("the maximum is one of the row") - length;
            }
            mem::swap(&mut last, &mut next);
        }
        // Popular letters begin no block, but extend an adjacent one.
        while in_a > 0 && in_b > 0 && a[in_a - 1] == b[in_b - 1] {
            (in_a, in_b, length) = (in_a - 1, in_b - 1, length + 1);
        }
        let rest = a[in_a + length..].iter().zip(&b[in_b + length..]);
        length += rest.take_while(|(a, b)| a == b).count();
        (in_a, in_b, length)
    }
}

/// The letters that occur more than n/100 + 1 times in a long text of n letters.
fn popular(b: &[u8]) -> [bool; 256] {
    let mut counts = [0_usize; 256];
    if b.len() >= LONG {
        b.iter()
            .for_each(|letter| counts[usize::from(*letter)] += 1);
    }
    counts.map(|count| count > b.len() / 100 + 1)
}
