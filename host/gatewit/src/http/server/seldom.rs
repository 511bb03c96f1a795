//! Limits a frequent log message to once a minute.

use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

/// How often the event happened since it was last logged.
#[derive(Default)]
pub struct Seldom {
    said_at: Option<Instant>,
    times: u64,
}

impl Seldom {
    /// Counts one more event; returns the count if it is time to log.
    pub fn count(&mut self) -> Option<u64> {
        self.times += 1;
        if self
            .said_at
            .is_some_and(|said_at| said_at.elapsed() < MINUTE)
        {
            return None;
        }
        self.said_at = Some(Instant::now());
        Some(std::mem::take(&mut self.times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_said_and_those_right_after_it_are_not() {
        let mut seldom = Seldom::default();
        let said: Vec<_> = (0..3).map(|_| seldom.count()).collect();
        assert_eq!(said, [Some(1), None, None]);
    }
}
