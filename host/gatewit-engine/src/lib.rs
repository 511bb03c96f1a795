//! Loads plugins, keeps them within their limits, and implements the plugin ports.
//!
//! A plugin is a WebAssembly component. Components that export `gatewit:plugin/check-in-strategy` compute windows: each
//! call runs on a fresh instance, off the async workers, and its answer is cached. Components that export
//! `gatewit:plugin/ticketing-backend` read ticketing systems: each run has an instance of its own, and all its requests
//! go through `outbound.rs`. The engine knows no events and keeps no tickets. Its interface is
//! [`gatewit_domain::ports::Strategies`] and [`gatewit_domain::ports::TicketSource`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod backend;
mod bindings;
mod budget;
mod compiling;
mod convert;
mod digest;
mod engine;
mod errors;
mod foreman;
mod inspection;
mod library;
mod load;
mod orders;
mod outbound;
mod private_directory;
mod registry;
mod resource_limits;
mod runtime;
mod sanitize;
mod settings;
mod slot;
mod source;
mod strategy;
mod strategy_calls;
#[cfg(test)]
mod tests;
mod window_cache;

pub use budget::ErrorBudget;
pub use compiling::{CPU_SECONDS_MAX, Compiler, compile_stdin};
pub use digest::digest_of;
pub use engine::{Engine, EngineError};
pub use inspection::{Inspection, Serving};
pub use library::NothingKept;
pub use load::plugin_name;
pub use outbound::{Grant, Origin, OriginError, Reach, Secret};
pub use resource_limits::GuestLimits;
pub use settings::{EngineSettings, PluginLimits, PluginPolicy, SourceLimits, SourceSettings};
pub use slot::PluginCosts;
pub use source::Source;
