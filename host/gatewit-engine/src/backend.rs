//! Runs a backend: one instance for each run, within its limits, with nothing of the host's but the HTTP it is granted.

mod quarters;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::time::timeout;
use wasmtime::Store;
use wasmtime::component::{Component, HasSelf, Linker};

use crate::backend::quarters::Quarters;
use crate::bindings::backend::{
    Backend as Exports, BackendPre, Description, Fault, Guest, Page, Ticket, TicketType,
};
use crate::failure;
use crate::outbound::Outbound;

/// The most that a guest may hand over at once, in bytes: a page of tickets, or a request.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// Handles that a guest may hold on resources of its own.
const HANDLES_MAX: usize = 10_000;
/// Ticks of the runtime's clock after which a guest lets its deadline be looked at.
const TICKS_BETWEEN_LOOKS: u64 = 1;

/// A component that is a backend, ready to be instantiated.
///
/// All its errors are one-line reasons of the form "it ran longer than 60 s".
pub(crate) struct Backend {
    component: BackendPre<Quarters>,
}

/// What an instance may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    pub memory_bytes: usize,
    /// How long one call may take, what it waits for included.
    pub time: Duration,
    /// Requests it may send in its life.
    pub requests: u32,
}

impl Backend {
    /// Gets a component ready that imports nothing but what backends may.
    pub(crate) fn new(component: &Component) -> Result<Self, String> {
        let unlinked = |err| format!("it cannot be linked: {}", failure::whole(&err));
        let mut linker = Linker::new(component.engine());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(unlinked)?;
        Exports::add_to_linker::<_, HasSelf<_>>(&mut linker, |quarters| quarters)
            .map_err(unlinked)?;
        let component = linker.instantiate_pre(component).map_err(unlinked)?;
        let component = BackendPre::new(component).map_err(|err| failure::whole(&err))?;
        Ok(Self { component })
    }

    /// What the plugin says of itself. Blocks.
    pub(crate) fn describe(&self, allowance: Allowance) -> Result<Description, String> {
        let describe = async || {
            let mut instance = self.instantiate(allowance, None).await?;
            instance.describe().await
        };
        // On a thread of its own, because no runtime can be started on one that serves another.
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let mut runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = runtime.enable_all().build();
                let runtime = runtime.map_err(|err| format!("no runtime can be had: {err}"))?;
                runtime.block_on(describe())
            });
            let outcome = thread.join();
            outcome.unwrap_or_else(|_| Err("its call was cut off".to_owned()))
        })
    }

    /// Makes a fresh instance, which sends its requests this way, if it may send any.
    pub(crate) async fn instantiate(
        &self,
        allowance: Allowance,
        outbound: Option<Arc<Outbound>>,
    ) -> Result<Instance, String> {
        let quarters = Quarters::new(allowance.memory_bytes, allowance.requests, outbound);
        let mut store = Store::new(self.component.engine(), quarters);
        store.limiter(|quarters| &mut quarters.room);
        store.set_hostcall_fuel(ANSWER_BYTES_MAX);
        store.set_max_component_handles(HANDLES_MAX);
        store.set_epoch_deadline(TICKS_BETWEEN_LOOKS);
        store.epoch_deadline_async_yield_and_update(TICKS_BETWEEN_LOOKS);
        let instance = self.component.instantiate_async(&mut store);
        let exports = timeout(allowance.time, instance).await;
        let exports = outcome(exports, &store, allowance.time)?;
        Ok(Instance {
            store,
            exports,
            time: allowance.time,
        })
    }
}

/// An instance of a backend. One that failed is of no more use.
pub(crate) struct Instance {
    store: Store<Quarters>,
    exports: Exports,
    time: Duration,
}

impl Instance {
    pub(crate) async fn describe(&mut self) -> Result<Description, String> {
        self.call(async |guest, store| guest.call_describe(store).await)
            .await
    }

    /// Asks whether settings are acceptable; the inner error is the objection.
    pub(crate) async fn check_settings(
        &mut self,
        settings: &str,
    ) -> Result<Result<(), String>, String> {
        self.call(async |guest, store| guest.call_check_settings(store, settings).await)
            .await
    }

    pub(crate) async fn ticket_types(
        &mut self,
        settings: &str,
    ) -> Result<Result<Vec<TicketType>, Fault>, String> {
        self.call(async |guest, store| guest.call_ticket_types(store, settings).await)
            .await
    }

    pub(crate) async fn tickets(
        &mut self,
        settings: &str,
        cursor: Option<&str>,
    ) -> Result<Result<Page, Fault>, String> {
        self.call(async |guest, store| guest.call_tickets(store, settings, cursor).await)
            .await
    }

    pub(crate) async fn find(
        &mut self,
        settings: &str,
        text: &str,
    ) -> Result<Result<Vec<Ticket>, Fault>, String> {
        self.call(async |guest, store| guest.call_find(store, settings, text).await)
            .await
    }

    async fn call<T>(
        &mut self,
        call: impl AsyncFnOnce(&Guest, &mut Store<Quarters>) -> wasmtime::Result<T>,
    ) -> Result<T, String> {
        let guest = self.exports.gatewit_plugin_ticketing_backend();
        let answer = timeout(self.time, call(guest, &mut self.store)).await;
        outcome(answer, &self.store, self.time)
    }
}

fn outcome<T, E>(
    answer: Result<wasmtime::Result<T>, E>,
    store: &Store<Quarters>,
    time: Duration,
) -> Result<T, String> {
    match answer {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(err)) => Err(failure::reason(&store.data().room, &err)),
        Err(_) => Err(format!("it ran longer than {} s", time.as_secs_f64())),
    }
}
