//! Many devices at once, each sending its next request when the last is answered.

use std::net::SocketAddr;
use std::num::NonZero;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use futures::future::try_join_all;
use tokio::runtime::Builder;

use super::client::Connection;
use super::event::Device;
use super::figures::{Latencies, Measured};

/// Which server is asked what.
#[derive(Clone, Copy)]
pub struct Load<'l> {
    pub server: SocketAddr,
    pub path: &'l str,
    pub until: Until,
}

/// When a device is done.
#[derive(Clone, Copy)]
pub enum Until {
    /// Each of its tickets was sent once.
    EachOnce,
    /// The time is over; tickets are sent again as needed.
    Elapsed(Duration),
}

impl Load<'_> {
    /// Has every device send its requests; all must succeed.
    pub fn run(self, devices: &[Device<'_>]) -> anyhow::Result<Measured> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let share = devices.len().div_ceil(threads);
        let latencies = thread::scope(|scope| {
            let shares = devices.chunks(share);
            let running: Vec<_> = shares
                .map(|share| scope.spawn(move || self.share(share)))
                .collect();
            let ended = running.into_iter().map(|thread| thread.join());
            let ended = ended.map(|share| share.unwrap_or_else(|_| bail!("the client panicked")));
            ended.collect::<anyhow::Result<Vec<_>>>()
        })?;
        let longest = latencies.iter().map(|(took, _)| *took).max();
        let mut all = Latencies::default();
        latencies
            .into_iter()
            .for_each(|(_, latencies)| all.extend(latencies));
        Ok(Measured::new(longest.unwrap_or_default(), all))
    }

    /// Runs some of the devices on this thread, and tells how long they took.
    fn share(self, devices: &[Device<'_>]) -> anyhow::Result<(Duration, Latencies)> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async {
            let opened = devices.iter().map(|_| Connection::open(self.server));
            let connections = try_join_all(opened).await?;
            let starts = Instant::now();
            let runs = devices.iter().zip(connections);
            let runs = runs.map(|(device, connection)| self.device(device, connection, starts));
            let latencies = try_join_all(runs).await?;
            let took = starts.elapsed();
            let mut all = Latencies::default();
            latencies
                .into_iter()
                .for_each(|latencies| all.extend(latencies));
            Ok((took, all))
        })
    }

    async fn device(
        self,
        device: &Device<'_>,
        mut connection: Connection,
        starts: Instant,
    ) -> anyhow::Result<Latencies> {
        let mut latencies = Latencies::default();
        let mut request = Vec::new();
        for index in 0.. {
            let is_over = match self.until {
                Until::EachOnce => index == device.tickets.len(),
                Until::Elapsed(time) => starts.elapsed() >= time,
            };
            if is_over {
                break;
            }
            device.write(self.path, index % device.tickets.len(), &mut request);
            let sent = Instant::now();
            let answer = connection.call(&request).await?;
            latencies.add(sent.elapsed());
            answer
                .must_succeed()
                .with_context(|| format!("at {}", self.path))?;
        }
        Ok(latencies)
    }
}
