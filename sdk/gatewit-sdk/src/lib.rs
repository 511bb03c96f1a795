//! For authors of Gatewit plugins in Rust. It hides the component model: there is no WIT and no binding to write.
//!
//! A check-in strategy is a struct of options and one function:
//!
//! ```
//! use gatewit_sdk::{Event, Holder, Minutes, Strategy, Window};
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(rename_all = "camelCase", deny_unknown_fields)]
//! struct DoorsEarly {
//!     /// How many minutes before a day starts its doors open.
//!     open_minutes: Minutes,
//! }
//!
//! impl Strategy for DoorsEarly {
//!     fn windows(&self, event: &Event, _: &Holder) -> Result<Vec<Window>, String> {
//!         Ok(event.days.iter().map(|day| day.window(day.starts.before(self.open_minutes), day.ends)).collect())
//!     }
//! }
//!
//! gatewit_sdk::export_strategy!(DoorsEarly);
//!
//! // How the plugin's own tests ask it, natively, through the same path as the host does:
//! use gatewit_sdk::testing;
//! let event = testing::event("Europe/Berlin", &[("2025-12-15T09:00", "2025-12-15T18:00")]);
//! assert_eq!(
//!     testing::windows::<DoorsEarly>(r#"{"openMinutes": 45}"#, &event, &testing::holder("vip", &[])),
//!     Ok(vec!["Day 1: 2025-12-15T08:15:00+01:00 to 2025-12-15T18:00:00+01:00".to_owned()]),
//! );
//! ```
//!
//! The plugin's version, its summary and the JSON Schema of its options come from its `Cargo.toml` and from the struct.
//! Build it as a `cdylib` for `wasm32-unknown-unknown`; a strategy made so imports nothing at all.

mod options;
mod strategy;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

#[doc(hidden)]
pub mod bindings;

pub use jiff;
pub use options::units::{Hours, Minutes, TimeOfDay};
pub use strategy::Strategy;
pub use strategy::event::{Event, EventDay, Holder, Zoned};
pub use strategy::window::{Moment, Window};

/// What `export_strategy!` expands to calls of. Not for plugins to use.
#[doc(hidden)]
pub mod export {
    pub use crate::strategy::wire::{check_options, describe, windows};
}
