//! Many clients at once, each sending its next request when the last is answered.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use futures::future::try_join_all;
use tokio::runtime::Builder;

use crate::child::Child;
use crate::client::Connection;
use crate::cpu;
use crate::figures::{Latencies, Measured};

/// The requests of one client, sent over its own connection.
pub trait Requests: Sync {
    /// How many different requests there are.
    fn count(&self) -> usize;

    /// Writes one of them.
    fn write(&self, index: usize, request: &mut Vec<u8>);
}

/// Which server to call, and for how long.
#[derive(Clone, Copy)]
pub struct Load<'l> {
    pub server: &'l Child,
    pub until: Until,
}

/// When a client is done.
#[derive(Clone, Copy)]
pub enum Until {
    /// Each of the requests, which all clients share, was sent once. A client takes the next one when it is free, so
    /// that all are busy to the end.
    EachOnce,
    /// The time is over; requests repeat as needed.
    Elapsed(Duration),
}

/// What some of the clients measured on a thread of their own.
struct Share {
    took: Duration,
    cpu: Duration,
    latencies: Latencies,
}

impl Load<'_> {
    /// Lets every client send its requests; all must succeed.
    pub fn run(self, clients: &[impl Requests]) -> anyhow::Result<Measured> {
        let next = &AtomicUsize::new(0);
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let share = clients.len().div_ceil(threads);
        let cpu_before = self.server.cpu()?;
        let shares = thread::scope(|scope| {
            let shares = clients.chunks(share);
            let running: Vec<_> = shares
                .map(|share| scope.spawn(move || self.share(share, next)))
                .collect();
            let ended = running.into_iter().map(|thread| thread.join());
            let ended = ended.map(|share| share.unwrap_or_else(|_| bail!("the client panicked")));
            ended.collect::<anyhow::Result<Vec<_>>>()
        })?;
        let server = self.server.cpu()?.saturating_sub(cpu_before);
        let client = shares.iter().map(|share| share.cpu).sum();
        let longest = shares.iter().map(|share| share.took).max();
        let mut all = Latencies::default();
        shares
            .into_iter()
            .for_each(|share| all.extend(share.latencies));
        Ok(Measured::new(longest.unwrap_or_default(), all).with_cpu(server, client))
    }

    /// Runs some of the clients on this thread, which does nothing else.
    fn share(self, clients: &[impl Requests], next: &AtomicUsize) -> anyhow::Result<Share> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async {
            let opened = clients
                .iter()
                .map(|_| Connection::open(self.server.address));
            let connections = try_join_all(opened).await?;
            let starts = Instant::now();
            let runs = clients.iter().zip(connections);
            let runs =
                runs.map(|(client, connection)| self.client(client, connection, starts, next));
            let latencies = try_join_all(runs).await?;
            let took = starts.elapsed();
            let mut all = Latencies::default();
            latencies
                .into_iter()
                .for_each(|latencies| all.extend(latencies));
            Ok(Share {
                took,
                cpu: cpu::of_this_thread()?,
                latencies: all,
            })
        })
    }

    async fn client(
        self,
        client: &impl Requests,
        mut connection: Connection,
        starts: Instant,
        next: &AtomicUsize,
    ) -> anyhow::Result<Latencies> {
        let mut latencies = Latencies::default();
        let mut request = Vec::new();
        for number in 0.. {
            let (index, is_over) = match self.until {
                Until::EachOnce => {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    (index, index >= client.count())
                }
                Until::Elapsed(time) => (number, starts.elapsed() >= time),
            };
            if is_over {
                break;
            }
            client.write(index % client.count(), &mut request);
            let sent = Instant::now();
            let answer = connection.call(&request).await?;
            latencies.add(sent.elapsed());
            answer.must_succeed()?;
        }
        Ok(latencies)
    }
}
