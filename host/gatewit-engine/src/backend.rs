//! Runs a backend: one instance for each run, within its limits, and with no access to the host but its granted HTTP.

mod limits;
mod output;
mod run_time;
mod state;

use std::sync::Arc;

use gatewit_domain::plugin::{CallError, PluginKind};
use tokio::time::timeout;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Store, StoreContextMut};

pub(crate) use crate::backend::limits::InstanceLimits;
pub(crate) use crate::backend::output::Output;
use crate::backend::state::BackendState;
use crate::bindings::backend::{
    Backend as Exports, BackendPre, Description, Fault, Guest, Page, Ticket, TicketType,
};
use crate::errors::{self, LinkError};
use crate::outbound::Outbound;
use crate::resource_limits::MemoryPeak;

/// After this many ticks of the runtime's clock, a guest yields, so that its deadline can be checked.
const TICKS_BETWEEN_LOOKS: u64 = 1;

/// A backend component that is ready to be instantiated.
pub(crate) struct Backend {
    component: BackendPre<BackendState>,
    pub memory_peak: MemoryPeak,
}

impl Backend {
    /// Prepares a component whose imports are allowed for backends.
    pub(crate) fn new(component: &Component) -> Result<Self, LinkError> {
        let unlinked = |err| LinkError::Imports(errors::whole(&err));
        let mut linker = Linker::new(component.engine());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(unlinked)?;
        Exports::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state).map_err(unlinked)?;
        let component = linker.instantiate_pre(component).map_err(unlinked)?;
        let component = BackendPre::new(component);
        let component = component.map_err(|err| LinkError::Exports(errors::whole(&err)))?;
        Ok(Self {
            component,
            memory_peak: MemoryPeak::default(),
        })
    }

    /// Creates a fresh instance, which writes to `output` and sends its requests through `outbound`; without it, it cannot
    /// send any.
    pub(crate) async fn instantiate(
        &self,
        limits: InstanceLimits,
        output: Output,
        outbound: Option<Arc<Outbound>>,
    ) -> Result<Instance, CallError> {
        let state = BackendState::new(limits, self.memory_peak.clone(), output, outbound);
        let mut store = Store::new(self.component.engine(), state);
        store.limiter(|state| &mut state.limits);
        store.set_hostcall_fuel(limits.guest.answer_bytes);
        store.set_max_component_handles(limits.guest.handles);
        store.set_epoch_deadline(TICKS_BETWEEN_LOOKS);
        store.epoch_deadline_callback(|mut store: StoreContextMut<'_, BackendState>| {
            Ok(store.data_mut().time.tick())
        });
        let instance = self.component.instantiate_async(&mut store);
        let exports = timeout(limits.time, instance).await;
        let exports = outcome(exports, &store, &limits)?;
        Ok(Instance {
            store,
            exports,
            limits,
        })
    }
}

/// An instance of a backend. It cannot be used again after a failure.
pub(crate) struct Instance {
    store: Store<BackendState>,
    exports: Exports,
    limits: InstanceLimits,
}

impl Instance {
    pub(crate) async fn describe(&mut self) -> Result<Description, CallError> {
        self.call(async |guest, store| guest.call_describe(store).await)
            .await
    }

    /// Asks whether settings are acceptable. The inner error is the plugin's objection.
    pub(crate) async fn check_settings(
        &mut self,
        settings: &str,
    ) -> Result<Result<(), String>, CallError> {
        self.call(async |guest, store| guest.call_check_settings(store, settings).await)
            .await
    }

    pub(crate) async fn ticket_types(
        &mut self,
        settings: &str,
    ) -> Result<Result<Vec<TicketType>, Fault>, CallError> {
        self.call(async |guest, store| guest.call_ticket_types(store, settings).await)
            .await
    }

    pub(crate) async fn tickets(
        &mut self,
        settings: &str,
        cursor: Option<&str>,
    ) -> Result<Result<Page, Fault>, CallError> {
        self.call(async |guest, store| guest.call_tickets(store, settings, cursor).await)
            .await
    }

    pub(crate) async fn find(
        &mut self,
        settings: &str,
        text: &str,
    ) -> Result<Result<Vec<Ticket>, Fault>, CallError> {
        self.call(async |guest, store| guest.call_find(store, settings, text).await)
            .await
    }

    async fn call<T>(
        &mut self,
        call: impl AsyncFnOnce(&Guest, &mut Store<BackendState>) -> wasmtime::Result<T>,
    ) -> Result<T, CallError> {
        let guest = self.exports.gatewit_plugin_ticketing_backend();
        self.store.data_mut().time.begin_call();
        // Without this, every call would begin with the ticks that passed since the last one ended.
        self.store.set_epoch_deadline(TICKS_BETWEEN_LOOKS);
        let answer = timeout(self.limits.time, call(guest, &mut self.store)).await;
        outcome(answer, &self.store, &self.limits)
    }
}

fn outcome<T, E>(
    answer: Result<wasmtime::Result<T>, E>,
    store: &Store<BackendState>,
    limits: &InstanceLimits,
) -> Result<T, CallError> {
    let (state, limit) = (store.data(), limits.time);
    Err(match answer {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(_)) if state.time.is_spent() => CallError::OutOfCpuTime {
            limit: limits.cpu_time,
        },
        Ok(Err(err)) => errors::call_error(&state.limits, &err),
        Err(_) if state.time.has_mostly_waited(limit) => CallError::WaitedTooLong { limit },
        Err(_) => CallError::TimedOut {
            kind: PluginKind::Backend,
            limit,
        },
    })
}
