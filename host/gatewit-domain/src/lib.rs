//! Events, tickets, scanners, sources and scans; what a decision needs of them; the ports to everything else.
//!
//! Stands on `gatewit-decision`; desk, store and engine stand on it. Pure: uses no HTTP, no WebAssembly and no database, and reads the clock only through its port.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod attendees;
pub mod calendar;
pub mod claims;
pub mod digest;
pub mod email;
pub mod event;
pub mod facts;
pub mod id;
pub mod identifier;
pub mod instant;
pub mod names;
pub mod plugin;
pub mod ports;
pub mod problem;
pub mod record;
pub mod scan;
pub mod scanned;
pub mod scanner;
pub mod search;
pub mod source;
pub mod text;
pub mod ticket;
pub mod window;
