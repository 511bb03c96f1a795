//! Answers as Tito's Admin API v3 does: releases and tickets of one event, in versions 3.0 and 3.1.
//!
//! It is written from Tito's documentation, since tests must not call the real service. [`Switches`] select
//! undocumented behaviour and failures. It has no check-ins and no webhooks.

mod api;
mod conference;
mod list;
mod switches;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use conference::{Conference, Release, Ticket, TicketState};
pub use switches::{Switches, Trouble, Version};

/// A simulator that serves until it is dropped.
pub struct Simulator {
    address: SocketAddr,
    tito: Arc<Mutex<Tito>>,
    serving: JoinHandle<io::Result<()>>,
}

/// The simulator's state.
pub(crate) struct Tito {
    pub conference: Conference,
    pub switches: Switches,
    /// The number of requests so far.
    pub requests: u64,
}

impl Simulator {
    /// Listens; port 0 picks one.
    pub async fn start(
        listen: SocketAddr,
        conference: Conference,
        switches: Switches,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let tito = Arc::new(Mutex::new(Tito {
            conference,
            switches,
            requests: 0,
        }));
        let app = api::router(Arc::clone(&tito));
        let serving = tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self {
            address,
            tito,
            serving,
        })
    }

    /// The value for `TITO_BASE_URL`: `http://127.0.0.1:PORT/v3`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v3", self.address)
    }

    /// Changes the switches from now on.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut lock(&self.tito).switches);
    }

    /// Sells, changes or voids tickets.
    pub fn change(&self, change: impl FnOnce(&mut Conference)) {
        change(&mut lock(&self.tito).conference);
    }

    /// The number of requests so far.
    pub fn requests(&self) -> u64 {
        lock(&self.tito).requests
    }

    /// Serves until the process ends.
    pub async fn serve(mut self) -> anyhow::Result<()> {
        Ok((&mut self.serving).await??)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(crate) fn lock(tito: &Mutex<Tito>) -> MutexGuard<'_, Tito> {
    tito.lock().unwrap_or_else(PoisonError::into_inner)
}
