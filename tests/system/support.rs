//! What the tests share: a server within the test or beside it, a clock to set, and a client that speaks JSON.

mod client;
pub mod crowd;
mod disk;
pub mod door;
mod home;
pub mod issuer;
pub mod jwt;
mod log;
mod patience;
mod pretix;
pub mod process;
pub mod provider;
mod server;
mod shift;
mod slow_store;
pub mod ticketing;
mod watchdog;
pub mod wire;

pub use client::{Answer, Client, Request};
pub use crowd::Crowd;
pub use disk::Disk;
pub use door::Door;
pub use home::Home;
pub use issuer::Issuer;
pub use patience::until;
pub use pretix::Pretix;
pub use process::{Ended, Process};
pub use provider::Provider;
pub use server::{START, Server};
pub use shift::Shift;
pub use slow_store::SlowStore;

use std::path::PathBuf;

/// The root of the project.
pub fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The directory that cargo builds into.
pub fn target() -> PathBuf {
    // A test binary lies in target/<profile>/deps.
    let binary = std::env::current_exe().expect("a running test has a path");
    let target = binary.ancestors().nth(3);
    target
        .expect("a test binary lies three folders deep")
        .to_owned()
}

/// The components that `cargo xtask plugins` builds to be served.
pub fn plugins() -> PathBuf {
    built("plugins")
}

/// The components that misbehave on purpose.
pub fn test_guests() -> PathBuf {
    built("test-guests")
}

fn built(folder: &str) -> PathBuf {
    let directory = target().join(folder);
    assert!(
        directory.is_dir(),
        "run `cargo xtask plugins` first: {} is missing",
        directory.display()
    );
    directory
}
