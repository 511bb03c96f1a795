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
//! Build it as a `cdylib` for `wasm32-unknown-unknown`; such a strategy imports nothing. The SDK provides the
//! allocator: a plugin must not have a `#[global_allocator]` of its own.
//!
//! A ticketing backend is a struct of settings and three functions, over a small HTTP client:
//!
//! ```
//! use gatewit_sdk::*;
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Doodle {
//!     /// Where the interface begins, such as `https://doodle.example.org/api`.
//!     base_url: BaseUrl,
//!     /// The API token, as a reference: `secret://DOODLE_TOKEN`.
//!     token: Secret,
//! }
//!
//! #[derive(Deserialize)]
//! struct Kind {
//!     id: Id,
//!     title: String,
//! }
//!
//! impl Backend for Doodle {
//!     fn ticket_types(&mut self, http: &Http) -> Result<Vec<TicketType>, Fault> {
//!         let request = Request::get(format!("{}/kinds", self.base_url));
//!         let request = request.header("authorization", format!("Bearer {}", self.token));
//!         let kinds: Vec<Kind> = http.fetch(&request)?.json()?;
//!         let types = kinds.into_iter().map(|kind| TicketType {
//!             id: kind.id.0,
//!             name: kind.title,
//!             category: None,
//!             activities: Vec::new(),
//!             admits: true,
//!             days: Vec::new(),
//!             day_pass: false,
//!         });
//!         Ok(types.collect())
//!     }
//!
//!     fn tickets(&mut self, _: &Http, _: Option<&str>) -> Result<Page, Fault> {
//!         Ok(Page {
//!             tickets: Vec::new(),
//!             gone: Vec::new(),
//!             whole_orders: Vec::new(),
//!             total: None,
//!             next: Continuation::Done(None),
//!         })
//!     }
//!
//!     fn find(&mut self, _: &Http, _: &str) -> Result<Vec<Ticket>, Fault> {
//!         Ok(Vec::new())
//!     }
//! }
//!
//! gatewit_sdk::export_backend!(Doodle);
//!
//! use gatewit_sdk::testing::{Reply, Run};
//! let settings = r#"{"base_url": "https://doodle.example.org/api", "token": "secret://DOODLE_TOKEN"}"#;
//! let doodle = Reply::of(200, r#"[{"id": 1, "title": "VIP"}]"#);
//! let types = Run::<Doodle>::begin(settings, doodle).unwrap().ticket_types().unwrap();
//! assert_eq!((types[0].id.as_str(), types[0].name.as_str()), ("1", "VIP"));
//! ```

#![warn(missing_docs)]

pub mod addresses;
mod backend;
#[cfg(target_arch = "wasm32")]
mod memory;
mod options;
mod strategy;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

#[doc(hidden)]
pub mod bindings;

pub use backend::Backend;
pub use backend::cursor;
pub use backend::days::{day_pass_days, is_day_pass};
pub use backend::fault::check_whole;
pub use backend::http::{Answer, Http, Transport};
pub use backend::settings::{BaseUrl, Id, Secret, Slug};
pub use bindings::backend::exports::gatewit::plugin::ticketing_backend::{
    Continuation, Fault, Page, Ticket, TicketState, TicketType, Total,
};
pub use bindings::backend::gatewit::plugin::http::{Error as HttpError, Request, Response};
pub use gatewit_text::{identifier, scanned};
pub use jiff;
pub use options::units::{Hours, Minutes, TimeOfDay};
pub use strategy::Strategy;
pub use strategy::event::{Event, EventDay, Holder};
pub use strategy::window::{Moment, Window};
pub use strategy::zoned::Zoned;

/// Used by the expansion of the `export_…!` macros. Not for plugins to use.
#[doc(hidden)]
pub mod export {
    pub use crate::strategy::wire::{check_options, describe, windows};

    pub mod backend {
        pub use crate::backend::wire::{Kept, check_settings, describe};
    }
}
