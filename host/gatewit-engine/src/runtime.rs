//! The WebAssembly runtime: how it is set up, its clock, its cache of compiled code.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use wasmtime::{
    Cache, CacheConfig, Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig,
};

use crate::private_directory;

/// How often deadlines are checked.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// The most strategies that may run at once, of all plugins together. Each plugin runs one at a time.
const STRATEGIES_MAX: u32 = 64;
/// The most instances of backends that may exist at once, of all sources together. They do not count as strategies.
pub(crate) const BACKENDS_MAX: u32 = 64;
const GUESTS_MAX: u32 = STRATEGIES_MAX + BACKENDS_MAX;
/// The most memories, and the most tables, of one core module.
const PARTS_PER_MODULE_MAX: u32 = 8;
/// The stack of a guest: well below the stack of a blocking thread.
const STACK_BYTES_MAX: usize = 512 << 10;
/// How much of an instance's memory, and of its tables, is zeroed instead of unmapped. Most instances touch no more.
const WIPED_BYTES: usize = 256 << 10;

/// Compiles and runs components, and interrupts those that run too long.
pub(crate) struct Runtime {
    engine: wasmtime::Engine,
    cache: Cache,
}

impl Runtime {
    /// Starts the runtime and the thread that advances its clock. The thread ends soon after the last component is
    /// dropped.
    pub(crate) fn start(cache: &Path) -> Result<Self, wasmtime::Error> {
        private_directory::create(cache)?;
        let (mut config, cache) = config(cache)?;
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
        let engine = wasmtime::Engine::new(&config)?;
        count_time(&engine)?;
        Ok(Self { engine, cache })
    }

    pub(crate) fn engine(&self) -> &wasmtime::Engine {
        &self.engine
    }

    /// How many components were in the cache already.
    pub(crate) fn found_compiled(&self) -> usize {
        self.cache.cache_hits()
    }
}

/// Returns what decides how code is compiled, with the cache that it is kept in. Instances are not allocated from a pool yet,
/// which takes a terabyte of addresses.
pub(crate) fn config(cache: &Path) -> Result<(Config, Cache), wasmtime::Error> {
    let mut cache_config = CacheConfig::new();
    cache_config.with_directory(fs::canonicalize(cache)?);
    let cache = Cache::new(cache_config)?;
    let mut config = Config::new();
    config.cache(Some(cache.clone()));
    config.epoch_interruption(true);
    config.max_wasm_stack(STACK_BYTES_MAX);
    // No guest runs several calls at once. With this on, a call costs twice as much.
    config.concurrency_support(false);
    // The same question must get the same answer on every machine.
    config.cranelift_nan_canonicalization(true);
    config.relaxed_simd_deterministic(true);
    // The reason of a trap must fit into one line.
    config.wasm_backtrace_max_frames(None);
    Ok((config, cache))
}

/// Sizes the pool generously, so that components of any language fit. `ResourceLimits` holds a guest's own limits.
fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(GUESTS_MAX);
    pool.total_core_instances(16 * GUESTS_MAX);
    pool.total_memories(2 * GUESTS_MAX);
    pool.total_tables(8 * GUESTS_MAX);
    pool.total_stacks(BACKENDS_MAX);
    pool.max_memories_per_module(PARTS_PER_MODULE_MAX);
    pool.max_tables_per_module(PARTS_PER_MODULE_MAX);
    pool.max_unused_warm_slots(GUESTS_MAX);
    pool.linear_memory_keep_resident(WIPED_BYTES);
    pool.table_keep_resident(WIPED_BYTES);
    // If the kernel can list the written pages, only those are zeroed. That halves the cost of a call.
    pool.pagemap_scan(Enabled::Auto);
    pool
}

fn count_time(engine: &wasmtime::Engine) -> io::Result<()> {
    let engine = engine.weak();
    let thread = thread::Builder::new().name("plugin-deadlines".to_owned());
    thread.spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    })?;
    Ok(())
}
