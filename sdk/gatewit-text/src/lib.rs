//! How references, codes and e-mail addresses that people write are compared: the same for the host and for plugins.
//!
//! Small enough for a plugin; it knows neither of the two.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod addresses;
pub mod identifier;
pub mod scanned;
