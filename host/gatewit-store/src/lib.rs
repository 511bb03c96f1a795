//! The [`Store`](gatewit_domain::ports::Store) port: over sled for serving, in memory for tests.
//!
//! Knows keys and bytes; the tables of `gatewit-desk` give them meaning. `laws` states what every store must do, and
//! the tests run it over both. [`DurableFile`] writes single files, such as keys and exports, so that a crash leaves
//! them whole.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod buffers;
mod derive;
mod directory;
mod disk;
mod durable_file;
mod fold;
mod group;
#[cfg(test)]
mod laws;
mod layout;
mod memory_store;
mod piece;
mod restore;
mod section;
mod sled_store;
mod table;
mod unsorted;
mod value;

pub use directory::OpenError;
pub use durable_file::DurableFile;
pub use memory_store::MemoryStore;
pub use restore::Restore;
pub use sled_store::{SledStore, StoreMeter};
