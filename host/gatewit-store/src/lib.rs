//! The [`Store`](gatewit_domain::ports::Store) port: over sled for serving, in memory for tests.
//!
//! Knows keys and bytes. What they mean is in `gatewit-domain`'s tables.
//! What every store must do is stated once, in `laws`, and run over each of them.

#[cfg(test)]
mod laws;
mod memory_store;
mod sled_store;
mod stage;

pub use memory_store::MemoryStore;
pub use sled_store::{Distribution, OpenError, Restore, SledStore, StoreMeasures, StoreMeter};
