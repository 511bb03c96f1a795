//! Gatewit as its users see it: over HTTP, on the command line, through a crash.

mod support;

mod bad_input;
mod bench;
mod check_ins;
mod configuration;
mod crash_snapshot;
mod drain;
mod durable;
mod events;
mod export;
mod forgeries;
mod full_disk;
mod identity;
mod logs;
mod metrics;
mod openapi;
mod plugins;
mod pretix;
mod properties;
mod repeats;
mod restart;
mod scanner_lists;
mod scanners;
mod scanning;
mod search;
mod startup;
mod throttle;
mod tickets;
mod tidy;
mod tito;
mod undo;
mod walkthrough;
mod windows;
