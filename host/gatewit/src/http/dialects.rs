//! The contracts that clients speak. Each module parses one contract's requests and prints its answers; what is decided
//! is the same for all. A scanner app or a door service that speaks another contract gets a module here.

pub mod attendee_validation;
pub mod event_check_in;
