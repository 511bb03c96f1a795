//! The host's state of a backend's instance: its limits, HTTP within its grants, and a WASI without access to anything.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::backend::limits::InstanceLimits;
use crate::backend::output::Output;
use crate::backend::run_time::RunTime;
use crate::bindings::backend::http::{self, Error, Request, Response};
use crate::bindings::backend::types;
use crate::outbound::{NotGranted, Outbound, OutboundError};
use crate::resource_limits::{MemoryPeak, ResourceLimits};

/// The most resources of the host that a guest may hold at once: streams, clocks, errors.
const RESOURCES_MAX: usize = 1_000;
/// The most random bytes of one call.
const RANDOM_BYTES_MAX: u64 = 64 << 10;

/// The state in a backend's wasmtime store.
pub(crate) struct BackendState {
    pub limits: ResourceLimits,
    pub time: RunTime,
    outbound: Option<Arc<Outbound>>,
    requests: u32,
    requests_left: u32,
    wasi: WasiCtx,
    resources: ResourceTable,
}

impl BackendState {
    pub(crate) fn new(
        limits: InstanceLimits,
        memory_peak: MemoryPeak,
        output: Output,
        outbound: Option<Arc<Outbound>>,
    ) -> Self {
        let mut resources = ResourceTable::new();
        resources.set_max_capacity(RESOURCES_MAX);
        // No files, environment or arguments unless they are added.
        let mut wasi = WasiCtx::builder();
        wasi.stdout(output.clone());
        wasi.stderr(output);
        wasi.allow_tcp(false);
        wasi.allow_udp(false);
        wasi.allow_ip_name_lookup(false);
        wasi.max_random_size(RANDOM_BYTES_MAX);
        Self {
            limits: ResourceLimits::new(limits.guest, memory_peak),
            time: RunTime::new(limits.cpu_time),
            outbound,
            requests: limits.requests,
            requests_left: limits.requests,
            wasi: wasi.build(),
            resources,
        }
    }

    /// Counts a request, and returns what sends it.
    fn next_request(&mut self) -> Result<Arc<Outbound>, NotGranted> {
        let outbound = self.outbound.clone().ok_or(NotGranted::Disconnected)?;
        let requests_left = self.requests_left.checked_sub(1);
        self.requests_left = requests_left.ok_or(NotGranted::TooManyRequests(self.requests))?;
        Ok(outbound)
    }
}

impl http::Host for BackendState {
    async fn send(&mut self, request: Request) -> Result<Response, Error> {
        let outbound = self.next_request().map_err(OutboundError::from)?;
        self.time.begin_request();
        let answer = outbound.send(request).await;
        self.time.end_request();
        Ok(answer?)
    }
}

impl types::Host for BackendState {}

impl WasiView for BackendState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.resources,
        }
    }
}
