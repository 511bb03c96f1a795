//! Requests at a steady pace, as visitors arrive at doors: each is due at its own time, whether or not earlier ones are
//! answered.
//!
//! Latency counts from when a request was due, not from when it was sent. So a server that stalls is charged for
//! everyone who waits meanwhile, and not for one request only.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};

use crate::client::Caller;
use crate::figures::Latencies;
use crate::load::Requests;

/// How many requests are due each second, over all clients together.
pub const PER_SECOND: u32 = 250;

/// Which server to call at this pace, and for how long.
#[derive(Clone, Copy)]
pub struct Pace {
    pub server: SocketAddr,
    pub time: Duration,
}

impl Pace {
    /// How many requests are due within the time.
    pub fn count(self) -> usize {
        (self.time.as_secs_f64() * f64::from(PER_SECOND)) as usize
    }

    /// Lets the clients send requests in turns, each over its own connection; all must succeed.
    ///
    /// The clients share the requests, and each request is sent once.
    pub fn run(self, clients: &[impl Requests]) -> anyhow::Result<Latencies> {
        let requests = clients.iter().map(Requests::count).min().unwrap_or(0);
        ensure!(
            requests >= self.count(),
            "there are {requests} requests to send, and {} are due",
            self.count()
        );
        let callers = clients.iter().map(|_| Caller::open(self.server));
        let callers = callers.collect::<anyhow::Result<Vec<_>>>()?;
        let begins = Instant::now();
        thread::scope(|scope| {
            let turns = clients.iter().zip(callers).enumerate();
            let running: Vec<_> = turns
                .map(|(first, (client, caller))| {
                    let numbers = (first..self.count()).step_by(clients.len());
                    scope.spawn(move || send(client, caller, begins, numbers))
                })
                .collect();
            let mut all = Latencies::default();
            for thread in running {
                all.extend(
                    thread
                        .join()
                        .unwrap_or_else(|_| bail!("the client panicked"))?,
                );
            }
            Ok(all)
        })
    }
}

/// Sends some of the requests: each when it is due or, if the one before is not answered by then, right after it.
fn send(
    client: &impl Requests,
    mut caller: Caller,
    begins: Instant,
    numbers: impl Iterator<Item = usize>,
) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::default();
    let mut request = Vec::new();
    for number in numbers {
        let due = begins + Duration::from_secs_f64(number as f64 / f64::from(PER_SECOND));
        client.write(number, &mut request);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let answer = caller.call(&request)?;
        latencies.add(due.elapsed());
        answer.must_succeed()?;
    }
    Ok(latencies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_requests_are_due_as_the_pace_says() {
        let pace = |time| Pace {
            server: SocketAddr::from(([127, 0, 0, 1], 0)),
            time,
        };
        assert_eq!(pace(Duration::from_secs(4)).count(), 1_000);
        assert_eq!(pace(Duration::from_millis(20)).count(), 5);
    }
}
