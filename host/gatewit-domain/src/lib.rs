//! Tickets, scans and admissions; the rules of the door; the ports to everything else.
//!
//! Pure: uses no HTTP, no WebAssembly and no database, and reads the clock only through its port.

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
pub mod source;
pub mod ticket;
pub mod window;
