//! Plugins that are swapped while doors are open: how soon a file serves, and what scans notice.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::client::Caller;
use crate::event::{BenchEvent, Device};
use crate::figures::{Measured, median};
use crate::load::{Load, Requests, Until};
use crate::progress::note;
use crate::scans::ROUNDS;
use crate::site::Site;

/// The plugin that the event uses.
const PLUGIN: &str = "hours-before";
/// The strategy that replaces it.
const OTHER: &str = "all-day";
/// How often a component is swapped while one device scans.
const SWAPS: usize = 10;
/// How many scans after a swap say what is usual.
const USUAL: usize = 20;
/// How long a swap may take, and how often to look.
const SWAP_MAX: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// The measurements.
#[derive(Default)]
pub struct Swaps {
    /// In milliseconds, how much longer the first scan after a swap took than the median of the next ones.
    pub first_more: Vec<f64>,
    /// In milliseconds, from the file that is moved in until it serves: compiled before, and not.
    pub found: Vec<f64>,
    pub compiled: Vec<f64>,
    /// Scans without swaps and with them, in turns.
    pub plain: Vec<Measured>,
    pub swapping: Vec<Measured>,
    /// How many swaps there were beside those scans.
    pub swaps: usize,
}

/// A server of its own, whose plugins can be replaced.
pub struct SwapAll<'s> {
    pub home: &'s Path,
    /// The plugins to copy.
    pub plugins: &'s Path,
    pub connections: usize,
    pub tickets: usize,
}

/// The plugin in the server's directory.
struct Plugin {
    path: PathBuf,
    server: SocketAddr,
    /// Two strategies that answer differently.
    components: [Vec<u8>; 2],
    /// How often they were swapped beside scans.
    swaps: AtomicUsize,
}

impl SwapAll<'_> {
    pub fn measure(&self) -> anyhow::Result<Swaps> {
        let plugins = self.home.join("swapped-plugins");
        fs::create_dir(&plugins).context("cannot make a directory of plugins")?;
        let path = plugins.join(PLUGIN).with_extension("wasm");
        let read = |name| {
            let component = fs::read(self.plugins.join(name).with_extension("wasm"));
            component.with_context(|| format!("cannot read the plugin {name}"))
        };
        let components = [read(PLUGIN)?, read(OTHER)?];
        fs::write(&path, &components[0]).context("cannot copy the plugin")?;
        let site = Site::make(self.home.join("swaps"), &plugins)?;
        let (server, _) = site.start()?;
        let plugin = Plugin {
            path,
            server: server.address,
            components,
            swaps: AtomicUsize::new(0),
        };
        let mut door = BenchEvent::open(server.address, self.connections)?;
        note(&format!(
            "issuing {} tickets to scan beside swaps",
            self.tickets
        ));
        door.keep(door.issuer().issue_all(self.tickets)?);
        let own = door.issuer().issue_all(2 * SWAPS * (USUAL + 1))?;
        let mut measured = Swaps::default();
        note("swapping, and scanning after each swap");
        measured.one_by_one(&plugin, &door.devices(&own)[0])?;
        for round in 0..ROUNDS {
            note(&format!(
                "scanning beside swaps, round {} of {ROUNDS}",
                round + 1
            ));
            let scan = |round| {
                let devices = door.devices_of_round(round, 2 * ROUNDS);
                let until = Until::EachOnce;
                let server = &server;
                Load { server, until }.run(&devices)
            };
            measured.plain.push(scan(2 * round)?);
            let (scanned, swaps) = plugin.swap_beside(|| scan(2 * round + 1))?;
            measured.swapping.push(scanned);
            measured.swaps += swaps;
        }
        Ok(measured)
    }
}

impl Swaps {
    fn one_by_one(&mut self, plugin: &Plugin, device: &Device<'_>) -> anyhow::Result<()> {
        let mut caller = Caller::open(plugin.server)?;
        let mut request = Vec::new();
        let mut next = 0;
        let mut scan = || {
            device.write(next, &mut request);
            next += 1;
            let began = Instant::now();
            caller.call(&request)?.must_succeed()?;
            anyhow::Ok(began.elapsed().as_secs_f64() * 1e3)
        };
        for swap in 0..2 * SWAPS {
            // Each component once, and then the same ones once more.
            let took = plugin.swap_to(swap % SWAPS)?.as_secs_f64() * 1e3;
            match swap < SWAPS {
                true => self.compiled.push(took),
                false => self.found.push(took),
            }
            let first = scan()?;
            let usual = (0..USUAL)
                .map(|_| scan())
                .collect::<anyhow::Result<Vec<_>>>()?;
            self.first_more.push(first - median(usual));
        }
        Ok(())
    }
}

impl Plugin {
    /// Moves a component in; returns how long it takes until it serves. Those with different numbers have different digests.
    fn swap_to(&self, number: usize) -> anyhow::Result<Duration> {
        let mut caller = Caller::open(self.server)?;
        let before = generation(&mut caller)?;
        let beside = self.path.with_extension("incoming");
        let number = u8::try_from(number).context("there are not so many components")?;
        // A custom section of a name of one letter.
        let component = &self.components[usize::from(number) % 2];
        let component = [&component[..], &[0, 3, 1, b'x', number]].concat();
        fs::write(&beside, component).context("cannot write a component")?;
        let began = Instant::now();
        fs::rename(&beside, &self.path).context("cannot move a component")?;
        while generation(&mut caller)? == before {
            ensure!(
                began.elapsed() < SWAP_MAX,
                "a component does not come to serve"
            );
            thread::sleep(LOOK_EVERY);
        }
        Ok(began.elapsed())
    }

    /// Swaps two components, one after the other, while something is measured; returns how often, too.
    fn swap_beside(
        &self,
        measure: impl FnOnce() -> anyhow::Result<Measured>,
    ) -> anyhow::Result<(Measured, usize)> {
        let is_over = AtomicBool::new(false);
        let before = self.swaps.load(Ordering::Relaxed);
        let swap = || {
            while !is_over.load(Ordering::Relaxed) {
                // Never the component that serves: the digest must differ.
                let number = self.swaps.fetch_add(1, Ordering::Relaxed);
                self.swap_to(number % 2)?;
            }
            anyhow::Ok(())
        };
        let measured = thread::scope(|scope| {
            let swapping = scope.spawn(swap);
            let over = Over(&is_over);
            let measured = measure();
            drop(over);
            let swapped = swapping.join();
            swapped.unwrap_or_else(|_| bail!("the swaps panicked"))?;
            measured
        })?;
        Ok((measured, self.swaps.load(Ordering::Relaxed) - before))
    }
}

/// Ends the swaps when it is dropped, so that a panic does, too.
struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn generation(caller: &mut Caller) -> anyhow::Result<u64> {
    let request = format!("GET /api/v1/plugins/{PLUGIN} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answer = caller.call(request.as_bytes())?;
    answer.must_succeed()?;
    let row: Value = serde_json::from_slice(answer.body)?;
    row["data"]["generation"]
        .as_u64()
        .context("the plugin has no generation")
}
