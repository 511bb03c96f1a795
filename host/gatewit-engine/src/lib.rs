//! Loads plugins, keeps them within their limits, and implements the plugin ports.
//!
//! A plugin is a WebAssembly component. This crate runs those that export `gatewit:plugin/check-in-strategy`: each
//! call on a fresh instance, off the async workers, its answers kept. It knows no HTTP, no events and no tickets; what
//! it is asked and what it answers is [`gatewit_domain::ports::Strategies`].

mod asking;
mod bindings;
mod convert;
mod engine;
mod kept;
mod load;
mod room;
mod runtime;
mod settings;
mod slot;
mod strategy;
#[cfg(test)]
mod tests;
mod words;

pub use engine::{Engine, EngineError};
pub use settings::{EngineSettings, PluginLimits};
pub use slot::CallCounts;
