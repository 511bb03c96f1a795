//! A directory in which a server runs, and runs again over what it has stored.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::child::Child;
use crate::client::Caller;

/// How long a server may take to be ready, and how often to check.
const READY_MAX: Duration = Duration::from_secs(600);
const LOOK_EVERY: Duration = Duration::from_millis(5);
const READY: &[u8] = b"GET /healthcheck/ready HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Where a server keeps its configuration and its data, and which plugins it loads.
pub struct Site {
    pub home: PathBuf,
    plugins: PathBuf,
}

impl Site {
    /// Makes the directory, and has a server compile the plugins there: the memory for that is not to be measured.
    pub fn make(home: PathBuf, plugins: &Path) -> anyhow::Result<Self> {
        fs::create_dir(&home).with_context(|| format!("cannot make {}", home.display()))?;
        let plugins = plugins.to_owned();
        let site = Self { home, plugins };
        site.start()?;
        Ok(site)
    }

    /// Starts the server; returns how long it takes from the start of its process until it is ready.
    pub fn start(&self) -> anyhow::Result<(Child, Duration)> {
        let began = Instant::now();
        let server = Child::serve(&self.home, &self.plugins)?;
        wait_until_ready(server.address)?;
        Ok((server, began.elapsed()))
    }
}

fn wait_until_ready(server: SocketAddr) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut caller = Caller::open(server)?;
    while caller.call(READY)?.status != 200 {
        ensure!(began.elapsed() < READY_MAX, "the server does not get ready");
        thread::sleep(LOOK_EVERY);
    }
    Ok(())
}
