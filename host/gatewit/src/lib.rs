//! The check-in server: HTTP, authentication, configuration and the command line, wired to the desk.

pub mod archive;
pub mod cli;
pub mod clock;
pub mod config;
mod declared;
pub mod directories;
pub mod http;
pub mod log;
pub mod metrics;
pub mod oidc;
pub mod open_files;
pub mod serve;
pub mod signer;
pub mod sources;
