//! What a ticket, a scan and an admission are; the rules of the door; the ports to everything else.
//!
//! Pure: knows no HTTP, no WebAssembly, no database, and never reads the clock but through its port.

pub mod attendees;
pub mod calendar;
pub mod claims;
pub mod email;
pub mod event;
pub mod id;
pub mod identifier;
pub mod names;
pub mod plugin;
pub mod ports;
pub mod problem;
pub mod rules;
pub mod scan;
pub mod scanned;
pub mod scanner;
pub mod search;
pub mod service;
pub mod source;
pub mod tables;
pub mod ticket;
pub mod window;
