//! The check-in server: HTTP, authentication, configuration and the command line. Wires desk, store and engine.

#![forbid(unsafe_code)]

mod admin;
mod apply;
mod archive;
mod check_config;
pub mod cli;
pub mod clock;
pub mod config;
mod declared;
mod directories;
pub mod http;
mod log;
mod metrics;
pub mod oidc;
mod open_files;
mod plan;
mod reload;
mod serve;
pub mod signer;
pub mod sources;
mod watched;
