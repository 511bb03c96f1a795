//! The management API and the health checks: `gatewit-api.md` §3, §4, §6, §10–§12.

pub mod check_ins;
pub mod events;
pub mod health;
pub mod plugins;
pub mod registration_tokens;
pub mod replay;
pub mod scanners;
pub mod tickets;
